"""A run as events: what the model says and calls for, what it is answered, what it costs. Nothing else tells of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic_core import to_jsonable_python

from harness.agent.outcome import Failed, Finished, LimitReached, Outcome, Refused, Stopped, Stuck
from harness.events import (
    Answered,
    Bounds,
    Called,
    Emit,
    Ending,
    FrameCaptured,
    Noted,
    Said,
    Speaking,
    TaskFinished,
    TaskResumed,
    TaskStarted,
    TurnFinished,
    TurnStarted,
    Waited,
)
from harness.geometry import ModelPoint, Viewport
from harness.tools.words import in_words, places, tool_and_action
from harness.version import __version__

if TYPE_CHECKING:
    from pydantic import JsonValue

    from harness.agent.limits import Spent
    from harness.agent.task import Task
    from harness.model.throttle import Waiting
    from harness.model.turn import Turn
    from harness.tools.call import Call, Json, Result
    from sandbox_image.wire import ScreenPoint, Size

_DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("call", "partial_json"),
}


class Telling:
    """Turns what happens in a run into events."""

    def __init__(self, emit: Emit, view: Viewport, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._emit = emit
        self._view = view
        self._clock = clock
        self._turn = 0
        self._asked = clock()

    def began(self, task: Task, screen: Size, form: JsonValue = None) -> None:
        """The task is given."""
        limits = task.limits
        self._emit(
            TaskStarted(
                task=task.text,
                model=task.model,
                effort=task.effort,
                limits=Bounds(steps=limits.steps, tokens=limits.tokens, cost=limits.cost, seconds=limits.seconds),
                form=form,
                secrets=tuple(task.secrets),
                screen=screen,
                shown=self._view.shown,
                version=__version__,
            )
        )

    def resumed(self, turn: int) -> None:
        """The task goes on after so many turns that were told already."""
        self._turn = turn
        self._emit(TaskResumed(turn=turn))

    def show(self, size: Size) -> None:
        """From now on the model points into pictures of this size."""
        self._view = replace(self._view, shown=size)

    def asking(self) -> None:
        """The model is asked once more."""
        self._turn += 1
        self._asked = self._clock()
        self._emit(TurnStarted(turn=self._turn))

    def hear(self, event: Json) -> None:
        """An event of the answer's stream."""
        delta = event.get("delta")
        if isinstance(delta, dict) and (known := _DELTAS.get(str(delta.get("type")))):
            what, field = known
            self._emit(Speaking(turn=self._turn, what=what, text=str(delta.get(field) or "")))

    def waiting(self, wait: Waiting) -> None:
        """Nothing happens for a while; or there is only something to know."""
        if wait.seconds > 0:
            self._emit(Waited(seconds=wait.seconds, reason=wait.reason, trouble=wait.kind))
        else:
            self._emit(Noted(text=wait.reason))

    def answered(self, turn: Turn) -> None:
        """The model's answer is there."""
        for thinking, text in _said(turn):
            self._emit(Said(turn=self._turn, thinking=thinking, text=text))
        for call in turn.calls:
            tool, action = tool_and_action(call)
            self._emit(
                Called(
                    turn=self._turn,
                    call=call.id,
                    tool=tool,
                    action=action,
                    told=in_words(call),
                    input=call.input,
                    points=self._points(call),
                )
            )

    def result(self, call: Call, result: Result) -> None:
        """A call is answered."""
        frame = None
        if result.picture:
            frame = sha256(result.picture.data).hexdigest()
            self._emit(
                FrameCaptured(
                    step=call.id,
                    moment="after",
                    frame=frame,
                    format=result.picture.format,
                    region=result.picture.viewport.region,
                    data=result.picture.data,
                )
            )
        self._emit(Answered(turn=self._turn, call=call.id, text=result.text, failed=result.failed, frame=frame))

    def done(self, turn: Turn, cost: float | None) -> None:
        """The answer is whole, and paid for."""
        used = turn.usage
        self._emit(
            TurnFinished(
                turn=self._turn,
                stop=turn.stop,
                input=used.input,
                cache_read=used.cache_read,
                cache_write_5m=used.cache_write_5m,
                cache_write_1h=used.cache_write_1h,
                output=used.output,
                thinking=used.thinking,
                cost=cost,
                seconds=self._clock() - self._asked,
            )
        )

    def ended(self, outcome: Outcome, spent: Spent) -> None:
        """The task is over."""
        ending, message = told(outcome)
        self._emit(
            TaskFinished(
                outcome=ending,
                message=message,
                value=to_jsonable_python(outcome.value) if isinstance(outcome, Finished) else None,
                turns=spent.steps,
                seconds=spent.seconds,
                tokens=spent.usage.total + spent.usage.output,
                cost=spent.cost,
            )
        )

    def _points(self, call: Call) -> tuple[ScreenPoint, ...]:
        """Where a call points, on the screen; what lies outside the picture is left out."""
        within = [
            ModelPoint(x, y)
            for x, y in places(call)
            if 0 <= x < self._view.shown.width and 0 <= y < self._view.shown.height
        ]
        return tuple(self._view.to_screen(point) for point in within)


def told(outcome: Outcome) -> tuple[Ending, str]:
    """An outcome by its name, and in words."""
    match outcome:
        case Finished(text=text):
            return "finished", text
        case LimitReached(message=message):
            return "limit", message
        case Refused(category=category, text=text):
            return "refused", f"{f'{category}: ' if category else ''}{text}"
        case Stuck(message=message):
            return "stuck", message
        case Stopped(message=message):
            return "stopped", message
        case Failed(error=error):
            return "failed", str(error)


def _said(turn: Turn) -> list[tuple[bool, str]]:
    """Texts and summaries of thinking, in order."""
    said = []
    for block in turn.content:
        if isinstance(block, dict) and block.get("type") in ("text", "thinking"):
            thinking = block["type"] == "thinking"
            if text := block.get("thinking" if thinking else "text"):
                said.append((thinking, str(text)))
    return said
