"""What is held on purpose, whatever the X server is."""

from __future__ import annotations

import pytest

from sandbox_image.held import Held
from sandbox_image.wire import ErrorCode, Refused


def holding(keys: dict[int, str], buttons: dict[int, str]) -> Held:
    held = Held()
    held.keys |= keys
    held.buttons |= buttons
    return held


def test_a_request_begins_with_what_the_server_still_holds_to_be_down() -> None:
    held = holding({37: "ctrl", 38: "a"}, {1: "left", 9: "forward"})
    held.begin(keys=[37, 50], buttons=[9])
    assert (held.keys, held.buttons) == ({37: "ctrl"}, {9: "forward"})


def test_a_request_that_is_given_up_keeps_what_was_held_before_it_and_is_still() -> None:
    held = holding({37: "ctrl", 50: "shift"}, {1: "left"})
    held.begin(keys=[37, 50], buttons=[1])
    del held.keys[37]
    held.keys[38] = "a"
    held.buttons[3] = "right"
    held.give_up()
    assert (held.keys, held.buttons) == ({50: "shift"}, {1: "left"})


def test_what_is_forgotten_is_not_held() -> None:
    held = holding({37: "ctrl"}, {1: "left"})
    held.forget()
    assert (held.keys, held.buttons) == ({}, {})


def test_what_is_down_cannot_go_down_and_what_is_up_cannot_go_up() -> None:
    held = holding({37: "ctrl"}, {8: "back"})
    held.refuse_held({38: "a"}, held.keys)
    held.refuse_free({8: "back"}, held.buttons)
    with pytest.raises(Refused, match="'ctrl' is held down already: down are the back button, 'ctrl'") as refusal:
        held.refuse_held({50: "shift", 37: "ctrl"}, held.keys)
    assert refusal.value.failure.code is ErrorCode.HELD
    with pytest.raises(Refused, match="'shift' is not held down: down are the back button, 'ctrl'") as refusal:
        held.refuse_free({37: "ctrl", 50: "shift"}, held.keys)
    assert refusal.value.failure.code is ErrorCode.HELD
    with pytest.raises(Refused, match="'left' is not held down: nothing is down"):
        Held().refuse_free({1: "left"}, {})
