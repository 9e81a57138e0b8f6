"""Files of a size and number that tell, in a container."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness import sandbox
from harness.errors import FileFailed
from harness.sandbox.desktop import Desktop

pytestmark = pytest.mark.container
MIB = 1 << 20
TMP = "/tmp"  # noqa: S108 - the guest's own
PEAKS = r"""
for id in $(pgrep -f 'sandbox_image.(server|worker)'); do awk '/VmHWM/ { print $2 }' /proc/$id/status; done
"""


@pytest.fixture
async def desktop() -> AsyncIterator[Desktop]:
    async with sandbox(memory="1g", home="256m", tmp="16m") as desktop:
        yield desktop


async def peaks(desktop: Desktop) -> list[int]:
    """The most memory that server and worker had so far, in bytes."""
    return [1024 * int(peak) for peak in (await desktop.bash(PEAKS)).output.split()]


async def there_and_back(desktop: Desktop, source: Path, target: Path) -> None:
    await desktop.put(source, "there")
    await desktop.get("there", target)
    await desktop.bash("rm -r there")


async def test_large_files_and_many_files_take_no_more_memory(desktop: Desktop, tmp_path: Path) -> None:
    many = tmp_path / "many"
    for number in range(5000):
        (many / str(number % 50)).mkdir(parents=True, exist_ok=True)
        (many / str(number % 50) / f"file{number}").write_bytes(b"x" * 100)
    with (tmp_path / "large").open("wb") as file:
        for _ in range(160):
            file.write(os.urandom(MIB))
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "file").write_bytes(bytes(4 * MIB))

    await there_and_back(desktop, tmp_path / "small", tmp_path / "back")
    before = await peaks(desktop)
    await there_and_back(desktop, many, tmp_path / "back-many")
    await there_and_back(desktop, tmp_path / "large", tmp_path / "back-large")
    after = await peaks(desktop)
    assert (len(before), len(after)) == (2, 2)
    assert all(now < then + 16 * MIB for then, now in zip(before, after, strict=True))
    assert (tmp_path / "large").read_bytes() == (tmp_path / "back-large").read_bytes()
    assert len(list((tmp_path / "back-many").rglob("file*"))) == 5000


async def test_a_full_file_system_is_told_and_nothing_is_left_half(desktop: Desktop, tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / str(number)).write_bytes(os.urandom(4 * MIB))
    await desktop.put(b"old", f"{TMP}/there/0")
    for source, path in (
        (bytes(24 * MIB), f"{TMP}/new/file"),
        (tmp_path, f"{TMP}/new/tree"),
        (tmp_path, f"{TMP}/there"),
    ):
        with pytest.raises(FileFailed, match="No space left on device; remove files"):
            await desktop.put(source, f"{TMP}/{path}")
    left = await desktop.bash("cd /tmp; ls -A there; ls -d new .*.part there/.*.part 2>/dev/null")
    assert left.output == "0\n"
    assert await desktop.read(f"{TMP}/there/0") == b"old"
    await desktop.put(tmp_path / "0", f"{TMP}/there/0")


async def test_what_may_not_be_written_is_told(desktop: Desktop, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for source in (b"x", tmp_path):
        with pytest.raises(FileFailed, match="Read-only file system; home"):
            await desktop.put(source, "/usr/share/new/x")


async def test_a_folder_of_a_hundred_thousand_is_listed(desktop: Desktop) -> None:
    await desktop.bash("mkdir lots; cd lots; seq -w 100000 | xargs touch")
    names: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await desktop.ls("lots", after=after, limit=5000)
        names += [entry.name for entry in page.entries]
        after = page.after
    assert names == [f"{number:06}" for number in range(1, 100_001)]
