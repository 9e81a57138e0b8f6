"""The loop: ask the model, do what it calls for, answer it, until there is an outcome.

Nothing is done from a turn that did not finish, and every call of one that did is answered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.agent.form import CORRECT, Form
from harness.agent.limits import Limits, Spent
from harness.agent.outcome import Failed, Finished, LimitReached, Outcome, Refused, Stuck
from harness.agent.stuck import NUDGE, Advice, Watch, waits
from harness.errors import (
    BadAnswer,
    HarnessError,
    ModelError,
    PictureTooLarge,
    Rejected,
    RequestTooLarge,
    ToolUnknown,
)
from harness.model.shrinking import shrink
from harness.model.thrift import Thrift
from harness.tools.call import Json, Result
from harness.tools.toolbox import Toolbox, blocks

if TYPE_CHECKING:
    from harness.agent.telling import Telling
    from harness.model.asking import Asking
    from harness.model.transcript import Transcript
    from harness.model.turn import Model, Turn

AGAIN = frozenset({"pause_turn", "compaction"})
"""The API wants to be asked again, with what it said so far."""
DONE = frozenset({"end_turn", "stop_sequence"})
SILENT = "You ended your turn without a word. Go on with the task, or say what was done, or why it cannot be done."
SMALLER = "From here on pictures have {width}x{height} pixels, also those above: point into them as they are now."


@dataclass(slots=True)
class Loop:
    """One run of a task."""

    model: Model
    asking: Asking
    toolbox: Toolbox
    transcript: Transcript
    limits: Limits
    spent: Spent
    telling: Telling
    form: Form | None = None
    thrift: Thrift = field(default_factory=Thrift)
    _watch: Watch = field(default_factory=Watch)
    _silent: bool = False
    _corrected: bool = False

    async def run(self) -> Outcome:
        """Go on until there is an outcome; what keeps it from going on is one."""
        try:
            while True:
                outcome = self.spent.reached(self.limits) or await self._step()
                if outcome:
                    return outcome
        except RequestTooLarge as error:
            return LimitReached("window", str(error))
        except HarnessError as error:
            return Failed(error)

    async def _step(self) -> Outcome | None:
        self.telling.asking()
        turn = await self._ask()
        self.thrift.heard(turn, self.asking, self.transcript)
        self.telling.answered(turn)
        self.telling.done(turn, self.spent.add(turn))
        match turn.stop:
            case "tool_use" if turn.calls:
                return await self._do(turn)
            case "refusal":
                return _refused(turn)
            case "max_tokens":
                return self._longer()
            case "model_context_window_exceeded":
                return self._shorter()
            case stop if stop in AGAIN:
                self.transcript.answered(turn)
                return None
            case stop if stop in DONE:
                self.transcript.answered(turn)
                return self._finished(turn)
            case stop:
                raise BadAnswer(f"the model stopped for a reason that cannot be: {stop}", json.dumps(turn.message))

    async def _ask(self) -> Turn:
        """The next answer. What the API does not take is mended: the tool, the pictures, how much of the past."""
        while True:
            request = await self.thrift.request(self.model, self.asking, self.transcript)
            try:
                return await self.model.turn(request)
            except ToolUnknown as error:
                self.asking = _or_raise(self.asking.stepped_down(), error)
            except PictureTooLarge as error:
                self._show_smaller(_or_raise(self.asking.smaller(error.limit), error))
            except RequestTooLarge:
                if not self.thrift.make_room(self.asking, self.transcript, tokens=False):
                    raise
            except Rejected as error:
                if not self.thrift.keep_all(error, self.transcript):
                    raise

    async def _do(self, turn: Turn) -> Outcome | None:
        self.transcript.answered(turn)
        results: dict[str, Result] = {}
        try:
            await self.toolbox.answer(turn.calls, results, self.telling.result)
        finally:
            self.transcript.say(*blocks(turn.calls, results))
        done = json.dumps([(call.name, call.input) for call in turn.calls], sort_keys=True)
        screen = self.toolbox.screen + "".join(result.text for result in results.values())
        match self._watch.note(done, screen, waiting=waits(turn.calls)):
            case Advice.STOP:
                return Stuck("the same actions were done again and again, and nothing came of them")
            case Advice.NUDGE:
                self.transcript.add(text(NUDGE))
            case Advice.GO_ON:
                pass
        return None

    def _longer(self) -> Outcome | None:
        """The answer did not fit: ask again with more room for it. Nothing of it was done."""
        longer = self.asking.longer()
        if longer is None:
            return Failed(ModelError(f"the answer is longer than the model may give ({self.asking.answer} tokens)"))
        self.asking = longer
        return None

    def _shorter(self) -> Outcome | None:
        """The answer did not fit into the window: ask again with less before it."""
        if self.thrift.make_room(self.asking, self.transcript, tokens=True):
            return None
        return LimitReached("window", "the conversation is longer than the model can read")

    def _show_smaller(self, smaller: Asking) -> None:
        """Mend pictures that are too large: those that were shown, those to come, and where points into them lie."""
        shrink(self.transcript, self.asking.shown, smaller.shown)
        if smaller.entry.binds_thinking:
            self.transcript.forget_thoughts()
        self.transcript.add(text(SMALLER.format(width=smaller.shown.width, height=smaller.shown.height)))
        self.toolbox.show(smaller.shown)
        self.telling.show(smaller.shown)
        self.asking = smaller

    def _finished(self, turn: Turn) -> Outcome | None:
        """The end; but once each, a model that ends without a word, or whose result has not its form, is told so."""
        if not turn.text.strip() and not self._silent:
            self._silent = True
            self.transcript.add(text(SILENT))
            return None
        try:
            return Finished(turn.text, self.form.read(turn.text) if self.form else None)
        except BadAnswer as error:
            if self._corrected:
                raise
            self._corrected = True
            self.transcript.say(text(CORRECT.format(problem=error.reason)))
            return None


def text(said: str) -> Json:
    """A block of text."""
    return {"type": "text", "text": said}


def _refused(turn: Turn) -> Refused:
    details = turn.message.get("stop_details")
    told = details if isinstance(details, dict) else {}
    category = told.get("category")
    return Refused(category if isinstance(category, str) else None, str(told.get("explanation") or turn.text))


def _or_raise(asking: Asking | None, error: ModelError) -> Asking:
    if asking is None:
        raise error
    return asking
