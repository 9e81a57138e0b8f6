from __future__ import annotations

import pytest

from harness.tools.call import Call, Json
from harness.tools.computer import KINDS
from harness.tools.words import in_words, places, tool_and_action

EXAMPLES: list[tuple[str, Json, str]] = [
    ("screenshot", {}, "look at the screen"),
    ("zoom", {"region": [1, 2, 3, 4]}, "look closely at 1,2 to 3,4"),
    ("left_click", {"coordinate": [5, 6]}, "left click at 5,6"),
    ("double_click", {}, "double click"),
    ("right_click", {"coordinate": [5, 6], "text": "ctrl"}, "right click at 5,6 with ctrl"),
    ("left_click_drag", {"start_coordinate": [1, 2], "coordinate": [3, 4]}, "drag from 1,2 to 3,4"),
    ("left_click_drag", {"coordinate": [3, 4]}, "drag to 3,4"),
    ("mouse_move", {"coordinate": [3, 4]}, "move the pointer to 3,4"),
    ("left_mouse_down", {}, "press the left button"),
    ("left_mouse_up", {}, "release the left button"),
    ("cursor_position", {}, "ask where the pointer is"),
    ("scroll", {"scroll_direction": "down", "scroll_amount": 3, "coordinate": [1, 1]}, "scroll down by 3 at 1,1"),
    ("type", {"text": "two\nlines"}, "type 'two lines'"),
    ("key", {"text": "ctrl+s"}, "press ctrl+s"),
    ("key", {"text": "Tab", "repeat": 3}, "press Tab 3 times"),
    ("hold_key", {"text": "a", "duration": 2}, "hold a for 2 s"),
    ("wait", {"duration": 2}, "wait 2 s"),
    ("fly", {"to": "moon"}, 'computer: {"to": "moon"}'),
]


@pytest.mark.parametrize(("name", "given", "words"), EXAMPLES)
def test_actions_are_told_in_words_whichever_tool_they_came_by(name: str, given: Json, words: str) -> None:
    assert in_words(Call("a", name, given, "computer")) == words
    if name in KINDS:
        assert in_words(Call("a", "computer", {"action": name, **given})) == words


@pytest.mark.parametrize(
    ("call", "words", "named"),
    [
        (Call("a", "bash", {"command": "ls  -l\n"}), "$ ls -l", ("bash", "")),
        (Call("a", "bash", {"restart": True}), "start the shell anew", ("bash", "")),
        (
            Call("a", "str_replace_editor", {"command": "str_replace", "path": "a"}),
            "str replace a",
            ("editor", "str_replace"),
        ),
        (Call("a", "price", {"name": "tea"}), "price(name='tea')", ("price", "")),
        (Call("a", "bash", {"command": "x" * 200}), f"$ {'x' * 79}…", ("bash", "")),
    ],
)
def test_other_tools_are_told_too(call: Call, words: str, named: tuple[str, str]) -> None:
    assert in_words(call) == words
    assert tool_and_action(call) == named


def test_places_are_those_of_the_picture() -> None:
    assert places(Call("a", "left_click", {"coordinate": [5, 6]}, "computer")) == ((5, 6),)
    drag: Json = {"action": "left_click_drag", "start_coordinate": [1, 2], "coordinate": [3, 4]}
    assert places(Call("a", "computer", drag)) == ((1, 2), (3, 4))
    assert places(Call("a", "computer", {"action": "key", "text": "a"})) == ()
    assert places(Call("a", "bash", {"command": "ls"})) == ()
    assert places(Call("a", "left_click", {"coordinate": "here"}, "computer")) == ()
