from __future__ import annotations

import json

from harness.events import RunFinished, RunStarted, StepFinished, TaskFinished, TaskResumed
from harness.record.summary import summary
from sandbox_image.wire import Size
from tests.support.tasks import ANSWER, STARTED, paid, task


def test_a_task_is_summed_up() -> None:
    told = summary(task())
    assert json.loads(json.dumps(told)) == told
    assert told["kind"] == "task"
    assert told["name"] == STARTED.task
    assert (told["model"], told["effort"], told["version"]) == ("claude-sonnet-5-5", "high", "1.2")
    assert told["limits"] == {"steps": 100, "tokens": None, "cost": None, "seconds": 3600.0}
    assert told["shown"] == {"width": 1280, "height": 800}
    assert (told["image"], told["sandbox"], told["container"]) == ("desktop:1", "s1", "c1")
    assert (told["outcome"], told["message"], told["value"]) == ("finished", ANSWER, {"items": 3})
    assert (told["turns"], told["seconds"], told["files"]) == (3, 65.0, ["list.txt"])
    assert told["tokens"] == {
        "input": 150, "cache_read": 2400, "cache_write_5m": 300, "cache_write_1h": 150, "output": 150, "thinking": 60,
    }  # fmt: skip
    assert round(float(str(told["cost"])), 6) == 0.03


def test_a_task_that_is_at_work_tells_what_it_used_so_far() -> None:
    told = summary(event for event in task() if not isinstance(event, TaskFinished))
    assert (told["outcome"], told["turns"]) == ("unfinished", 3)
    assert "finished" not in told


def test_a_task_that_goes_on_is_not_over() -> None:
    told = summary([*task(), TaskResumed(turn=3), paid(4)])
    assert (told["outcome"], told["turns"]) == ("unfinished", 4)


def test_a_sum_with_one_unknown_price_is_unknown() -> None:
    assert summary([STARTED, paid(1), paid(2, cost=None)])["cost"] is None
    assert summary([STARTED])["cost"] == 0


def test_a_flow_is_summed_up_by_its_steps() -> None:
    begun = RunStarted(
        name="a", file="a.yaml", source="", tags=("x",), screen=Size(width=8, height=6), version="1", steps=()
    )
    steps = [StepFinished(step="1", status="passed"), StepFinished(step="2", status="failed")]
    told = summary([begun, *steps, RunFinished(outcome="failed", seconds=1.5, message="no", step="2")])
    assert (told["kind"], told["name"], told["tags"]) == ("flow", "a", ["x"])
    assert told["steps"] == {"passed": 1, "failed": 1}
    assert (told["outcome"], told["seconds"], told["message"], told["step"]) == ("failed", 1.5, "no", "2")
    assert "turns" not in told


def test_of_nothing_no_more_is_told_than_that() -> None:
    assert summary([])["outcome"] == "unfinished"
