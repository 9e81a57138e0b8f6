from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.agent import Limits, Rule
from harness.cli.order import ORDER, Options, Order, ordered
from harness.errors import UsageError

GIVEN = Options(
    model="claude-opus-5",
    effort="low",
    system="Be brief.",
    collect=["list.txt"],
    max_steps=5,
    max_cost=0.5,
    max_time="2m",
    approve=["ask:bash"],
    secret=["PIN"],
)


def test_without_options_a_task_has_the_usual_bounds() -> None:
    task = ordered("write", Options()).task({})
    assert (task.text, task.limits, task.secrets, task.form) == ("write", Limits(), {}, None)


def test_options_make_a_task() -> None:
    task = ordered("write", GIVEN).task({"PIN": "4711"})
    assert (task.model, task.effort, task.more) == ("claude-opus-5", "low", "Be brief.")
    assert task.limits == Limits(steps=5, cost=0.5, seconds=120.0)
    assert task.secrets == {"PIN": "4711"}
    assert task.rules == (Rule(then="ask", tool="bash"),)


def test_an_order_on_disk_is_the_same_order_and_has_no_secret(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text('{"type": "object", "properties": {"sum": {"type": "number"}}}')
    order = ordered("write", replace(GIVEN, result_schema=tmp_path / "schema.json", one_action=True))
    order.write(tmp_path)
    text = (tmp_path / ORDER).read_text()
    assert Order.model_validate_json(text) == order
    assert json.loads(text)["secrets"] == ["PIN"]


def test_more_of_the_prompt_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("Use the shell.")
    assert ordered("write", Options(system=f"@{tmp_path}/more.txt")).system == "Use the shell."


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (Options(effort="enormous"), "--effort enormous: there are low, medium, high, xhigh, max"),
        (Options(max_steps=0), "--max-steps 0: what is allowed has to be more than nothing"),
        (Options(max_cost=-1.0), "--max-cost -1.0: what is allowed"),
        (Options(max_time="soon"), "--max-time soon: a span of time is"),
        (Options(system="@none.txt"), "--system @none.txt: it cannot be read"),
        (Options(result_schema=Path("none.json")), "none.json cannot be read"),
        (Options(approve=["perhaps:bash"]), "perhaps"),
    ],
)
def test_an_option_that_cannot_be_is_told_by_its_name(options: Options, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        ordered("write", options)
    assert told in str(raised.value)


def test_a_secret_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match="PIN"):
        ordered("write", Options(secret=["PIN"])).task({})
