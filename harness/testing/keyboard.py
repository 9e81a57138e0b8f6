"""The keyboard of the fake desktop. It knows a part of the real one's key names and refuses others in the same way."""

from __future__ import annotations

import re
import unicodedata
from typing import assert_never

from harness.testing.clipboard import FakeClipboard
from harness.testing.held import Held
from harness.testing.screen import FakeScreen
from harness.testing.windows import FakeWindow
from sandbox_image.wire import (
    Done,
    ErrorCode,
    Hold,
    KeyboardAction,
    KeyDown,
    KeyUp,
    Press,
    Refused,
    SetClipboard,
    Typed,
    TypeText,
)

_NAMES = (
    "return tab escape backspace delete insert home end pageup pagedown up down left right space menu print pause"
    " capslock numlock scrolllock kpenter shift ctrl alt super"
)
_CHARACTERS = {
    "plus": "+",
    "minus": "-",
    "equal": "=",
    "comma": ",",
    "period": ".",
    "slash": "/",
    "backslash": "\\",
    "semicolon": ";",
    "colon": ":",
    "apostrophe": "'",
    "grave": "`",
    "underscore": "_",
    "exclam": "!",
    "question": "?",
    "bracketleft": "[",
    "bracketright": "]",
}
_ALIASES = {
    **_CHARACTERS,
    "enter": "return",
    "esc": "escape",
    "bksp": "backspace",
    "del": "delete",
    "ins": "insert",
    "prior": "pageup",
    "pgup": "pageup",
    "next": "pagedown",
    "pgdn": "pagedown",
    "control": "ctrl",
    "option": "alt",
    "cmd": "super",
    "command": "super",
    "win": "super",
    "meta": "super",
    **{f"{name}{side}": name for name in ("shift", "alt", "super") for side in "lr"},
    **{f"control{side}": "ctrl" for side in "lr"},
}
_SPARE = 220
"""Characters that the keys without a use can be given."""
MODIFIERS = ("shift", "ctrl", "alt", "super")
_KNOWN = frozenset(_NAMES.split()) | {f"f{n}" for n in range(1, 25)} | frozenset(_CHARACTERS.values())


class FakeKeyboard:
    """What goes to the window with the focus."""

    def __init__(self, screen: FakeScreen, held: Held, clipboard: FakeClipboard) -> None:
        self._screen = screen
        self._held = held
        self._clipboard = clipboard

    async def do(self, action: KeyboardAction) -> Done | Typed:
        """One action of this room; refused before anything was pressed."""
        match action:
            case Press():
                keys = self._added(chord(action.keys))
                async with self._held.during(action, keys=keys):
                    self._press((*self._held.keys,), action.repeat)
            case Hold():
                keys = self._added(chord(action.keys))
                async with self._held.during(action, keys=keys):
                    self._press((*self._held.keys,), 1)
            case KeyDown():
                keys = chord(action.keys)
                self._held.refuse_held(keys=keys)
                async with self._held.during(action):
                    self._held.keys += keys
                    if keys[-1] not in MODIFIERS:
                        self._press((*self._held.keys,), 1)
            case KeyUp():
                keys = chord(action.keys)
                self._held.refuse_free(keys=keys)
                async with self._held.during(action):
                    self._held.keys = [key for key in self._held.keys if key not in keys]
            case TypeText():
                self._held.refuse_held(keys=self._held.keys)
                check_typable(action)
                async with self._held.during(action):
                    if active := self._screen.active:
                        active.window.typed(re.sub(r"\r\n?", "\n", action.text))
                    return _typed(action)
            case _:
                assert_never(action)
        return Done()

    def _added(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Those of a chord that are not held yet, of which there must be some."""
        if added := tuple(key for key in keys if key not in self._held.keys):
            return added
        self._held.refuse_held(keys=keys)
        return ()

    def _press(self, keys: tuple[str, ...], repeat: int) -> None:
        active = self._screen.active
        if active and keys == ("alt", "f4"):
            active.window.closed = True
        elif active:
            for _ in range(repeat):
                self._press_in(active.window, keys)

    def _press_in(self, window: FakeWindow, keys: tuple[str, ...]) -> None:
        """Windows copy all of their text, whatever may be selected."""
        if keys == ("ctrl", "c"):
            self._clipboard.content = SetClipboard(text=window.text)
        elif keys in (("ctrl", "v"), ("shift", "insert")):
            window.typed(self._clipboard.text or "")
        else:
            window.pressed(keys)


def chord(keys: str) -> tuple[str, ...]:
    """The keys of a chord such as `ctrl+shift+t`, each in one spelling: lower case, no `_`, `ctrl`, `pageup`.

    A character alone stays as it is. Raises Refused for a name nobody knows.
    """
    parts = _split(keys)
    named = tuple(_key(part, keys) for part in parts)
    return named if len(named) == 1 else tuple(name.lower() for name in named)


def modifiers(names: tuple[str, ...]) -> tuple[str, ...]:
    """Keys to hold beside a click, each in one spelling. Raises Refused for what is no modifier."""
    keys = tuple(_key(name, name) for name in names)
    for name, key in zip(names, keys, strict=True):
        if key not in MODIFIERS:
            raise Refused(ErrorCode.UNKNOWN_KEY, f"{name!r} is a key but no modifier: {', '.join(MODIFIERS)}")
    return keys


def check_typable(action: TypeText) -> None:
    """Raise Refused for control characters, and for a secret with more characters than a keyboard has keys to spare."""
    for at, character in enumerate(action.text):
        if unicodedata.category(character) == "Cc" and character not in "\r\n\t":
            message = f"{character!r} (U+{ord(character):04X}), character {at}, is a control character; nothing typed"
            raise Refused(ErrorCode.UNTYPABLE, message)
    if action.secret and len({one for one in action.text if not one.isascii()}) > _SPARE:
        message = "a secret does not go through the clipboard, and there are not enough keys for it; nothing typed"
        raise Refused(ErrorCode.UNTYPABLE, message)


def _typed(action: TypeText) -> Typed:
    """How the real desktop would have typed it, with a US keyboard: line by line."""
    pasted = sum(len(piece) for piece in re.split(r"[\r\n\t]", action.text) if not piece.isascii())
    bound = sum(not one.isascii() for one in action.text)
    if action.secret:
        return Typed(keys=len(action.text) - bound, bound=bound)
    return Typed(keys=len(action.text) - pasted, pasted=pasted)


def _key(name: str, keys: str) -> str:
    if len(name) == 1 and name.isprintable() and not name.isspace():
        return name
    plain = name.lower().replace("_", "").replace("-", "")
    found = _ALIASES.get(plain, plain)
    if found not in _KNOWN:
        message = f"no key is named {name!r} (in {keys!r}); names are those of X, such as Return, Page_Up, F5, a"
        raise Refused(ErrorCode.UNKNOWN_KEY, message)
    return found


def _split(keys: str) -> list[str]:
    """Parts between plus signs; a plus sign where a key should be is the key itself."""
    if keys == "+":
        return ["+"]
    if keys.endswith("++"):
        return [*keys[:-2].split("+"), "+"]
    return keys.split("+")
