from __future__ import annotations

import pytest

import harness
from harness.agent.limits import Limits, Spent
from harness.agent.outcome import Failed, Finished, LimitReached, Outcome, Refused, Stopped, Stuck
from harness.agent.task import Task
from harness.agent.telling import Telling, told
from harness.errors import ModelError
from harness.events import (
    Answered,
    Bounds,
    Called,
    Event,
    FrameCaptured,
    Noted,
    Said,
    Speaking,
    TaskFinished,
    TaskResumed,
    TaskStarted,
    TurnFinished,
    TurnStarted,
    Waited,
)
from harness.geometry import Viewport
from harness.model.catalog import Price
from harness.model.throttle import Waiting
from harness.model.turn import Turn
from harness.sandbox.desktop import Screenshot
from harness.tools.call import Call, Result
from sandbox_image.wire import Region, ScreenPoint, Size

SCREEN = Size(width=2000, height=1000)
VIEW = Viewport(region=Region(x=0, y=0, width=2000, height=1000), shown=Size(width=1000, height=500))
TURN = Turn(
    {
        "content": [
            {"type": "thinking", "thinking": "Where is it?", "signature": "x"},
            {"type": "text", "text": "There."},
            {
                "type": "tool_use",
                "id": "a",
                "name": "left_click",
                "toolset_name": "computer",
                "input": {"coordinate": [10, 10]},
            },
        ],
        "stop_reason": "tool_use",
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 7,
            "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 3},
            "cache_read_input_tokens": 100,
            "output_tokens": 5,
            "output_tokens_details": {"thinking_tokens": 2},
        },
    }
)


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def telling(events: list[Event]) -> Telling:
    return Telling(events.append, VIEW)


def test_a_task_is_told_with_all_that_bounds_it_but_no_secret(telling: Telling, events: list[Event]) -> None:
    task = Task("write", "claude-x", "low", Limits(steps=3, cost=0.5, seconds=None), secrets={"PIN": "4711"})
    telling.began(task, SCREEN)
    began = events[0]
    assert isinstance(began, TaskStarted)
    assert (began.task, began.model, began.effort, began.secrets) == ("write", "claude-x", "low", ("PIN",))
    assert began.limits == Bounds(steps=3, cost=0.5)
    assert (began.screen, began.shown, began.version) == (SCREEN, VIEW.shown, harness.__version__)
    assert "4711" not in began.model_dump_json()


def test_turns_are_counted_on_where_a_task_was_left(telling: Telling, events: list[Event]) -> None:
    telling.resumed(7)
    telling.asking()
    resumed, asked = events
    assert isinstance(resumed, TaskResumed)
    assert isinstance(asked, TurnStarted)
    assert (resumed.turn, asked.turn) == (7, 8)


def test_an_answer_is_told_as_what_was_thought_said_and_called_for(telling: Telling, events: list[Event]) -> None:
    telling.asking()
    telling.answered(TURN)
    said = [(event.thinking, event.text) for event in events if isinstance(event, Said)]
    assert said == [(True, "Where is it?"), (False, "There.")]
    called = next(event for event in events if isinstance(event, Called))
    assert (called.tool, called.action, called.told) == ("computer", "left_click", "left click at 10,10")
    assert called.points == (ScreenPoint(x=21, y=21),)
    assert called.input == {"coordinate": [10, 10]}


def test_places_follow_a_new_size_of_the_pictures(telling: Telling, events: list[Event]) -> None:
    telling.show(Size(width=500, height=250))
    telling.answered(TURN)
    called = next(event for event in events if isinstance(event, Called))
    assert called.points == (ScreenPoint(x=42, y=42),)


def test_pieces_of_an_answer_are_told_while_they_come(telling: Telling, events: list[Event]) -> None:
    telling.hear({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "The"}})
    telling.hear({"type": "ping"})
    assert [(event.what, event.text) for event in events if isinstance(event, Speaking)] == [("text", "The")]


def test_a_result_is_told_with_its_picture(telling: Telling, events: list[Event]) -> None:
    picture = Screenshot(b"png", "png", VIEW)
    telling.result(Call("a", "screenshot", {}, "computer"), Result("seen", picture))
    frame, answered = events
    assert isinstance(frame, FrameCaptured)
    assert isinstance(answered, Answered)
    assert (frame.data, answered.frame) == (b"png", frame.frame)


def test_waits_and_costs_are_told(events: list[Event]) -> None:
    now = iter([0.0, 5.0, 7.5])
    telling = Telling(events.append, VIEW, clock=lambda: next(now))
    telling.asking()
    telling.waiting(Waiting(12.0, "rate limit: slow down", "rate limit"))
    telling.waiting(Waiting(0.0, "another model is asked"))
    telling.done(TURN, Spent(Price(input=1, output=2)).add(TURN))
    _, waited, noted, finished = events
    assert isinstance(waited, Waited)
    assert isinstance(noted, Noted)
    assert noted.text == "another model is asked"
    assert isinstance(finished, TurnFinished)
    assert (waited.seconds, waited.reason, waited.trouble) == (12.0, "rate limit: slow down", "rate limit")
    assert (finished.input, finished.output, finished.thinking) == (10, 5, 2)
    assert (finished.cache_read, finished.cache_write_5m, finished.cache_write_1h) == (100, 4, 3)
    assert finished.cost == pytest.approx((10 + 0.1 * 100 + 1.25 * 4 + 2 * 3 + 2 * 5) / 1e6)
    assert finished.seconds == 2.5


@pytest.mark.parametrize(
    ("outcome", "ending", "message"),
    [
        (Finished("done"), "finished", "done"),
        (LimitReached("steps", "100 steps"), "limit", "100 steps"),
        (Refused("cyber", "no"), "refused", "cyber: no"),
        (Stuck("again and again"), "stuck", "again and again"),
        (Stopped(), "stopped", "stopped"),
        (Failed(ModelError("no answer")), "failed", "no answer"),
    ],
)
def test_each_outcome_has_a_name_and_words(
    telling: Telling, events: list[Event], outcome: Outcome, ending: str, message: str
) -> None:
    assert told(outcome) == (ending, message)
    telling.ended(outcome, Spent())
    end = events[0]
    assert isinstance(end, TaskFinished)
    assert (end.outcome, end.message) == (ending, message)
