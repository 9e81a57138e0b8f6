"""All tools of a run. Calls of one tool are done in order, different tools side by side; every call is answered.

Where an action on the computer fails, those after it in the same turn are not done. What was not answered when the turn
is cancelled is answered as cancelled, so that the conversation can go on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

from pydantic import JsonValue

from harness.tools.call import HALTED, Call, Json, Result
from harness.tools.computer import TOOL, Computer
from sandbox_image.wire import Size

Tell: TypeAlias = Callable[[Call, Result], None]
Refusal: TypeAlias = Callable[[Call], Awaitable[Result | None]]
CANCELLED = "Not executed: the run was stopped."


def _silent(call: Call, result: Result) -> None:
    """Nobody is told."""


class Tool(Protocol):
    """Something that a model may call."""

    async def do(self, call: Call) -> Result:
        """Do it; what goes wrong is in the result."""
        ...


class Toolbox:
    """A computer, and other tools by name.

    `refusal` gives an answer in place of doing a call that may not be done; what calls are answered with in words goes
    through `redact`.
    """

    def __init__(
        self,
        computer: Computer,
        others: Mapping[str, Tool],
        *,
        refusal: Refusal | None = None,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._computer = computer
        self._others = others
        self._refusal = refusal
        self._redact = redact

    @property
    def screen(self) -> str:
        """A name for what the screen showed last."""
        return self._computer.screen

    def show(self, size: Size) -> None:
        """From now on pictures of the screen have this size, and points lie in such ones."""
        self._computer.show(size)

    async def answer(self, calls: Sequence[Call], results: dict[str, Result], tell: Tell = _silent) -> None:
        """Do the calls of one turn; each result goes under its call's id once there is one, and is told.

        Cancelled, it answers what is left before it ends.
        """
        families: dict[str, list[Call]] = {}
        for call in calls:
            families.setdefault(TOOL if _is_computer(call) else call.name, []).append(call)

        def give(call: Call, result: Result) -> None:
            results[call.id] = replace(result, text=self._redact(result.text))
            tell(call, results[call.id])

        try:
            async with asyncio.TaskGroup() as group:
                for name, family in families.items():
                    group.create_task(self._batch(family, give) if name == TOOL else self._each(family, give))
        except ExceptionGroup as errors:
            raise _first(errors) from errors  # a group would hide from the loop what it is
        finally:
            for call in calls:
                if call.id not in results:
                    halted = _is_computer(call) and _failed(families[TOOL], results)
                    give(call, Result(HALTED if halted else CANCELLED, failed=True))

    async def _batch(self, calls: Sequence[Call], give: Tell) -> None:
        """Actions on the computer; the last one that is done shows what they changed, if nothing else did."""
        for index, call in enumerate(calls):
            result = await self._done(self._computer, call)
            last = result.failed or call is calls[-1]
            give(call, await self._computer.shown(result) if last else result)
            if result.failed:
                for halted in calls[index + 1 :]:
                    give(halted, Result(HALTED, failed=True))
                return

    async def _each(self, calls: Iterable[Call], give: Tell) -> None:
        for call in calls:
            tool = self._others.get(call.name)
            self._computer.stir()
            give(call, await self._done(tool, call) if tool else self._unknown(call))
            self._computer.stir()

    async def _done(self, tool: Tool, call: Call) -> Result:
        if not _is_text(call.input):
            return Result("the call has characters that are no text (lone surrogates); leave them out", failed=True)
        if self._refusal and (refused := await self._refusal(call)):
            return refused
        return await tool.do(call)

    def _unknown(self, call: Call) -> Result:
        return Result(f"there is no tool {call.name!r}; there are: {', '.join((TOOL, *self._others))}", failed=True)


def _is_text(value: JsonValue) -> bool:
    """Whether it can be written down: JSON may name halves of characters, which nothing takes."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _first(error: Exception) -> Exception:
    """The first error of a group, however deep it lies."""
    return _first(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


def _failed(calls: Iterable[Call], results: Mapping[str, Result]) -> bool:
    """Whether one of them failed already: those after it have to say so, also where they were cancelled."""
    return any(results[call.id].failed for call in calls if call.id in results)


def _is_computer(call: Call) -> bool:
    return TOOL in (call.toolset, call.name)


def blocks(calls: Iterable[Call], results: Mapping[str, Result]) -> list[Json]:
    """The results as they go back, in the order of the calls."""
    return [results[call.id].block(call) for call in calls]
