"""Names of keys, and chords such as `ctrl+shift+t`, as keysyms. Pure: knows no keyboard and no X server.

Names are those of X keysyms, as xdotool takes them, in any case and with or without `_` and `-`, besides the names
people use: `enter`, `esc`, `pgup`, `cmd`. A single character is its own name: `a`, `A`, `+`, `é`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from Xlib.keysymdef import latin1, miscellany, xf86, xkb

from sandbox_image.wire import ErrorCode, Refused

UNICODE = 0x0100_0000
"""Keysyms of characters outside Latin-1 are their code point plus this."""
RETURN, TAB, INSERT, SHIFT, CAPS_LOCK, LEVEL3 = 0xFF0D, 0xFF09, 0xFF63, 0xFFE1, 0xFFE5, 0xFE03
MODIFIERS = frozenset([*range(0xFFE1, 0xFFEF), LEVEL3]) - {CAPS_LOCK, 0xFFE6}
KEYPAD = range(0xFF80, 0xFFBE)

ALIASES = {
    "Return": "enter ret newline",
    "Escape": "esc",
    "BackSpace": "bksp bs",
    "Delete": "del forwarddelete",
    "Insert": "ins",
    "space": "spacebar",
    "Up": "uparrow arrowup",
    "Down": "downarrow arrowdown",
    "Left": "leftarrow arrowleft",
    "Right": "rightarrow arrowright",
    "Page_Up": "pgup",
    "Page_Down": "pgdn pgdown",
    "Control_L": "ctrl control ctl lctrl leftctrl leftcontrol ctrlleft controlleft",
    "Control_R": "rctrl rightctrl rightcontrol ctrlright controlright",
    "Shift_L": "shift lshift leftshift shiftleft",
    "Shift_R": "rshift rightshift shiftright",
    "Alt_L": "alt option opt lalt leftalt altleft",
    "Alt_R": "ralt rightalt altright",
    "ISO_Level3_Shift": "altgr altgraph",
    "Super_L": "super win windows cmd command meta lwin superleft metaleft winleft os",
    "Super_R": "rwin superright metaright winright",
    "Hyper_L": "hyper",
    "Caps_Lock": "caps",
    "Print": "prtsc prtscr printscreen printscrn sysrq",
    "Menu": "apps app contextmenu",
    "Pause": "break",
    "minus": "dash",
    "period": "dot fullstop",
    "equal": "equals",
    "apostrophe": "quote singlequote",
    "quotedbl": "doublequote",
    "grave": "backtick backquote",
    "asciitilde": "tilde",
    "asciicircum": "caret circumflex",
    "exclam": "exclamation exclamationmark bang",
    "numbersign": "hash pound",
    "asterisk": "star",
    "bar": "pipe verticalbar",
    "less": "lessthan",
    "greater": "greaterthan",
    "question": "questionmark",
    "bracketleft": "leftbracket lbracket openbracket",
    "bracketright": "rightbracket rbracket closebracket",
    "braceleft": "leftbrace lbrace",
    "braceright": "rightbrace rbrace",
    "parenleft": "leftparen lparen",
    "parenright": "rightparen rparen",
    "KP_Enter": "numpadenter",
    "KP_Add": "numpadadd numpadplus",
    "KP_Subtract": "numpadsubtract numpadminus",
    "KP_Multiply": "numpadmultiply",
    "KP_Divide": "numpaddivide",
    "KP_Decimal": "numpaddecimal",
    **{f"KP_{digit}": f"numpad{digit} num{digit}" for digit in range(10)},
    "XF86AudioMute": "volumemute mute",
    "XF86AudioLowerVolume": "volumedown",
    "XF86AudioRaiseVolume": "volumeup",
    "XF86AudioPlay": "playpause",
    "XF86AudioNext": "nexttrack",
    "XF86AudioPrev": "prevtrack",
}


class Key(NamedTuple):
    """A key by what it gives, with the name it was called by."""

    name: str
    symbol: int


def parse(chord: str) -> tuple[Key, ...]:
    """The keys of a chord in the order given. Raises Refused(UNKNOWN_KEY).

    Beside a modifier other than Shift a letter means its key, so `ctrl+A` is `ctrl+a`; alone, `A` is a capital.
    """
    keys = tuple(Key(name, _symbol(name, chord)) for name in _split(chord))
    if any(key.symbol in MODIFIERS and key.symbol not in (SHIFT, SHIFT + 1) for key in keys):
        return tuple(_uncapitalised(key) for key in keys)
    return keys


def modifiers(names: Iterable[str]) -> tuple[Key, ...]:
    """Keys to hold beside something else. Raises Refused(UNKNOWN_KEY) for a key that is no modifier."""
    keys = tuple(Key(name, _symbol(name, name)) for name in names)
    for key in keys:
        if key.symbol not in MODIFIERS:
            raise Refused(
                ErrorCode.UNKNOWN_KEY,
                f"{key.name!r} is a key but no modifier; those are shift, ctrl, alt, altgr and super; "
                f"nothing was pressed",
            )
    return keys


def symbol_of(character: str) -> int:
    """The keysym of one character; line ends are Return, a tab is Tab."""
    if character in "\r\n":
        return RETURN
    if character == "\t":
        return TAB
    code = ord(character)
    return code if 0x20 <= code < 0x7F or 0xA0 <= code <= 0xFF else UNICODE + code  # noqa: PLR2004 - Latin-1


def _split(chord: str) -> list[str]:
    """Names between plus signs; a plus sign where a name should be is the key `+`."""
    if chord.isspace() or len(chord) == 1:
        return [chord[0]]
    text = chord.strip()
    if text in ("+", "++"):
        return ["+"]
    if text.endswith("++"):
        return [*_split(text[:-2]), "+"]
    return [name.strip() or name for name in text.split("+")]


def _symbol(name: str, chord: str) -> int:
    if len(name) == 1:
        return symbol_of(name)
    symbol = _EXACT.get(name) or _FOLDED.get(_fold(name))
    if symbol is None:
        raise Refused(ErrorCode.UNKNOWN_KEY, _unknown(name, chord))
    return symbol


def _unknown(name: str, chord: str) -> str:
    near = difflib.get_close_matches(_fold(name), _SHOWN, n=3, cutoff=0.6)
    guess = f"; did you mean {', '.join(_SHOWN[match] for match in near)}?" if near else "."
    what = f"no key is called {name!r}" if name else "a key name is missing"
    inside = f" in {chord!r}" if chord != name else ""
    return (
        f"{what}{inside}{guess} Keys have X keysym names (Return, Tab, Page_Up, F5, minus) or are single characters, "
        f"joined with + (ctrl+shift+t); nothing was pressed"
    )


def _uncapitalised(key: Key) -> Key:
    lower = key.name.lower()
    return Key(lower, symbol_of(lower)) if len(key.name) == 1 and len(lower) == 1 and lower != key.name else key


def _fold(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _keysyms() -> Iterator[tuple[str, int]]:
    for group in (latin1, miscellany, xf86, xkb):
        for name, symbol in vars(group).items():
            if name.startswith("XK_dead_" if group is xkb else "XK_"):
                yield name.removeprefix("XK_").replace("XF86_", "XF86"), symbol


def _aliases() -> Iterator[tuple[str, int]]:
    for name, others in ALIASES.items():
        for other in others.split():
            yield other, _EXACT[name]


_EXACT = dict(_keysyms()) | {"hyphen": 0x2D, "EuroSign": 0x20AC, "ISO_Level3_Shift": LEVEL3, "ISO_Left_Tab": 0xFE20}
_FOLDED = {_fold(name): symbol for name, symbol in sorted(_EXACT.items())} | dict(_aliases())
_SHOWN = {_fold(name): name for name in _EXACT} | {alias: alias for alias, _ in _aliases()}
