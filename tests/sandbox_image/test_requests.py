"""The book of requests, with no HTTP: what is done once, what is kept, what is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest

from sandbox_image.requests import Job, Requests, Work
from sandbox_image.wire import ErrorCode, Failure, Refused


def job(*pieces: bytes, runs: list[str] | None = None, limit: int = 1 << 20) -> Callable[[], Job]:
    """A job that says these pieces, and notes that it ran."""

    async def said() -> AsyncGenerator[bytes]:
        if runs is not None:
            runs.append("ran")
        for piece in pieces:
            yield piece

    return lambda: Job(said, 20, told, limit)


def told(failure: Failure) -> bytes:
    return f"<{failure.code}>".encode()


def held(gate: asyncio.Event, *, seconds: float = 20) -> Callable[[], Job]:
    """A job that ends when the gate opens."""

    async def said() -> AsyncGenerator[bytes]:
        await gate.wait()
        yield b"done"

    return lambda: Job(said, seconds, told)


def refused_with(code: ErrorCode, requests: Requests, request_id: str, body: bytes) -> bool:
    with pytest.raises(Refused) as refused:
        requests.admit(request_id, body, job())
    return refused.value.failure.code is code


async def test_an_equal_request_gets_the_same_work() -> None:
    requests, runs = Requests(), list[str]()
    works = [requests.admit("one", b"body", job(b"a", b"b", runs=runs)) for _ in range(3)]
    assert [await work.whole() for work in works] == [b"ab"] * 3
    assert runs == ["ran"]


async def test_another_body_under_the_same_id_is_a_conflict() -> None:
    requests = Requests()
    await requests.admit("one", b"body", job(b"a")).whole()
    assert refused_with(ErrorCode.CONFLICT, requests, "one", b"other")


async def test_replies_are_forgotten_by_count_oldest_first_and_are_never_done_again() -> None:
    requests = Requests(max_replies=2)
    for name in ("one", "two", "three"):
        await requests.admit(name, b"body", job(b"a")).whole()
    assert refused_with(ErrorCode.CONFLICT, requests, "one", b"body")
    assert await requests.admit("two", b"body", job(b"never")).whole() == b"a"


async def test_replies_are_forgotten_by_size() -> None:
    requests = Requests(max_bytes=10)
    for name in ("one", "two"):
        await requests.admit(name, b"body", job(b"0123456789")).whole()
    assert refused_with(ErrorCode.CONFLICT, requests, "one", b"body")


async def test_what_still_runs_is_never_forgotten() -> None:
    requests, gate = Requests(max_replies=1), asyncio.Event()
    first = requests.admit("one", b"body", held(gate))
    second = requests.admit("two", b"body", held(gate))
    gate.set()
    assert requests.admit("one", b"body", job()) is first
    assert [await first.whole(), await second.whole()] == [b"done", b"done"]


async def test_ids_are_remembered_longer_than_replies_but_not_for_ever() -> None:
    requests, runs = Requests(max_replies=1, max_ids=2), list[str]()
    for name in ("one", "two", "three", "one"):
        await requests.admit(name, b"body", job(b"a", runs=runs)).whole()
    assert len(runs) == 4
    assert refused_with(ErrorCode.CONFLICT, requests, "three", b"body")


async def test_followers_get_every_piece_whenever_they_come() -> None:
    gate = asyncio.Event()

    async def said() -> AsyncGenerator[bytes]:
        yield b"a"
        await gate.wait()
        yield b"b"

    work = Work(Job(said, 20, told))
    early = work.follow()
    assert await anext(early) == b"a"
    gate.set()
    assert [piece async for piece in early] == [b"b"]
    assert [piece async for piece in work.follow()] == [b"a", b"b"]


async def test_a_deadline_ends_the_work_after_it_has_cleaned_up() -> None:
    cleaned: list[str] = []

    async def said() -> AsyncGenerator[bytes]:
        try:
            await asyncio.Event().wait()
            yield b"never"
        finally:
            await asyncio.sleep(0)
            cleaned.append("cleaned")

    assert await Work(Job(said, 0.001, told)).whole() == b"<deadline>"
    assert cleaned == ["cleaned"]


async def test_a_timeout_of_the_work_itself_is_not_taken_for_the_deadline(caplog: pytest.LogCaptureFixture) -> None:
    async def said() -> AsyncGenerator[bytes]:
        yield b"a"
        raise TimeoutError("inner")

    assert await Work(Job(said, 20, told)).whole() == b"a<internal>"
    assert "inner" in caplog.text


async def test_a_refusal_is_told_after_what_was_said_before_it() -> None:
    async def said() -> AsyncGenerator[bytes]:
        yield b"a"
        raise Refused(ErrorCode.WORKER_LOST, "gone")

    assert await Work(Job(said, 20, told)).whole() == b"a<worker_lost>"


async def test_too_long_an_answer_is_stopped() -> None:
    assert await Requests().admit("one", b"body", job(b"123", b"456", limit=5)).whole() == b"123<oversized>"


async def test_work_that_is_cancelled_before_its_first_step_still_tells_that_it_ended() -> None:
    work = Work(held(asyncio.Event())())
    await work.cancel()
    assert await work.whole() == b"<cancelled>"


async def test_cancel_of_what_has_ended_is_refused_and_leaves_its_reply() -> None:
    requests = Requests()
    await requests.admit("one", b"body", job(b"a")).whole()
    with pytest.raises(Refused) as refused:
        await requests.cancel("one")
    assert refused.value.failure.code is ErrorCode.UNKNOWN_REQUEST
    assert await requests.admit("one", b"body", job()).whole() == b"a"


async def test_cancel_of_an_id_that_never_came_holds_its_request_off() -> None:
    requests = Requests()
    with pytest.raises(Refused):
        await requests.cancel("one")
    assert refused_with(ErrorCode.CANCELLED, requests, "one", b"body")
