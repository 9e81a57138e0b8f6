"""What is down on purpose: it stays down when its request ends. Pure: knows no X server, only what was told of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sandbox_image.wire import ErrorCode, Refused


class Held:
    """Keys by their codes and buttons by their numbers, each with the name it was asked for by."""

    def __init__(self) -> None:
        self.keys: dict[int, str] = {}
        self.buttons: dict[int, str] = {}
        self._before: tuple[Collection[int], Collection[int]] = (), ()

    def begin(self, keys: Collection[int], buttons: Collection[int]) -> None:
        """Start a request: what is not among those that are down was released by somebody else."""
        self._keep(keys, buttons)
        self._before = (*self.keys,), (*self.buttons,)

    def give_up(self) -> None:
        """The request failed: what it put down is held no longer."""
        self._keep(*self._before)

    def forget(self) -> None:
        """Hold nothing any more."""
        self._keep((), ())

    def _keep(self, keys: Collection[int], buttons: Collection[int]) -> None:
        self.keys = {code: name for code, name in self.keys.items() if code in keys}
        self.buttons = {number: name for number, name in self.buttons.items() if number in buttons}

    def __str__(self) -> str:
        names = [*(f"the {name} button" for name in self.buttons.values()), *map(repr, self.keys.values())]
        return f"down are {', '.join(names)}" if names else "nothing is down"

    def refuse_held(self, wanted: Mapping[int, str], held: Mapping[int, str]) -> None:
        """Raise Refused(HELD) where one of those that are to go down is down."""
        if down := [name for number, name in wanted.items() if number in held]:
            message = f"{down[0]!r} is held down already: {self}; nothing was pressed, release it first"
            raise Refused(ErrorCode.HELD, message)

    def refuse_free(self, wanted: Mapping[int, str], held: Mapping[int, str]) -> None:
        """Raise Refused(HELD) where one of those that are to go up is not down."""
        if up := [name for number, name in wanted.items() if number not in held]:
            message = f"{up[0]!r} is not held down: {self}; nothing was released"
            raise Refused(ErrorCode.HELD, message)
