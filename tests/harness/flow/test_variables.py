from pathlib import Path

import pytest

from harness.errors import FlowError
from harness.flow.parse import load, loads
from harness.flow.plan import Flow
from harness.flow.schema import PressStep, TypeStep

FLOW = """\
harness: 1
name: Variables
vars:
  user: Ada
  times: 3
  loud: false
  password: {env: APP_PASSWORD, secret: true}
steps:
  - type: "${user} of ${times}, ${loud}: $${user} ${missing_one:-none}"
  - press: {keys: "${times}", repeat: "${times}"}
  - type: "${password}"
"""


def read(tmp_path: Path, given: dict[str, str] | None = None, **environment: str) -> Flow:
    path = tmp_path / "a.flow.yaml"
    path.write_text(FLOW.replace(" ${missing_one:-none}", ""))
    return load(path, given, {"APP_PASSWORD": "s3cret", **environment})


def test_values_come_in_as_text_and_whole_values_keep_their_type(tmp_path: Path) -> None:
    flow = read(tmp_path)
    typed, pressed, _ = (step.body for step in flow.steps)
    assert isinstance(typed, TypeStep)
    assert typed.text == "Ada of 3, false: ${user}"
    assert isinstance(pressed, PressStep)
    assert (pressed.keys, pressed.repeat) == ("3", 3)


def test_the_command_line_goes_before_the_environment_and_that_before_the_default(tmp_path: Path) -> None:
    typed = read(tmp_path, {"user": "Bob", "password": "given"}).steps
    assert [str(step.body) for step in typed] == ["Bob of 3, false: ${user}", "3", "given"]
    assert str(read(tmp_path).steps[2].body) == "s3cret"


def test_secrets_are_known_and_so_are_the_steps_that_use_them(tmp_path: Path) -> None:
    flow = read(tmp_path)
    assert flow.secrets == ("s3cret",)
    assert [step.secret for step in flow.steps] == [False, False, True]


@pytest.mark.parametrize(
    ("given", "told"),
    [({"times": "many"}, "4|times: must be an integer"), ({"loud": "maybe"}, "must be true or false")],
)
def test_a_value_from_outside_has_the_type_of_the_default(tmp_path: Path, given: dict[str, str], told: str) -> None:
    with pytest.raises(FlowError, match=told):
        read(tmp_path, given)


def test_a_variable_that_is_not_declared_is_refused_even_with_something_to_fall_back_on() -> None:
    with pytest.raises(FlowError, match="no variable 'missing_one' is declared"):
        loads(FLOW)


def test_what_to_fall_back_on_is_used_where_there_is_no_value(tmp_path: Path) -> None:
    path = tmp_path / "b.flow.yaml"
    path.write_text('harness: 1\nname: a\nvars: {x: {env: X}}\nsteps:\n  - type: "${x:-y}"\n')
    assert str(load(path, environment={}).steps[0].body) == "y"
    assert str(load(path, environment={"X": "z"}).steps[0].body) == "z"
