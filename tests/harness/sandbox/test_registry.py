"""Finding sandboxes of other processes."""

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.sandbox.ownership import Folder
from harness.sandbox.registry import Record, pick, records
from sandbox_image.wire import Size


def record(sandbox: str, *, kept: bool = True, created: float = 0) -> Record:
    return Record(
        id=sandbox,
        container=f"harness-{sandbox}",
        image="image",
        screen=Size(width=640, height=480),
        socket=Path("/nowhere"),
        pid=1,
        kept=kept,
        created=created,
    )


ONE, TWO, SCRIPT = record("aaaa11111111"), record("aabb22222222"), record("cccc33333333", kept=False)


def test_sandboxes_with_a_living_owner_are_listed_oldest_first(tmp_path: Path) -> None:
    with Folder.create(tmp_path) as young, Folder.create(tmp_path) as old, Folder.create(tmp_path) as starting:
        record(young.id, created=2).write(young.path)
        record(old.id, created=1).write(old.path)
        assert [one.id for one in records(tmp_path)] == [old.id, young.id]
        assert (old.path / "state.json").stat().st_mode & 0o777 == 0o600
        (starting.path / "state.json").write_text('{"id": "of another version"}')
        assert len(records(tmp_path)) == 2
    (tmp_path / "0123456789ab").mkdir()
    record("0123456789ab").write(tmp_path / "0123456789ab")
    assert records(tmp_path) == []


@pytest.mark.parametrize("wanted", ["aaaa11111111", "aaa"])
def test_an_id_may_be_shortened(wanted: str) -> None:
    assert pick([ONE, TWO], wanted) == ONE


def test_without_an_id_the_only_one_in_the_background_is_meant_else_the_only_one() -> None:
    assert pick([ONE, SCRIPT], None) == ONE
    assert pick([SCRIPT], None) == SCRIPT


@pytest.mark.parametrize(
    ("candidates", "wanted", "told"),
    [
        ([], None, "harness desktop start"),
        ([ONE, TWO], None, "name one: aaaa11111111, aabb22222222"),
        ([ONE, TWO, SCRIPT], "aa", "'aa' means several desktops, name one: aaaa11111111, aabb22222222"),
        ([ONE], "b", "no desktop 'b' is running; there is aaaa11111111"),
    ],
)
def test_what_is_not_exactly_one_is_refused_with_those_there_are(
    candidates: list[Record], wanted: str | None, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        pick(candidates, wanted)
