"""A dispatch with short ways to ask it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from itertools import count

from sandbox_image.dispatch import Dispatch
from sandbox_image.wire import (
    Action,
    Answer,
    Effect,
    Exit,
    Failure,
    FileInfo,
    Launched,
    Output,
    Perform,
    Picture,
    PictureInfo,
    ProgramList,
    ReadFile,
    Result,
    Settle,
    Shell,
    WorkerAction,
    WriteFile,
)

_NUMBERS = count()


class NoWorker:
    """A worker for tests that ask it for nothing but to launch."""

    def __init__(self) -> None:
        self.asked: list[WorkerAction] = []
        self.lists: asyncio.Queue[ProgramList] = asyncio.Queue()  # what it tells who listens
        self.before: ProgramList | None = None

    async def do(self, action: WorkerAction) -> Result:
        self.asked.append(action)
        return Launched(pid=1, log="/log")

    async def programs(self, before: ProgramList | None) -> ProgramList:
        self.before = before
        return await self.lists.get()

    def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        raise NotImplementedError(request)

    def read_file(self, request: ReadFile) -> AsyncIterator[bytes]:
        raise NotImplementedError(request)

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        raise NotImplementedError(request, content)


class Hands:
    """A dispatch with short ways to ask it."""

    def __init__(self, dispatch: Dispatch, worker: NoWorker, display: str) -> None:
        self.dispatch = dispatch
        self.display = display
        self.worker = worker

    async def perform(self, *actions: Action, settle: Settle | None = None, picture: Picture | None = None) -> Answer:
        request = Perform(id=f"request-{next(_NUMBERS)}", actions=actions, settle=settle, picture=picture)
        return await self.dispatch.perform(request)

    async def do(self, *actions: Action, settle: Settle | None = None) -> Answer:
        """Perform what must succeed."""
        answer = await self.perform(*actions, settle=settle)
        assert answer.reply.failure is None, answer.reply.failure
        return answer


def failure_in(answer: Answer) -> Failure:
    """The failure that must be there."""
    assert answer.reply.failure is not None
    return answer.reply.failure


def effect_in(answer: Answer) -> Effect:
    """The effect that must be there."""
    assert answer.reply.effect is not None
    return answer.reply.effect


def picture_in(answer: Answer) -> PictureInfo:
    """What is told about the picture that must be there."""
    assert answer.reply.picture is not None
    return answer.reply.picture
