"""What is removed of sandboxes without an owner, and what is left for somebody to adopt."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness.sandbox import image, ownership
from harness.sandbox.engine import Engine
from harness.sandbox.ownership import Folder, owner_labels
from harness.sandbox.sweeping import sweep
from tests.support.sandboxes import Leftovers

pytestmark = pytest.mark.container
LONG_AGO = {ownership.CREATED: "0"}


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = await Engine.open()
    yield engine
    await engine.aclose()


@pytest.fixture
def root(leftovers: Leftovers) -> Path:
    del leftovers
    return ownership.runtime_root()


async def made(engine: Engine, folder: Folder, **changes: str) -> None:
    """A container that was never started, so that no lease of its own ends it."""
    labels = owner_labels(folder.path.parent, folder.id, lease=60) | changes
    name = (await engine.run(image.lookup)).name
    await engine.create(f"harness-{folder.id}", {"Image": name, "Labels": labels})


def left_behind(root: Path) -> Folder:
    """As an owner leaves it that is killed."""
    folder = Folder.create(root)
    folder.ours = False
    return folder


async def test_what_is_older_than_its_lease_and_was_renewed_since_is_left_for_who_adopts_it(
    leftovers: Leftovers, engine: Engine, root: Path
) -> None:
    with left_behind(root) as folder:
        await made(engine, folder, **LONG_AGO)
        folder.renewed(60)
    await sweep(engine, root)
    assert len(leftovers.containers()) == 1
    assert leftovers.folders() == [folder.id]


async def test_what_was_not_renewed_for_a_lease_goes_with_its_folder(
    leftovers: Leftovers, engine: Engine, root: Path
) -> None:
    with left_behind(root) as folder:
        await made(engine, folder)
        folder.renewed(-1)
    await sweep(engine, root)
    assert leftovers.nothing()


async def test_what_has_an_owner_is_never_swept_however_long_it_was_not_renewed(
    leftovers: Leftovers, engine: Engine, root: Path
) -> None:
    with Folder.create(root) as folder:
        await made(engine, folder, **LONG_AGO)
        folder.renewed(-1)
        await sweep(engine, root)
        assert len(leftovers.containers()) == 1
        assert leftovers.folders() == [folder.id]


async def test_without_a_folder_the_labels_tell(leftovers: Leftovers, engine: Engine, root: Path) -> None:
    for changes in ({}, LONG_AGO, {ownership.BOOT: "another"}, {ownership.CREATED: "soon"}):
        with Folder.create(root) as folder:
            await made(engine, folder, **changes)
    await sweep(engine, root)
    assert len(leftovers.containers()) == 1


async def test_a_folder_whose_container_is_gone_goes_at_once_and_one_that_is_just_made_stays(
    leftovers: Leftovers, engine: Engine, root: Path
) -> None:
    with left_behind(root) as folder:
        folder.renewed(60)
    with Folder.create(root) as young:
        await sweep(engine, root)
        assert leftovers.folders() == [young.id]


async def test_what_belongs_to_another_runtime_directory_is_left_alone(
    leftovers: Leftovers, engine: Engine, root: Path, tmp_path: Path
) -> None:
    with Folder.create(root) as folder:
        await made(engine, folder, **LONG_AGO)
    await sweep(engine, tmp_path)
    assert len(leftovers.containers()) == 1
    await sweep(engine, root)
    assert leftovers.nothing()
