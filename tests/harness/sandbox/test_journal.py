"""What the supervisor's lines mean to the host, however they are cut."""

import asyncio
import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.journal import Journal

LINES = b"".join(
    json.dumps(entry).encode() + b"\n"
    for entry in (
        {"step": "listening"},
        {"log": "xvnc", "line": "Xvnc TigerVNC 1.15.0"},
        {"step": "display", "name": ":0"},
        {"step": "worker", "exited": "exit code 1"},
        {"step": "server", "error": "exit code 1, too often", "log": ["Traceback", "boom"]},
    )
)


@given(st.lists(st.integers(0, len(LINES))))
def test_steps_log_and_failure_are_read_from_output_in_pieces_of_any_size(cuts: list[int]) -> None:
    heard: list[str] = []

    async def read() -> Journal:
        journal = Journal(heard.append)
        edges = [0, *sorted(cuts), len(LINES)]
        for start, stop in pairwise(edges):
            journal.feed(LINES[start:stop])
        return journal

    journal = asyncio.run(read())
    assert journal.steps == heard == ["listening", "display"]
    assert journal.problem == ("server", "exit code 1, too often")
    assert journal.tail[0] == "xvnc: Xvnc TigerVNC 1.15.0"
    assert journal.tail[-2:] == ("Traceback", "boom")


@given(st.binary(max_size=300))
def test_no_output_breaks_the_journal_or_paints_on_the_terminal(data: bytes) -> None:
    async def read() -> Journal:
        journal = Journal()
        journal.feed(data)
        journal.end()
        return journal

    assert all(line.isprintable() for line in asyncio.run(read()).tail)


async def test_only_the_last_lines_are_kept_and_a_line_without_end_is_cut() -> None:
    journal = Journal()
    journal.feed(b"".join(b"%d\n" % n for n in range(100)))
    assert (len(journal.tail), journal.tail[-1]) == (50, "99")
    journal.feed(b"x" * 1_000_000)
    assert len(journal.tail[-1]) < 3000


async def test_whoever_waits_for_news_hears_of_lines_and_of_the_end() -> None:
    journal = Journal()
    waiting = asyncio.ensure_future(journal.news())
    await asyncio.sleep(0)
    journal.feed(b'{"step": "ended", "reason": "the lease was not renewed in time"}\n')
    await waiting
    last = asyncio.ensure_future(journal.news())
    await asyncio.sleep(0)
    journal.end()
    await last
    assert journal.reason == "the lease was not renewed in time"
    assert journal.ended.is_set()
