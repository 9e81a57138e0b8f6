from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ModelError, UsageError
from harness.model.scripted import read
from harness.model.turn import Request

ASKED = Request({"messages": []})


def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "script.yaml"
    path.write_text(text)
    return path


async def test_a_script_is_played_turn_by_turn(tmp_path: Path) -> None:
    model = read(script(tmp_path, "- say: I look.\n  do: [{screenshot: }, {bash: {command: ls}}]\n- say: Done.\n"))
    first, second = await model.turn(ASKED), await model.turn(ASKED)
    assert (first.text, first.stop) == ("I look.", "tool_use")
    assert [(call.name, call.toolset, call.input) for call in first.calls] == [
        ("screenshot", "computer", {}),
        ("bash", None, {"command": "ls"}),
    ]
    assert (second.text, second.stop, second.calls) == ("Done.", "end_turn", ())


async def test_a_script_that_is_over_says_so(tmp_path: Path) -> None:
    model = read(script(tmp_path, "- do: [{screenshot: }]\n"))
    await model.turn(ASKED)
    with pytest.raises(ModelError, match="the script is over after 1 turns: its last one has no `do`"):
        await model.turn(ASKED)


async def test_a_conversation_that_was_begun_goes_on_with_the_next_turn(tmp_path: Path) -> None:
    model = read(script(tmp_path, "- say: One.\n  do: [{screenshot: }]\n- say: Two.\n"))
    begun = Request({"messages": [{"role": "user", "content": []}, {"role": "assistant", "content": []}]})
    assert (await model.turn(begun)).text == "Two."


@pytest.mark.parametrize(
    ("text", "told"),
    [("- say: [", "cannot be read as a script"), ("- sya: hm", "is no script: 0.sya"), ("say: hm", "is no script")],
)
def test_what_is_no_script_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read(script(tmp_path, text))


def test_a_script_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml cannot be read as a script"):
        read(tmp_path / "none.yaml")
