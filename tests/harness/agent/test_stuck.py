from __future__ import annotations

from harness.agent.stuck import SAME, Advice, Watch


def test_the_same_without_effect_is_nudged_once_and_then_stopped() -> None:
    watch = Watch()
    advice = [watch.note("click", "screen") for _ in range(2 * SAME)]
    assert advice == [Advice.GO_ON, Advice.GO_ON, Advice.NUDGE, Advice.GO_ON, Advice.GO_ON, Advice.STOP]


def test_the_same_action_that_changes_the_screen_is_progress() -> None:
    watch = Watch()
    assert {watch.note("press Tab", f"screen {turn}") for turn in range(20)} == {Advice.GO_ON}


def test_to_and_fro_between_two_screens_is_a_circle() -> None:
    watch = Watch()
    turns = [watch.note(f"open {turn % 2}", f"screen {turn % 2}") for turn in range(6)]
    assert turns == [Advice.GO_ON] * 5 + [Advice.NUDGE]


def test_other_actions_on_a_screen_that_stays_are_no_circle() -> None:
    watch = Watch()
    assert {watch.note(f"click {turn}", "screen") for turn in range(20)} == {Advice.GO_ON}
