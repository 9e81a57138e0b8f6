"""Which desktop is meant."""

from pathlib import Path

import pytest

from harness.cli.targets import read_as, split
from harness.errors import UsageError
from harness.sandbox.registry import Record
from harness.sandbox.spec import parse_bytes
from sandbox_image.wire import Size


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        (["cd", "x"], ["cd", "x"]),
        (["cd01", "cd", "x"], ["cd", "x"]),
        (["cd0123456789", "--", "ls"], ["ls"]),
        ([""], [""]),
        ([], []),
    ],
)
def test_a_command_is_not_taken_for_the_beginning_of_an_id(words: list[str], rest: list[str]) -> None:
    only = Record(
        id="cd0123456789",
        container="harness-cd0123456789",
        image="image",
        screen=Size(width=640, height=480),
        socket=Path("/nowhere"),
        pid=1,
        kept=True,
        created=0,
    )
    assert split([only], words) == (only, rest)


def test_what_is_no_value_is_told_with_what_was_written() -> None:
    assert read_as(parse_bytes, "2g") == 2 << 30
    with pytest.raises(UsageError, match="found 'much'"):
        read_as(parse_bytes, "much")
