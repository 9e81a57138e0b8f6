"""Listing folders through a real worker process."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from sandbox_image.listing import list_folder
from sandbox_image.wire import Entry, ErrorCode, FindFile, FolderPage, ListFolder, ReadFile, Refused
from tests.support.guest_worker import run

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox_image.worker_link import Worker


async def listed(worker: Worker, path: str, after: str = "", limit: int = 1000) -> FolderPage:
    page = await worker.do(ListFolder(path=path, after=after, limit=limit))
    assert isinstance(page, FolderPage)
    return page


async def found(worker: Worker, path: str) -> Entry:
    entry = await worker.do(FindFile(path=path))
    assert isinstance(entry, Entry)
    return entry


async def test_entries_tell_what_they_are(worker: Worker, home: Path) -> None:
    await run(
        worker,
        "mkdir d; cd d; printf 123 > b; chmod 640 b; touch -d @1000.5 b; mkdir a; ln -s ../x c; mkfifo d; ln -s . e",
    )
    page = await listed(worker, "d/e")
    assert (page.path, page.after) == (f"{home}/d/e", None)
    assert [(entry.name, entry.type, entry.target) for entry in page.entries] == [
        ("a", "folder", None),
        ("b", "file", None),
        ("c", "link", "../x"),
        ("d", "special", None),
        ("e", "link", "."),
    ]
    file = page.entries[1]
    assert (file.bytes, file.mode, file.modified) == (3, 0o640, 1000.5)
    assert file == await found(worker, "d/b")


async def test_a_link_is_found_as_a_link(worker: Worker) -> None:
    await run(worker, "ln -s nowhere link")
    assert (await found(worker, "~/link")).target == "nowhere"


@pytest.mark.parametrize("limit", [1, 3, 5000])
async def test_pages_follow_each_other_whatever_comes_and_goes(worker: Worker, limit: int) -> None:
    await run(worker, "mkdir d; touch d/{a..j} d/é d/B")
    names: list[str] = []
    after: str | None = ""
    for step in itertools.count():
        page = await listed(worker, "d", after or "", limit)
        names += [entry.name for entry in page.entries]
        after = page.after
        if after is None:
            break
        if step == 0:
            await run(worker, f"rm 'd/{after}'; touch d/0")
    assert names == ["B", *"abcdefghij", "é"]


async def test_names_that_are_no_unicode_can_be_sent_back(worker: Worker) -> None:
    await run(worker, r"mkdir d; cd d; echo 1 > $'\xffx\xe9'; echo 2 > 'a\b'; echo 3 > '\xe9'; ln -s $'\xfe' z")
    page = await listed(worker, "d")
    assert [entry.name for entry in page.entries] == [r"\x5cxe9", r"a\x5cb", "z", r"\xffx\xe9"]
    assert page.entries[2].target == r"\xfe"
    contents = []
    for name in (r"\x5cxe9", r"a\x5cb", r"a\b", r"\xffx\xe9"):
        contents += [item async for item in worker.read_file(ReadFile(path=f"d/{name}")) if isinstance(item, bytes)]
    assert contents == [b"3\n", b"2\n", b"2\n", b"1\n"]
    assert [entry.name for entry in (await listed(worker, "d", after=r"\x5cxe9", limit=1)).entries] == [r"a\x5cb"]


async def test_a_page_of_long_names_ends_earlier(worker: Worker, home: Path) -> None:
    for number in range(100, 600):
        (home / str(number)).symlink_to("x" * 4000)
    first = await listed(worker, "~", limit=5000)
    second = await listed(worker, "~", after=first.after or "", limit=5000)
    assert len(first.entries) < 300
    assert second.entries[0].name == str(100 + len(first.entries))


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("none", ErrorCode.NOT_FOUND, "the nearest folder that exists is"),
        ("plain", ErrorCode.FILE_ERROR, "Not a directory"),
        ("closed", ErrorCode.DENIED, "Permission denied"),
    ],
)
async def test_what_cannot_be_listed_is_refused_with_the_reason(
    worker: Worker, path: str, code: ErrorCode, says: str
) -> None:
    await run(worker, "touch plain; mkdir -m 0 closed")
    with pytest.raises(Refused, match=says) as refused:
        await listed(worker, path)
    assert refused.value.failure.code is code


async def test_what_is_not_there_is_not_found(worker: Worker) -> None:
    with pytest.raises(Refused) as refused:
        await found(worker, "none")
    assert refused.value.failure.code is ErrorCode.NOT_FOUND


def test_a_page_takes_no_memory_for_the_rest_of_a_folder(tmp_path: Path) -> None:
    for number in range(5000):
        (tmp_path / f"{number:05}").touch()
    tracemalloc.start()
    try:
        page = list_folder(str(tmp_path), "03999", 10)
        assert [entry["name"] for entry in page.entries] == [f"{number:05}" for number in range(4000, 4010)]
        assert tracemalloc.get_traced_memory()[1] < 300_000
    finally:
        tracemalloc.stop()
