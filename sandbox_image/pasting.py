"""Having the program with the focus paste, and knowing when it has.

The selections are borrowed, Shift+Insert is pressed, and this program, nobody else, is given the text when it asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from sandbox_image.keys import INSERT, SHIFT
from sandbox_image.lane import Desk
from sandbox_image.layout import Layout, Stroke, send
from sandbox_image.offers import TEXT, Offer
from sandbox_image.resting import Program, look, program, rests

ASKED_S = 5.0
"""How long a program may work before it asks for what it is to paste; one that rests without asking does not paste."""
LEAST_S = 0.1
"""How long it is waited for, also where it came to rest sooner: others may work for it that are not known to."""
UNSEEN_S = 1.0
"""The same for a program whose processes are not known."""
INSIDE_S = 0.3
"""How long what runs in a terminal may take for what came before: a shell that still reads a line takes what is pasted
then for its own, and marks it, although it is for the program that the line starts."""
TAKEN_S = 5.0
"""How long it may take to fetch the text it asked for."""
RESTED_S = 1.0
"""How long a program is waited for then that never comes to rest."""
LOOK_S = 0.002
"""Between two looks at whether it has."""
Own: TypeAlias = Callable[[Mapping[str, Offer]], None]


class Unsure(Exception):
    """Whether the text, or some of it, was pasted cannot be told; the message says why."""


class Paster:
    """Pastes one text after another."""

    def __init__(self, desk: Desk, own: Own) -> None:
        self._desk = desk
        self._own = own

    def paste(self, text: str, layout: Layout) -> bool:
        """Have the program with the focus paste; whether it does such a thing. Raises Unsure, Stopped."""
        x, selections, focus = self._desk.x, self._desk.selections, self._desk.x.focus()
        if focus is None or INSERT not in layout:
            return False
        client, running = x.client(focus), program(x.process(focus))
        if running.inside:
            rests(running.whole, self._desk.rest, INSIDE_S)
        names = self._pasted_from(client, running)
        offer = Offer({TEXT: text.encode()}, client)
        self._own(dict.fromkeys(names, offer))
        self._desk.stop.check()
        send(x, [Stroke(layout[INSERT].code, (layout[SHIFT].code,))])
        done = self._work(running, lambda: offer.asked, LEAST_S if running.pids else UNSEEN_S, ASKED_S)
        if offer.asked:
            self._taken(offer, running)
            return True
        offer.content = {}  # it would come too late
        if not done:
            raise Unsure(
                f"the program with the focus hangs, or works at something else: in {ASKED_S:g} s it did not paste"
            )
        if not all(selections.offered(name) is offer for name in names):
            raise Unsure("another program took the clipboard while the rest was to be pasted from it")
        after = x.focus()
        if after is None or x.client(after) != client:
            raise Unsure("the focus went to another program while the rest was to be pasted")
        return False

    def _pasted_from(self, client: int, running: Program) -> tuple[str, ...]:
        """Terminals paste from PRIMARY, others from CLIPBOARD.

        PRIMARY is left to a program that has it, unless it is a terminal: some give up what is selected in them with
        it, which the text is to replace.
        """
        owner = self._desk.selections.owner("PRIMARY")
        selected = owner is not None and self._desk.x.client(owner) == client
        return ("CLIPBOARD",) if selected and not running.inside else ("CLIPBOARD", "PRIMARY")

    def _taken(self, offer: Offer, running: Program) -> None:
        """Wait until the program has the text, and has done what it does with it.

        Browsers drop what they paste where the clipboard changes before that, long after they fetched it.
        """
        if not (self._desk.selections.until(lambda: offer.taken or offer.broken, TAKEN_S) and offer.taken):
            raise Unsure("the program that was to paste the rest asked for it and did not fetch it")
        self._work(running, lambda: False, 0, RESTED_S)

    def _work(self, running: Program, reached: Callable[[], bool], least: float, most: float) -> bool:
        """Answer who asks until it is so, or until the program has come to rest and does no more; whether it has."""
        began = time.monotonic()
        before, now = None, look(running)
        while not reached():
            waited = time.monotonic() - began
            still = now is not None and now == before
            if waited >= most or (waited >= least and still):
                return still
            self._desk.selections.serve(LOOK_S)
            before, now = now, look(running)
        return False


@contextmanager
def pasting(desk: Desk) -> Iterator[Paster]:
    """Paste for a while; the selections are as before afterwards."""
    with desk.selections.held(), desk.selections.borrowing() as own:
        yield Paster(desk, own)
