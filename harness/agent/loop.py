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
from harness.errors import BadAnswer, HarnessError, ModelError, RequestTooLarge, ToolUnknown
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
KEPT = 3
"""Pictures that stay when others leave."""


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
    _watch: Watch = field(default_factory=Watch)
    _pruned: bool = False
    _corrected: bool = False

    async def run(self) -> Outcome:
        """Go on until there is an outcome; what keeps it from going on is one."""
        try:
            while True:
                outcome = self.spent.reached(self.limits) or await self._step()
                if outcome:
                    return outcome
        except HarnessError as error:
            return Failed(error)

    async def _step(self) -> Outcome | None:
        self.telling.asking()
        turn = await self._ask()
        self.telling.answered(turn)
        self.telling.done(turn, self.spent.add(turn))
        match turn.stop:
            case "tool_use":
                return await self._do(turn)
            case "refusal":
                return _refused(turn)
            case "max_tokens":
                return self._longer()
            case "model_context_window_exceeded":
                return self._shorter(LimitReached("window", "the conversation is longer than the model can read"))
            case stop if stop in AGAIN:
                self.transcript.answered(turn)
                return None
            case stop if stop in DONE:
                self.transcript.answered(turn)
                return self._finished(turn)
            case stop:
                raise BadAnswer(f"the model stopped for a reason nobody knows: {stop}", json.dumps(turn.message))

    async def _ask(self) -> Turn:
        """The next answer: with an older tool where the model takes no newer, with fewer pictures where it must."""
        while True:
            try:
                return await self.model.turn(self.asking.request(self.transcript))
            except ToolUnknown as error:
                self.asking = _or_raise(self.asking.stepped_down(), error)
            except RequestTooLarge as error:
                if self._shorter(Failed(error)):
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

    def _shorter(self, otherwise: Outcome) -> Outcome | None:
        """Let old pictures leave, once; the outcome where that was done already or leaves nothing out."""
        if self._pruned or not self.transcript.prune(KEPT):
            return otherwise
        self._pruned = True
        return None

    def _finished(self, turn: Turn) -> Outcome | None:
        """The end; where the result has not its form, the model is told what is wrong with it, once."""
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
