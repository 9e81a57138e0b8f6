"""Files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from harness.errors import ActionFailed, FileFailed
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import ErrorCode
from tests.support.conformance.checks import HOME, check


@check
async def files_go_in_and_come_out_byte_by_byte(desktop: Desktop) -> None:
    content = bytes(range(256)) * 5000
    await desktop.put(content, "deep/er/with space ü.bin")
    assert await desktop.read(f"{HOME}/deep/er/with space ü.bin") == content
    with tempfile.TemporaryDirectory() as folder:
        file, tree = Path(folder) / "sub" / "file", Path(folder) / "tree"
        await desktop.get("deep/er/with space ü.bin", file)
        await desktop.get("deep", tree)
        assert file.read_bytes() == content
        assert (tree / "er" / "with space ü.bin").read_bytes() == content


@check
async def empty_files_are_files(desktop: Desktop) -> None:
    await desktop.put(b"", "empty")
    assert await desktop.read("empty") == b""


@check
async def what_the_file_system_refuses_is_a_failed_file(desktop: Desktop) -> None:
    await desktop.put(b"x", "refusals/file")
    for attempt, code in (
        (desktop.read("refusals/none"), ErrorCode.NOT_FOUND),
        (desktop.read("refusals"), ErrorCode.FILE_ERROR),
        (desktop.put(b"x", "refusals"), ErrorCode.FILE_ERROR),
    ):
        with pytest.raises(FileFailed) as caught:
            await attempt
        assert caught.value.code is code
    with pytest.raises(FileFailed):
        await desktop.put(b"x", "/etc/not-for-you")


@check
async def no_more_of_a_file_is_read_than_allowed(desktop: Desktop) -> None:
    await desktop.put(bytes(200_000), "large")
    with pytest.raises(ActionFailed) as caught:
        await desktop.read("large", limit=100_000)
    assert caught.value.code is ErrorCode.OVERSIZED
    assert len(await desktop.read("large", limit=200_000)) == 200_000
