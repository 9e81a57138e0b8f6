"""A call in words, for people who watch."""

from __future__ import annotations

import json

from harness.errors import UsageError
from harness.tools.bash import NAME as BASH
from harness.tools.call import Call
from harness.tools.computer import (
    TOOL,
    Action,
    Clicks,
    Drag,
    Hold,
    HoldKey,
    Key,
    Look,
    Move,
    Pair,
    Scroll,
    Type,
    Wait,
    Where,
    Zoom,
    parsed,
)
from harness.tools.editor import NAMES

EDITOR = "editor"
"""What the editor is called here, whatever its version is."""
LONGEST = 80
"""Characters of a text that are shown."""


def tool_and_action(call: Call) -> tuple[str, str]:
    """A call's tool and action, by the same names whatever the version of the tool."""
    if call.toolset:
        return call.toolset, call.name
    action = call.input.get("action" if call.name == TOOL else "command") if call.name != BASH else None
    return (EDITOR if call.name in NAMES.values() else call.name), action if isinstance(action, str) else ""


def in_words(call: Call) -> str:
    """What a call asks for, in one line."""
    tool, action = tool_and_action(call)
    if tool == TOOL:
        try:
            return _computer(parsed(call))
        except UsageError:
            return f"{tool}: {_short(json.dumps(call.input, ensure_ascii=False))}"
    if tool == BASH:
        return (
            "start the shell anew" if call.input.get("restart") else f"$ {_short(str(call.input.get('command', '')))}"
        )
    if tool == EDITOR:
        return f"{action.replace('_', ' ')} {call.input.get('path', '')}"
    return f"{tool}({_short(', '.join(f'{name}={value!r}' for name, value in call.input.items()))})"


def places(call: Call) -> tuple[Pair, ...]:
    """Where a call points, in pixels of the picture."""
    try:
        action = parsed(call) if TOOL in (call.toolset, call.name) else None
    except UsageError:
        return ()
    match action:
        case Drag(start_coordinate=start, coordinate=end):
            return (start, end) if start else (end,)
        case Clicks(coordinate=place) | Move(coordinate=place) | Scroll(coordinate=place):
            return (place,) if place else ()
        case _:
            return ()


def _computer(action: Action) -> str:  # noqa: C901, PLR0911 - a phrase for each kind
    match action:
        case Look():
            return "look at the screen"
        case Zoom(region=region):
            return f"look closely at {region[0]},{region[1]} to {region[2]},{region[3]}"
        case Clicks(action=name, coordinate=place, text=keys):
            return f"{name.replace('_', ' ')}{_at(place)}{f' with {keys}' if keys else ''}"
        case Drag(start_coordinate=start, coordinate=end):
            return f"drag{f' from {start[0]},{start[1]}' if start else ''} to {end[0]},{end[1]}"
        case Move(coordinate=place):
            return f"move the pointer{_at(place, 'to')}"
        case Hold(action=name):
            return "press the left button" if name == "left_mouse_down" else "release the left button"
        case Where():
            return "ask where the pointer is"
        case Scroll(scroll_direction=way, scroll_amount=amount, coordinate=place):
            return f"scroll {way} by {amount}{_at(place)}"
        case Type(text=text):
            return f"type {_short(text)!r}"
        case Key(text=keys, repeat=repeat):
            return f"press {keys}{f' {repeat} times' if repeat > 1 else ''}"
        case HoldKey(text=keys, duration=seconds):
            return f"hold {keys} for {seconds} s"
        case Wait(duration=seconds):
            return f"wait {seconds} s"


def _at(place: Pair | None, word: str = "at") -> str:
    return f" {word} {place[0]},{place[1]}" if place else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
