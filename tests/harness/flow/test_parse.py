import re
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from harness.errors import FlowError
from harness.flow.parse import load, loads
from harness.flow.schema import KINDS, ClickStep, ExpectStep, LaunchStep

HEAD = "harness: 1\nname: A flow\n"


def problems_of(source: str) -> list[str]:
    with pytest.raises(FlowError) as raised:
        loads(source, Path("f.flow.yaml"))
    return str(raised.value).removeprefix("f.flow.yaml:").split("\nf.flow.yaml:")


def step(text: str) -> str:
    return f"{HEAD}steps:\n  - {text}\n"


BAD: dict[str, tuple[str, list[str]]] = {
    "an empty file": ("", ["1:1: a flow is a mapping that begins with `harness: 1`"]),
    "a list": ("- a", ["1:1: a flow is a mapping that begins with `harness: 1`"]),
    "a secret that is to be read back": (
        f"{HEAD}vars: {{w: {{default: x, secret: true}}}}\nsteps:\n  - type: {{text: '${{w}}', read_back: true}}\n",
        ["5:26: a secret is never read back; leave it out"],
    ),
    "no YAML": ("harness: [1", ["1:12: no valid YAML: expected ',' or ']', but got '<stream end>'"]),
    "missing keys": (
        "tags: [a]",
        ["1:1: the key 'harness' is missing", "1:1: the key 'name' is missing", "1:1: the key 'steps' is missing"],
    ),
    "another version": (f"{step('click: a')}".replace("1", "2", 1), ["1:10: harness: must be 1; found 2"]),
    "no steps": (f"{HEAD}steps: []", ["3:8: steps: give at least one step"]),
    "a key at the top with a slip": (f"{step('click: a')}tag: [x]", ["5:1: unknown key 'tag'; did you mean 'tags'?"]),
    "a key given twice": (
        f"{step('click: a')}name: B",
        ["5:1: the key 'name' is given twice; first in line 2"],
    ),
    "an unknown step": (step("clik: File"), ["4:5: unknown step 'clik'; did you mean 'click'?"]),
    "two steps in one": (
        step("{click: a, press: b}"),
        ["4:16: a step does one thing; found click and press: make two steps"],
    ),
    "a step that is text": (step("click"), ["4:5: a step is a mapping such as `click: Save`; found 'click'"]),
    "a common key with a slip": (
        step("{click: a, timout: 5s}"),
        ["4:16: unknown key 'timout'; did you mean 'timeout'?"],
    ),
    "a key of a step with a slip": (step("click: {txt: a}"), ["4:13: unknown key 'txt'; did you mean 'text'?"]),
    "a common key inside": (
        step("click: {text: a, timeout: 5s}"),
        ["4:22: 'timeout' stands beside 'click', not in it"],
    ),
    "a key deep inside": (
        step("expect: {window: {titel: a}}"),
        ["4:23: unknown key 'titel'; did you mean 'title'?"],
    ),
    "an alias of a key": (
        step("collect: {form: a}"),
        ["4:14: the key 'from' is missing", "4:15: unknown key 'form'; did you mean 'from'?"],
    ),
    "a time without a unit": (
        step("{click: a, timeout: 5}"),
        ["4:25: timeout: a span of time has a unit, such as 750ms, 5s or 2m; write 5s or 5ms"],
    ),
    "a time of another kind": (
        step("{click: a, timeout: soon}"),
        ["4:25: timeout: a span of time has a unit, such as 750ms, 5s or 2m; found 'soon'"],
    ),
    "a time beyond all": (step("{click: a, timeout: 90m}"), ["4:25: timeout: 90m is too long; an hour is the most"]),
    "a time given twice": (
        step("{expect: {text: a, timeout: 1s}, timeout: 2s}"),
        ["4:24: timeout is given twice for one step"],
    ),
    "a number for a text": (step("click: 5"), ["4:12: text: must be text; put 5 in quotes"]),
    "a bad regular expression": (
        step("expect: /(/"),
        ["4:13: text: /(/ is no regular expression: missing ), unterminated subpattern at position 0"],
    ),
    "a text of space": (step("click: ' '"), ["4:12: text: must be more than space"]),
    "a point of three": (
        step("click: [1, 2, 3]"),
        ["4:12: point: a point is [x, y] in screen pixels; found [1, 2, 3]"],
    ),
    "a flat region": (
        step("click: {text: a, region: [0, 0, 0, 5]}"),
        ["4:30: region: a region is at least one pixel wide and high; found [0, 0, 0, 5]"],
    ),
    "text and point": (
        step("click: {text: a, point: [1, 2]}"),
        ["4:12: click: say where: text, node or point: [x, y]"],
    ),
    "nothing expected": (
        step("expect: {}"),
        ["4:13: expect: expect one of text, node, window, file, bash or clipboard; found none"],
    ),
    "two things expected": (
        step("expect: {text: a, file: b}"),
        ["4:13: expect: expect one of text, node, window, file, bash or clipboard; found text and file"],
    ),
    "a command that is gone": (
        step("expect: {bash: ls, gone: true}"),
        ["4:13: expect: a command cannot be gone; expect its exit code instead"],
    ),
    "a scroll of nothing": (
        step("scroll: 0"),
        ["4:13: scroll: say how far: down or right, in clicks of the wheel, negative for up and left"],
    ),
    "a file that is not there": (
        step("put: {from: nothing.txt, to: a}"),
        ["4:17: there is no nothing.txt in the flow's folder ."],
    ),
    "an open quotation": (step("launch: a 'b"), ["4:13: run: is no command line: No closing quotation"]),
    "a tag": (
        step("click: !!python/name:os.system a"),
        ["4:12: the tag tag:yaml.org,2002:python/name:os.system means nothing here; leave it out"],
    ),
    "an unknown variable": (
        f"{HEAD}vars: {{user: a}}\nsteps:\n  - type: ${{usr}}",
        ["5:11: no variable 'usr' is declared under vars; did you mean 'user'? For a literal text write $${usr}"],
    ),
    "a variable without a value": (
        f"{HEAD}vars: {{user: {{}}}}\nsteps:\n  - type: ${{user}}",
        ["3:14: the variable 'user' has no value: give -v user=VALUE"],
    ),
    "a screen": (
        f"{HEAD}desktop: {{screen: big}}\nsteps: [{{click: a}}]",
        ["3:19: screen: a screen is WIDTHxHEIGHT in pixels, such as 1280x800; found 'big'"],
    ),
    "an application": (
        f"{HEAD}desktop: {{apps: [Gimp]}}\nsteps: [{{click: a}}]",
        ["3:17: apps: an application is the name of a Debian package, such as featherpad; 'Gimp' is none"],
    ),
    "a type for an enumeration": (
        step("{click: a, optional: 'yes'}"),
        ["4:26: optional: must be true or false; found 'yes'"],
    ),
    "an unknown variable like no other": (
        f"{HEAD}vars: {{a: 1, b: 2}}\nsteps:\n  - type: ${{user}}",
        ["5:11: no variable 'user' is declared under vars; declared: a, b. For a literal text write $${user}"],
    ),
    "a list for a variable": (
        f"{HEAD}vars: {{a: [1]}}\nsteps: [{{click: a}}]",
        ["3:11: default: must be text, a number, true or false; found [1]"],
    ),
    "one step for a list": (f"{HEAD}steps: {{click: a}}", ["3:8: steps: must be a list; found {'click': 'a'}"]),
    "a list for a mapping": (step("drag: [1, 2]"), ["4:11: drag: must be a mapping; found [1, 2]"]),
    "a text for a number": (step("scroll: far"), ["4:13: down: must be a whole number; found 'far'"]),
    "a number too small": (
        step("press: {keys: a, repeat: 0}"),
        ["4:30: repeat: must be at least 1; found 0"],
    ),
    "an empty text": (step("type: ''"), ["4:11: text: must not be empty; found ''"]),
    "a path for a name": (
        step("collect: {from: a, as: b/c}"),
        ["4:28: as: must be a short file name of letters, digits, spaces, dots, hyphens and underscores; found 'b/c'"],
    ),
    "a pause": (step("wait: 3s"), ["4:5: unknown step 'wait'; nothing sleeps: `expect` waits until something is so"]),
    "a step of nothing": (f"{HEAD}steps: [null]", ["3:9: a step is a mapping such as `click: Save`; found nothing"]),
    "a value of nothing, at its key": (
        f"{step('expect:')}  - click: a",
        ["4:5: expect: expect one of text, node, window, file, bash or clipboard; found none"],
    ),
    "several at once, in the order of the file": (
        f"{HEAD}steps:\n  - clik: a\n  - press: {{}}\nnme: x",
        [
            "4:5: unknown step 'clik'; did you mean 'click'?",
            "5:12: the key 'keys' is missing",
            "6:1: unknown key 'nme'; did you mean 'name'?",
        ],
    ),
}


def test_a_desktop_may_need_applications() -> None:
    flow = loads(f"{HEAD}desktop: {{apps: [gimp, featherpad]}}\nsteps: [{{click: a}}]", Path("f.flow.yaml"))
    assert flow.apps == ("featherpad", "gimp")


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_told_with_its_place(name: str) -> None:
    source, told = BAD[name]
    assert problems_of(source) == told


def test_a_flow_in_short_forms_reads_as_meant() -> None:
    flow = loads(
        f"{HEAD}setup:\n  - launch: mousepad a.txt\nsteps:\n  - click: File\n  - expect: Saved\n  - click: [3, 4]\n"
    )
    (launch,), (click, expect, point) = flow.setup, flow.steps
    assert isinstance(launch.body, LaunchStep)
    assert launch.body.argv == ("mousepad", "a.txt")
    assert isinstance(click.body, ClickStep)
    assert str(click.body.text) == "'File'"
    assert isinstance(expect.body, ExpectStep)
    assert isinstance(point.body, ClickStep)
    assert point.body.point
    assert (point.body.point.x, point.body.point.y) == (3, 4)
    assert [step.id for step in (launch, click, expect, point)] == ["setup.1", "steps.1", "steps.2", "steps.3"]


def test_a_step_knows_its_line_and_its_lines() -> None:
    flow = loads(f"{HEAD}steps:\n  - click:\n      text: File\n\n  # next\n  - press: a\n")
    assert [(step.line, step.source) for step in flow.steps] == [
        (4, "  - click:\n      text: File"),
        (8, "  - press: a"),
    ]


def test_to_check_a_flow_its_secrets_need_not_be_at_hand(tmp_path: Path) -> None:
    path = tmp_path / "a.flow.yaml"
    path.write_text(f"{HEAD}vars: {{n: {{env: N, secret: true}}}}\nsteps:\n  - press: {{keys: a, repeat: '${{n}}'}}\n")
    assert load(path, environment={}, complete=False).variables == ("n",)
    with pytest.raises(FlowError, match="has no value: give -v n=VALUE or set N in the environment"):
        load(path, environment={})


def test_a_file_that_cannot_be_read_is_a_flow_error(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="1:1: cannot be read: No such file"):
        load(tmp_path / "none.flow.yaml")


KEYS = st.sampled_from(
    ["harness", "name", "steps", "setup", "vars", "click", "expect", "text", "timeout", "from", "to", "window", "point"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["${a}", "/(/", "5s"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def reads_or_refuses(source: str) -> None:
    try:
        loads(source)
    except FlowError as error:
        told = str(error)
    else:
        return
    assert [line for line in told.splitlines() if not re.match(r"flow\.yaml:\d+:\d+: \S", line)] == []


def reads_or_refuses_data(data: dict[str, object]) -> None:
    out = StringIO()
    try:
        YAML(typ="safe", pure=True).dump(data, out)
    except YAMLError:
        return
    reads_or_refuses(out.getvalue())


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_mapping_is_read_or_refused_with_a_place(data: dict[str, object]) -> None:
    reads_or_refuses_data(data)


@given(st.text(alphabet=st.sampled_from("abc:-[]{}&*!|>'\"#%@` \n\t,?${}0123"), max_size=60))
def test_any_text_is_read_or_refused_with_a_place(source: str) -> None:
    reads_or_refuses(source)


@given(VALUES)
def test_any_value_of_any_step_is_read_or_refused_with_a_place(value: object) -> None:
    for kind in KINDS:
        reads_or_refuses_data({"harness": 1, "name": "a", "steps": [{kind: value}]})
