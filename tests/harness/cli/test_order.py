from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.agent import Limits, Rule
from harness.cli import order as orders
from harness.cli.order import ORDER, Options, Order
from harness.errors import UsageError
from harness.settings import read

GIVEN = Options(
    model="claude-opus-5",
    effort="low",
    system="Be brief.",
    collect=["list.txt"],
    max_steps="5",
    max_cost="0.5",
    max_time="2m",
    approve=["ask:bash"],
    secret=["PIN"],
)


def ordered(text: str, options: Options) -> Order:
    """As the command line does it."""
    return orders.ordered(text, options, read(**options.settings()))


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


def test_settings_hold_where_no_option_says_otherwise() -> None:
    settings = read(model="claude-opus-5", limits={"steps": 7, "cost": 1}, approve=[{"then": "deny", "tool": "bash"}])
    order = orders.ordered("write", Options(approve=["ask"]), settings)
    assert (order.model, order.limits) == ("claude-opus-5", Limits(steps=7, cost=1.0))
    assert [rule.then for rule in order.rules] == ["ask", "deny"]
    assert ordered("write", Options(max_steps="none")).limits.steps is None


def test_more_of_the_prompt_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("Use the shell.")
    assert ordered("write", Options(system=f"@{tmp_path}/more.txt")).system == "Use the shell."


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (Options(effort="enormous"), "effort: found 'enormous'; allowed: low, medium, high, xhigh, max"),
        (Options(max_steps="0"), "limits.steps: found '0'"),
        (Options(max_cost="much"), "limits.cost: found 'much'"),
        (Options(max_time="soon"), "limits.time: found 'soon'; a span of time is"),
        (Options(screen="big"), "sandbox.screen: found 'big'; a screen is WIDTHxHEIGHT"),
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
