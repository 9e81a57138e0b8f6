from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli.show_task import ShowTask
from harness.events import (
    Called,
    Event,
    Noted,
    Said,
    SandboxStarted,
    Speaking,
    TaskResumed,
    TurnStarted,
    Waited,
)
from tests.support.tasks import STARTED, answered, finished, paid, task

TURN = TurnStarted(turn=1)
CALL = Called(turn=1, call="a", tool="bash", action="", told="$ make", input={"command": "make"})


SAYING = Speaking(turn=1, what="text", text="I lo")


class Clock:
    """Goes on when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(events: Iterable[Event]) -> list[str]:
    out, clock = io.StringIO(), Clock()
    with ShowTask(Console(file=out, width=80), clock=clock) as show:
        for event in events:
            clock.now += 1
            show(event)
    assert "\x1b" not in out.getvalue()
    return out.getvalue().splitlines()


# --- lines ------------------------------------------------------------------------------------------------------


def test_there_is_a_line_for_each_action_and_what_is_said() -> None:
    told = [" ".join(one.split()) for one in lines(task())]
    assert told == [
        "Write a shopping list and save it as list.txt claude-sonnet-5-5, high",
        "I look around.",
        "1 ✓ look at the screen 1.1k $0.010 0:09",
        "waiting 12 s: rate limit",
        "2 ✓ $ cat <<EOF >list.txt milk bread EOF 2.1k $0.020 0:17",
        "✓ left click at 640,400 2.1k $0.020 0:19",
        "✕ drag from 10,10 to 99,99 2.1k $0.020 0:21",
        "(5000, 3) is not in the picture",
        "✕ press ctrl+s 2.1k $0.020 0:22",
        "Not executed: an earlier computer action in this turn failed.",
        "The list is saved as <b>list.txt</b>.",
        "",
        "finished after 3 turns in 1 min 5 s, 3.1k tokens (80 % of what it read from the cache), $0.030",
        "result",
        "{",
        '"items": 3',
        "}",
        "kept list.txt from /home/user/list.txt",
    ]


def test_what_it_comes_to_stands_in_columns() -> None:
    actions = [one for one in lines(task()) if "✓" in one or "✕" in one]
    assert len({len(one) for one in actions}) == 1


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("limit", "limit reached"), ("refused", "refused"), ("stuck", "stuck"), ("stopped", "stopped"),
        ("failed", "failed"),
    ],
)  # fmt: skip
def test_what_ended_it_is_told_with_its_reason(outcome: str, told: str) -> None:
    end = lines([STARTED, TURN, paid(1), finished(outcome, "why\nit ended")])
    at = next(index for index, one in enumerate(end) if one.startswith(f"  {told} after "))
    assert end[at + 1 : at + 3] == ["    why", "    it ended"]


def test_an_answer_that_was_said_is_not_told_twice() -> None:
    told = lines([STARTED, TURN, Said(turn=1, text="Done.\n"), paid(1), finished(message="Done.")])
    assert [one.strip() for one in told].count("Done.") == 1


def test_where_prices_are_not_known_there_is_no_sum() -> None:
    told = lines([STARTED, TURN, CALL, paid(1, cost=None), answered(1, "a"), finished()])
    assert not any("$0" in one or "unknown" in one for one in told)


def test_of_a_long_failure_its_first_lines_are_told() -> None:
    told = lines([STARTED, TURN, CALL, answered(1, "a", "1\n2\n3\n4\n5", failed=True)])
    assert [one.strip() for one in told[-4:]] == ["1", "2", "3", "…"]


def test_a_task_that_is_resumed_says_so() -> None:
    assert "  resumed after turn 7" in lines([STARTED, TaskResumed(turn=7)])


def test_of_a_task_of_many_words_the_first_are_shown() -> None:
    told = lines([STARTED.model_copy(update={"task": "milk, " * 1000})])
    assert len(" ".join(told)) < 600


def test_what_a_resumed_task_comes_to_is_all_of_it() -> None:
    out = io.StringIO()
    with ShowTask(Console(file=out, width=80)) as show:
        show.recall([STARTED, TURN, CALL, paid(1)])
        rest: list[Event] = [TaskResumed(turn=1), TurnStarted(turn=2), paid(2), finished()]
        for event in rest:
            show(event)
    told = [" ".join(one.split()) for one in out.getvalue().splitlines()]
    assert told[:2] == ["Write a shopping list and save it as list.txt claude-sonnet-5-5, high", "resumed after turn 1"]
    assert "2.1k tokens" in " ".join(told)


def test_the_last_line_is_broken_between_words_on_a_narrow_terminal() -> None:
    out = io.StringIO()
    show = ShowTask(Console(file=out, width=40, force_terminal=True, color_system=None))
    events: list[Event] = [STARTED, TURN, paid(1), finished()]
    for event in events:
        show(event)
    at = next(one for one in out.getvalue().splitlines() if "finished" in one)
    assert at.startswith("  finished after")
    assert len(at.rstrip()) <= 40


def test_nothing_from_a_model_or_a_sandbox_can_drive_the_terminal() -> None:
    evil = "\x1b]0;title\x07\nx"
    call = CALL.model_copy(update={"told": evil})
    events: list[Event] = [STARTED, TURN, Said(turn=1, text=evil), Waited(seconds=1, reason=evil), call]
    told = lines([*events, answered(1, "a", evil, failed=True), finished("failed", evil)])
    assert all(one.isprintable() for one in told)


def test_where_the_report_lies_is_told_last() -> None:
    out = io.StringIO()
    with ShowTask(Console(file=out, width=40)) as show:
        show.report(Path("runs/a/report.html"))
    assert out.getvalue() == "  report runs/a/report.html\n\n"


# --- what is at work --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "waited", "told"),
    [
        ([], 0, "starting a sandbox"),
        ([SandboxStarted(seconds=1)], 0, "starting a sandbox"),
        ([STARTED, TURN], 65, "thinking… 1:05"),
        ([STARTED, TURN, Speaking(turn=1, what="thinking", text="hm")], 0, "thinking…"),
        ([STARTED, TURN, SAYING, Speaking(turn=1, what="text", text="ok")], 0, "I look"),
        ([STARTED, TURN, Waited(seconds=12, reason="rate limit")], 5, "waiting 12 s: rate limit"),
        ([STARTED, TURN, Waited(seconds=12, reason="rate limit")], 13, "thinking…"),
        ([STARTED, TURN, Waited(seconds=12, reason="x"), Speaking(turn=1, what="thinking", text="hm")], 5, "thinking…"),
        ([STARTED, TURN, CALL, paid(1)], 3, "$ make 1.1k $0.010 0:03"),
        ([STARTED, TURN, CALL, paid(1), answered(1, "a")], 0, "thinking…"),
    ],
)
def test_a_terminal_shows_what_is_at_work(events: list[Event], waited: float, told: str) -> None:
    out, clock = io.StringIO(), Clock()
    show = ShowTask(Console(file=out, force_terminal=True, width=60, color_system=None), clock=clock)
    for event in events:
        show(event)
    out.truncate(out.seek(0))
    clock.now += waited
    with show:
        pass
    assert told in " ".join(out.getvalue().split())


def test_what_there_is_to_know_is_a_line_of_its_own() -> None:
    out = io.StringIO()
    with ShowTask(Console(file=out, width=80)) as show:
        show(STARTED)
        show(Noted(text="the model retires tomorrow"))
    assert "the model retires tomorrow" in [line.strip() for line in out.getvalue().splitlines()]
