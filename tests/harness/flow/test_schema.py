import pytest
from pydantic import ValidationError

from harness.flow.parts import WindowMatch
from harness.flow.schema import KINDS, DragStep, ExpectStep, FileMatch, LaunchStep, ScreenshotStep

SHORT: dict[str, object] = {
    "launch": "mousepad a.txt",
    "open": "a.txt",
    "click": "File",
    "double_click": (1, 2),
    "triple_click": "A line",
    "right_click": "/Fil./",
    "middle_click": "A tab",
    "move": (3, 4),
    "type": "Hello",
    "press": "ctrl+s",
    "hold": {"keys": "Down", "for": "2s"},
    "copy": "Hello",
    "scroll": 3,
    "drag": {"from": "A", "to": (1, 2)},
    "focus": "Mousepad",
    "close": "Mousepad",
    "arrange": {"title": "Mousepad", "to": (0, 0)},
    "bash": "ls",
    "expect": "Saved",
    "screenshot": None,
    "put": {"from": "a", "to": "b"},
    "collect": "out",
}


def test_there_is_an_example_of_every_kind() -> None:
    assert SHORT.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", SHORT)
def test_every_kind_can_be_said_and_says_itself(kind: str) -> None:
    body = KINDS[kind].model_validate(SHORT[kind])
    assert str(body)


@pytest.mark.parametrize("kind", SHORT)
def test_no_kind_takes_an_unknown_key(kind: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        KINDS[kind].model_validate({"surprise": 1})


def test_aliases_are_the_words_of_the_file() -> None:
    drag = DragStep.model_validate({"from": "A", "to": "B"})
    assert str(drag) == "'A' to 'B'"
    assert WindowMatch.model_validate({"class": "Mousepad"}).window_class == "Mousepad"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (ExpectStep.model_validate("Saved"), "'Saved'"),
        (ExpectStep.model_validate({"text": "Saved", "gone": True}), "'Saved' gone"),
        (ExpectStep.model_validate({"window": {"title": "/a/", "active": True}}), "window with title /a/, focus"),
        (ExpectStep.model_validate({"file": "a.txt"}), "file a.txt"),
        (ExpectStep.model_validate({"bash": "ls"}), "bash ls"),
        (FileMatch.model_validate("a"), "a"),
        (ScreenshotStep.model_validate(None), "screenshot"),
    ],
)
def test_a_step_is_said_in_a_few_words(body: object, said: str) -> None:
    assert str(body) == said


def test_a_command_line_is_split_without_a_shell() -> None:
    assert LaunchStep.model_validate("a 'b c' $HOME").argv == ("a", "b c", "$HOME")
