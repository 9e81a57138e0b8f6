"""A task as lines of a terminal: what the model says, a line for each thing it does, and what it comes to so far.

On a terminal there is below them what is at work: what it is saying just now, or that it is thinking.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable

from rich.console import Console, Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from harness.cli.show import Show, line, printable
from harness.events import (
    Answered,
    Called,
    Ending,
    Event,
    FileCollected,
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
from harness.record.numbers import count, dollars, seconds, share
from harness.record.summary import cost, tokens

_ENDINGS: dict[Ending, tuple[str, str]] = {
    "finished": ("finished", "bold green"),
    "limit": ("limit reached", "bold yellow"),
    "refused": ("refused", "bold red"),
    "stuck": ("stuck", "bold yellow"),
    "stopped": ("stopped", "bold yellow"),
    "failed": ("failed", "bold red"),
}
_THINKING = "thinking…"
_WIDEST, _LEAST, _BESIDE = 64, 20, 33
"""Characters of what is done: at most, at least, and what stands beside it in a line."""
_TASK = 500
"""Characters of a task that are shown; the report has all."""
_SAYING = 3
"""Lines of what is being said that are shown."""
_WHY = 3
"""Lines of what an action failed with that are shown; the report has all."""


class ShowTask(Show):
    """Shows one task."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(console)
        self._clock = clock
        self._began = self._since = clock()
        self._doing = "starting a sandbox"
        self._wait = 0.0  # seconds that are waited since
        self._saying = ""
        self._said = ""
        self._turn = 0
        self._told = 0  # the turn that a line was printed for last
        self._calls: dict[str, Called] = {}  # at work
        self._paid: list[TurnFinished] = []

    def __call__(self, event: Event) -> None:  # noqa: C901, PLR0912 - a line for each kind
        """Show what there is to show of an event."""
        match event:
            case TaskStarted():
                self._begin(event)
            case TaskResumed():
                self._print(Text(f"  resumed after turn {event.turn}", "dim"))
            case TurnStarted():
                self._turn = event.turn
                self._do(_THINKING)
            case Speaking():
                self._speak(event)
            case Said(thinking=False):
                self._say(event.text)
            case Waited():
                self._do(f"waiting {seconds(event.seconds)}: {line(event.reason)}", event.seconds)
                self._print(Text(f"       {self._doing}", "yellow"))
            case Noted():
                self._print(Text(f"       {line(event.text)}", "yellow"))
            case Called():
                self._calls[event.call] = event
                self._do_next()
            case Answered():
                self._answer(event)
                self._do_next()
            case TurnFinished():
                self._paid.append(event)
            case TaskFinished():
                self._end(event)
            case FileCollected():
                self._print(
                    Text.assemble("  kept ", (line(event.name), "cyan"), (f" from {line(event.source)}", "dim"))
                )
            case _:
                pass

    def recall(self, events: Iterable[Event]) -> None:
        """Take what was told of the task before it is resumed: what it is, and what was paid for it."""
        for event in events:
            match event:
                case TaskStarted():
                    self._begin(event)
                case TurnFinished():
                    self._paid.append(event)
                case _:
                    pass

    def _begin(self, event: TaskStarted) -> None:
        self._began = self._clock()
        self._do(_THINKING)
        effort = f", {event.effort}" if event.effort else ""
        task = Text(line(event.task), "bold")
        task.truncate(_TASK, overflow="ellipsis")
        self._print(Text.assemble(task, (f"  {line(event.model)}{effort}", "dim")))

    def _do(self, what: str, wait: float = 0.0) -> None:
        self._doing, self._since, self._wait, self._saying = what, self._clock(), wait, ""

    def _do_next(self) -> None:
        self._do(next((line(call.told) for call in self._calls.values()), _THINKING))

    def _speak(self, event: Speaking) -> None:
        if self._wait:  # it is over
            self._do(_THINKING)
        if event.what == "text":
            self._saying += event.text

    def _say(self, text: str) -> None:
        self._said, self._saying = text, ""
        self._print_indented(text.strip("\n"), 7)

    def _answer(self, event: Answered) -> None:
        call = self._calls.pop(event.call, None)
        if call is None:
            return
        self._print(self._line(line(call.told), failed=event.failed))
        if event.failed:
            why = event.text.strip().split("\n")
            self._print_indented("\n".join([*why[:_WHY], *(["…"] if len(why) > _WHY else [])]), 9, "red")

    def _line(self, told: str, *, failed: bool) -> Text:
        """The turn, what was done in it, and what all of it comes to so far."""
        new, self._told = self._told != self._turn, self._turn
        words = Text(told)
        terminal = self._console.is_terminal
        room = max(_LEAST, min(_WIDEST, self._console.width - _BESIDE)) if terminal else max(_WIDEST, words.cell_len)
        words.truncate(room, overflow="ellipsis", pad=True)
        return Text.assemble(
            (f"{self._turn if new else '':>4}", "dim"),
            (" ✕ ", "bold red") if failed else (" ✓ ", "green"),
            words,
            (f"{self._tokens():>8}{self._cost():>9}{_clock(self._clock() - self._began):>8}", "dim"),
        )

    def _end(self, event: TaskFinished) -> None:
        self._over()
        self._print(Text(""))
        word, style = _ENDINGS[event.outcome]
        turns = "1 turn" if event.turns == 1 else f"{event.turns} turns"
        came_to = f" after {turns} in {seconds(event.seconds)}{self._spent()}"
        self._print_indented(Text.assemble((word, style), came_to), 2)
        if event.message.strip() and event.message.strip() not in (self._said.strip(), event.outcome):
            self._print_indented(event.message.strip(), 4)
        if event.value is not None:
            self._print(Text("  result"))
            self._print_indented(json.dumps(event.value, indent=2, ensure_ascii=False), 4)

    def _spent(self) -> str:
        """What all of it came to."""
        used = tokens(self._paid)
        output = used["output"]
        read = sum(used.values()) - output - used["thinking"]
        cached = f" ({share(used['cache_read'], read)} of what it read from the cache)" if used["cache_read"] else ""
        price = f", {self._cost()}" if self._cost() else ""
        return f", {count(read + output)} tokens{cached}{price}" if read + output else ""

    def _tokens(self) -> str:
        used = tokens(self._paid)
        total = sum(used.values()) - used["thinking"]
        return count(total) if total else ""

    def _cost(self) -> str:
        """In US dollars; nothing where a price is not known, or nothing was paid."""
        paid = cost(self._paid)
        return dollars(paid) if paid else ""

    def _now(self) -> RenderableType:
        waited = self._clock() - self._since
        doing = _THINKING if self._wait and waited > self._wait else self._doing
        now = Table.grid(padding=(0, 1))
        now.add_column(no_wrap=True)
        now.add_column(no_wrap=True)
        now.add_column(no_wrap=True, overflow="ellipsis")
        now.add_column(no_wrap=True)
        sums = [self._tokens(), self._cost(), _clock(self._clock() - self._began)]
        turn = f"{self._turn or '':>4}"
        now.add_row(turn, Spinner("dots"), Text(doing), Text("  ".join(["", *filter(None, sums)]), "dim"))
        saying = printable(self._saying).strip().split("\n")[-_SAYING:]
        texts = [Text(f"       {one}", "dim", no_wrap=True, overflow="ellipsis") for one in saying if one]
        return Group(*texts, now)


def _clock(passed: float) -> str:
    """A duration as a clock: `1:05`."""
    minutes, rest = divmod(int(passed), 60)
    return f"{minutes}:{rest:02}"
