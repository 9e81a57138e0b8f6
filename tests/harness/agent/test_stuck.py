from __future__ import annotations

import pytest

from harness.agent.stuck import CIRCLES, PATIENCE, SAME, Advice, Watch, waits
from harness.tools.call import Call


def test_the_same_without_effect_is_nudged_once_and_then_stopped() -> None:
    watch = Watch()
    advice = [watch.note("click", "screen") for _ in range(2 * SAME)]
    assert advice == [Advice.GO_ON, Advice.GO_ON, Advice.NUDGE, Advice.GO_ON, Advice.GO_ON, Advice.STOP]


def test_the_same_action_that_changes_the_screen_is_progress() -> None:
    watch = Watch()
    assert {watch.note("press Page_Down", f"screen {turn}") for turn in range(20)} == {Advice.GO_ON}


def test_how_long_nothing_happened_makes_no_difference() -> None:
    watch = Watch()
    advice = [watch.note("click", f"nothing changed on the screen (waited {250 + turn} ms)") for turn in range(SAME)]
    assert advice[-1] is Advice.NUDGE


def test_to_and_fro_between_two_screens_is_a_circle() -> None:
    watch = Watch()
    turns = [watch.note(f"open {turn % 2}", f"screen {turn % 2}") for turn in range(12)]
    assert turns == [*[Advice.GO_ON] * 5, Advice.NUDGE, *[Advice.GO_ON] * 5, Advice.STOP]


def test_to_and_fro_by_the_same_action_is_a_circle_too() -> None:
    watch = Watch()
    turns = [watch.note("press alt+Tab", f"screen {turn % 2}") for turn in range(6)]
    assert turns[-1] is Advice.NUDGE


def test_other_actions_on_a_screen_that_stays_are_no_circle() -> None:
    watch = Watch()
    assert {watch.note(f"click {turn}", "screen") for turn in range(20)} == {Advice.GO_ON}


def test_waiting_is_no_circle_for_a_good_while() -> None:
    watch = Watch()
    advice = [watch.note("wait", "screen", waiting=True) for _ in range(2 * PATIENCE)]
    assert [turn for turn, told in enumerate(advice, 1) if told is not Advice.GO_ON] == [PATIENCE, 2 * PATIENCE]
    assert (advice[PATIENCE - 1], advice[-1]) == (Advice.NUDGE, Advice.STOP)


def test_waiting_for_a_screen_that_goes_on_is_never_a_circle() -> None:
    watch = Watch()
    assert {watch.note("wait", f"{turn} %", waiting=True) for turn in range(100)} == {Advice.GO_ON}


def test_waiting_between_the_same_actions_does_not_hide_them() -> None:
    watch = Watch()
    for turn in range(SAME):
        assert watch.note("click", "screen") is (Advice.NUDGE if turn == SAME - 1 else Advice.GO_ON)
        watch.note("wait", "screen", waiting=True)


def test_after_a_nudge_that_helped_there_is_another_one() -> None:
    watch = Watch()
    assert [watch.note("click", "screen") for _ in range(SAME)][-1] is Advice.NUDGE
    assert {watch.note(f"type {turn}", f"screen {turn}") for turn in range(2 * CIRCLES)} == {Advice.GO_ON}
    assert [watch.note("click", "screen") for _ in range(SAME)][-1] is Advice.NUDGE


def member(name: str) -> Call:
    return Call("a", name, {}, "computer")


@pytest.mark.parametrize(
    ("calls", "waiting"),
    [
        ([member("wait"), member("screenshot")], True),
        ([Call("a", "computer", {"action": "wait", "duration": 5})], True),
        ([Call("a", "bash", {"command": "sleep 30; ls"}), member("zoom")], True),
        ([member("screenshot")], False),
        ([member("wait"), member("left_click")], False),
        ([Call("a", "bash", {"command": "ls"})], False),
        ([], False),
    ],
)
def test_only_what_waits_and_looks_is_waiting(calls: list[Call], waiting: bool) -> None:  # noqa: FBT001 - the answer
    assert waits(calls) is waiting
