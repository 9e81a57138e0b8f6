"""A person at the terminal: approves calls, and answers what a model asks.

A question waits for a line without holding up anything else, one question after the other. What was typed before it
was put answers nothing, and one that is cancelled reads nothing: the next line is for who asks next.
"""

from __future__ import annotations

import asyncio
import os
import termios
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

from rich.console import Console
from rich.text import Text

from harness.agent.approvals import Rule
from harness.cli.show import printable
from harness.tools.call import Call
from harness.tools.words import in_words

NO_TERMINAL = "nobody is there to be asked: this run has no terminal"
NO_ANSWER = "nobody answered"
STOPPED = "the person ended the run"
KEYS = "[y]es, [n]o, [a]lways for this rule, [s]top the run; or say what to do instead"
_LINE = 4096
"""Bytes of the longest line: what a terminal takes."""


class Terminal:
    """Asks on a console and reads from a terminal, `input`, by its file descriptor.

    `stop` ends the run; `aside` is entered while a question stands, for whoever draws on the same terminal.
    """

    def __init__(
        self,
        console: Console,
        *,
        input: int = 0,  # noqa: A002 - as the stream is called everywhere
        stop: Callable[[], None] = lambda: None,
        aside: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._console = console
        self._input = input
        self._stop = stop
        self._aside = aside
        self._always: set[Rule] = set()
        self._turn = asyncio.Lock()

    async def approve(self, call: Call, rule: Rule) -> bool | str:
        """Whether a call may be done; why not, where that is known."""
        if rule in self._always:
            return True
        if not self._there():
            return NO_TERMINAL
        async with self._turn:
            return rule in self._always or self._decided(await self._said(_request(call, rule), KEYS), rule)

    async def reply(self, question: str) -> str | None:
        """What the person answers; None where nobody does."""
        if not self._there():
            return None
        async with self._turn:
            return await self._said(
                Text.assemble(("The model asks: ", "bold yellow"), printable(question.replace("\n", "\n  | "))),
                "answer",
            )

    def _decided(self, said: str | None, rule: Rule) -> bool | str:
        match said.casefold() if said else said:
            case None:
                return NO_ANSWER
            case "y" | "yes":
                return True
            case "" | "n" | "no":
                return False
            case "a" | "always":
                self._always.add(rule)
                return True
            case "s" | "stop":
                self._stop()
                return STOPPED
            case _:
                return f"the person says: {said}"

    async def _said(self, question: Text, hint: str) -> str | None:
        with self._aside():
            with suppress(termios.error):
                termios.tcflush(self._input, termios.TCIFLUSH)
            self._console.print(question, soft_wrap=True)
            self._console.print(Text(f"{hint} > ", "dim"), end="", soft_wrap=True)
            self._console.file.flush()
            try:
                return await _line(self._input)
            except asyncio.CancelledError:
                self._console.print()  # what is shown next begins a line of its own
                raise

    def _there(self) -> bool:
        """Whether somebody may answer: a terminal, and one that this program may read from."""
        try:
            return os.isatty(self._input) and os.tcgetpgrp(self._input) == os.getpgrp()
        except OSError:
            return os.isatty(self._input)  # it is a terminal, and not the one that controls this program


async def _line(terminal: int) -> str | None:
    """The next line that is typed; None at the end of the input."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(terminal, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(terminal)
    try:
        told = os.read(terminal, _LINE)  # a terminal gives a line at a time, and no more
    except OSError:  # it was hung up
        return None
    return told.decode(errors="replace").strip() if told else None


def _request(call: Call, rule: Rule) -> Text:
    """A call in words, all of it that counts: what is cut off might be what matters."""
    words = in_words(call)
    texts = {name: value for name, value in call.input.items() if isinstance(value, str)}
    given = [f"{name}: {value}" for name, value in texts.items() if value not in words]
    why = [f"because: {rule.reason}"] if rule.reason else []
    return Text.assemble(
        ("The model wants to: ", "bold yellow"), printable(words), (printable(_below(*given, *why)), "dim")
    )


def _below(*parts: str) -> str:
    """Parts on lines of their own; the further lines of one are set in, so that none looks like another."""
    return "".join("\n  " + part.replace("\n", "\n  | ") for part in parts)
