"""A run of many steps, played against the documented accounting of tokens and of the cache. Nothing is sent.

Each step thinks, says a sentence, does one action and is answered with a picture of the screen; every fifth runs a
command beside it, whose output is some lines long.
"""

from __future__ import annotations

import io
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache

from PIL import Image
from pydantic import JsonValue

from harness.geometry import Viewport
from harness.model.asking import Asking
from harness.model.catalog import Entry
from harness.model.thrift import Thrift
from harness.model.transcript import Transcript
from harness.model.turn import Json, Request, Turn, Usage
from harness.sandbox.desktop.eyes import Screenshot
from harness.tools.call import Call, Result
from sandbox_image.wire import Region, Size
from tests.support.api.caching import PromptCache
from tests.support.api.editing import edited
from tests.support.api.marks import units
from tests.support.api.models import MODELS
from tests.support.api.reading import Request as Read
from tests.support.api.reading import read, unmarked
from tests.support.api.shapes import Asked

SCREEN = Size(width=1920, height=1080)
SYSTEM = "You work at a Linux desktop in a disposable sandbox, by computer, shell and editor. " * 12
TASK = "Export all invoices of last year as PDF, one file each, and put them into a folder. " * 3
THOUGHT = "The dialog is open now. The field with the name is empty, so it comes first; then the button below it. " * 4
SAID = "I fill in the name of the file and go on to the next invoice."
EFFECT = "The screen changed in a box of 640x420 pixels at 320,180 (13 % of it); it is still now."
OUTPUT = "-rw-r--r-- 1 user user  48213 Nov  3 09:12 invoice-2025-0137.ods\n" * 20
SECONDS = 12.0
"""From one step to the next."""


@dataclass(slots=True)
class Run:
    """One way of asking, and what it has cost so far."""

    name: str
    usage: Usage = field(default_factory=Usage)
    dollars: float = 0.0


@dataclass(slots=True)
class _Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def replay(model: str, entry: Entry, steps: int) -> list[Run]:
    """The same run in each way: all of it anew each time, with one mark at the end, and ours."""
    asking = Asking(model, entry, SYSTEM, SCREEN)
    return [
        await _played(Run("everything, no cache"), asking, steps),
        await _played(Run("everything, one mark"), asking, steps, mark=True),
        await _played(Run("ours"), asking, steps, thrift=Thrift(clock=(clock := _Clock())), clock=clock),
    ]


async def _played(
    run: Run,
    asking: Asking,
    steps: int,
    *,
    mark: bool = False,
    thrift: Thrift | None = None,
    clock: _Clock | None = None,
) -> Run:
    clock = clock or _Clock()
    prompts, transcript = PromptCache(clock), Transcript()
    transcript.say(_text(TASK))
    for step in range(steps):
        request = (
            await thrift.request(_Silent(), asking, transcript) if thrift else _naive(asking, transcript, mark=mark)
        )
        turn = _answered(request, step, asking, prompts)
        if thrift:
            thrift.heard(turn, asking, transcript)
        run.usage += turn.usage
        run.dollars += turn.cost(asking.entry.price) or 0.0
        transcript.answered(turn)
        transcript.say(*(_result(call, asking).block(call) for call in turn.calls))
        clock.now += SECONDS
    return run


class _Silent:
    """Nobody: requests are made and counted, and not sent."""

    async def turn(self, request: Request) -> Turn:
        raise NotImplementedError(request)


def _naive(asking: Asking, transcript: Transcript, *, mark: bool) -> Request:
    """Everything, with a mark at its end if asked."""
    request = asking.request(transcript)
    body: Json = unmarked(deepcopy(request.body))
    if mark:
        body["cache_control"] = {"type": "ephemeral"}
    return Request(body, request.betas)


def _answered(request: Request, step: int, asking: Asking, prompts: PromptCache) -> Turn:
    """The next turn, with what its request counts."""
    model = MODELS[asking.model]
    asked = read(request.body, Asked, lambda _: False)
    if not isinstance(asked, Asked):
        raise TypeError(f"a request that breaks rules: {asked}")
    received = Read(step, {}, frozenset(request.betas), request.body, asked, model, ())
    counted, _ = prompts.count(units(edited(received, request.body).body), model)
    content = _content(step, newest=asking.entry.computer[0].startswith("computer_toolset"))
    said = len(THOUGHT + SAID + str(content[2:]))
    told: Json = {**counted.json, "output_tokens": round(said * model.tokens_per_byte)}
    return Turn({"role": "assistant", "content": content, "stop_reason": "tool_use", "usage": told})


def _content(step: int, *, newest: bool) -> list[JsonValue]:
    place: list[JsonValue] = [640 + step, 400]
    click: Json = {"type": "tool_use", "id": f"toolu_{step}", "name": "left_click", "input": {"coordinate": place}}
    if newest:
        click["toolset_name"] = "computer"
    else:
        click |= {"name": "computer", "input": {"action": "left_click", "coordinate": place}}
    ran: Json = {"type": "tool_use", "id": f"toolu_{step}_b", "name": "bash", "input": {"command": "ls -l ~/invoices"}}
    thought: Json = {"type": "thinking", "thinking": THOUGHT, "signature": f"sig{step}"}
    return [thought, _text(SAID), click, *([ran] if step % 5 == 4 else [])]  # noqa: PLR2004 - every fifth


def _result(call: Call, asking: Asking) -> Result:
    return Result(OUTPUT) if call.name == "bash" else Result(EFFECT, _picture(asking.shown))


@cache
def _picture(size: Size) -> Screenshot:
    """A picture of nothing: what it costs is in its size."""
    out = io.BytesIO()
    Image.new("1", (size.width, size.height)).save(out, "PNG")
    whole = Region(x=0, y=0, width=SCREEN.width, height=SCREEN.height)
    return Screenshot(out.getvalue(), "png", Viewport(whole, size))


def _text(said: str) -> Json:
    return {"type": "text", "text": said}
