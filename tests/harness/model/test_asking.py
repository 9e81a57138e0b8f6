from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.model.asking import Asking
from harness.model.catalog import BETAS, Entry, Thinking, find, listed
from harness.model.transcript import Transcript
from harness.model.turn import Request, Turn
from harness.tools.call import Json
from harness.tools.editor import NAMES
from sandbox_image.wire import Size

SCREEN = Size(width=1920, height=1080)


def asking(model: str, **more: object) -> Asking:
    return Asking(model, find(model) or Entry(), "You work at a desktop.", SCREEN, **more)  # type: ignore[arg-type]


def asked(question: Asking) -> Request:
    transcript = Transcript()
    transcript.say({"type": "text", "text": "look around"})
    return question.request(transcript)


def tools(request: Request) -> list[Json]:
    found: list[Json] = request.body["tools"]  # type: ignore[assignment]
    return found


def test_the_newest_tool_is_declared_without_a_size_and_needs_no_beta() -> None:
    request = asked(asking("claude-opus-5"))
    assert tools(request)[0] == {"type": "computer_toolset_20260801"}
    assert request.betas == ()


@pytest.mark.parametrize("model", ["claude-opus-4-6", "claude-haiku-4-5"])
def test_an_older_tool_is_declared_with_the_size_of_the_pictures_and_its_beta(model: str) -> None:
    request, entry = asked(asking(model)), find(model)
    assert entry is not None
    computer = tools(request)[0]
    assert (computer["display_width_px"], computer["display_height_px"]) == (1456, 819)
    assert computer.get("enable_zoom", False) is (computer["type"] == "computer_20251124")
    assert request.betas == (BETAS[entry.computer[0]],)


@pytest.mark.parametrize("model", sorted(listed()))
def test_the_editor_has_the_name_that_its_version_needs(model: str) -> None:
    editor = tools(asked(asking(model)))[2]
    assert editor["name"] == NAMES[str(editor["type"])]


def test_all_but_the_conversation_is_the_same_in_every_request() -> None:
    question, transcript = asking("claude-sonnet-5-5"), Transcript()
    transcript.say({"type": "text", "text": "look around"})
    first = json.dumps({**question.request(transcript).body, "messages": []})
    transcript.say({"type": "text", "text": "and again"})
    assert json.dumps({**question.request(transcript).body, "messages": []}) == first


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("claude-opus-5-5", {"type": "adaptive", "display": "summarized"}),
        ("claude-opus-4-5", {"type": "enabled", "budget_tokens": 4000}),
    ],
)
def test_thinking_is_asked_for_in_the_form_that_the_model_takes(model: str, thinking: Json) -> None:
    assert asked(asking(model)).body["thinking"] == thinking


@pytest.mark.parametrize("form", ["between_tools", "disabled"])
def test_forms_that_take_nothing_more_are_asked_for_alone(form: Thinking) -> None:
    question = asking("claude-sonnet-5-5")
    question = replace(question, entry=question.entry.model_copy(update={"thinking": (form,)}))
    assert asked(question).body["thinking"] == {"type": form}


def test_effort_is_what_was_asked_for_else_the_models_own() -> None:
    assert asked(asking("claude-opus-5-5")).body["output_config"] == {"effort": "medium"}
    assert asked(asking("claude-opus-5-5", effort="low")).body["output_config"] == {"effort": "low"}
    assert "output_config" not in asked(asking("claude-haiku-4-5", effort="low")).body


def test_a_form_goes_with_the_request() -> None:
    output = asked(asking("claude-haiku-4-5", form={"type": "object"})).body["output_config"]
    assert output == {"format": {"type": "json_schema", "schema": {"type": "object"}}}


def test_one_action_a_turn_is_asked_for() -> None:
    choice = asked(asking("claude-opus-5", one_action=True)).body["tool_choice"]
    assert choice == {"type": "auto", "disable_parallel_tool_use": True}


def test_the_api_is_told_how_many_answers_of_the_computer_stay_once_some_shall_leave() -> None:
    question, transcript = asking("claude-sonnet-5-5", tools=[{"name": "request_human"}]), Transcript()
    transcript.say({"type": "text", "text": "look around"})
    for number in range(5):
        used: Json = {"type": "tool_use", "id": f"a{number}", "name": "key", "toolset_name": "computer", "input": {}}
        ran: Json = {"type": "tool_use", "id": f"b{number}", "name": "bash", "input": {}}
        transcript.answered(Turn({"content": [used, ran]}))
    assert "context_management" not in question.request(transcript).body
    transcript.cleared = 2
    request = question.request(transcript)
    assert request.betas == ("context-management-2025-06-27",)
    assert request.body["context_management"] == {
        "edits": [
            {
                "type": "clear_tool_uses_20250919",
                "trigger": {"type": "tool_uses", "value": 3},
                "keep": {"type": "tool_uses", "value": 3},
                "exclude_tools": ["bash", "str_replace_based_edit_tool", "request_human"],
            }
        ]
    }


def test_smaller_pictures_are_declared_and_asked_for_only_where_they_are_smaller() -> None:
    smaller = asking("claude-haiku-4-5").smaller(1000)
    assert smaller is not None
    assert (smaller.shown.width, smaller.shown.height) == (1000, 562)
    declared = tools(asked(smaller))[0]
    assert (declared["display_width_px"], declared["display_height_px"]) == (1000, 562)
    assert smaller.smaller(1000) is None
    assert smaller.smaller(None) is None


def test_an_older_tool_and_a_longer_answer_can_be_asked_for_until_there_is_none() -> None:
    older = asking("claude-opus-5").stepped_down()
    assert older is not None
    assert tools(asked(older))[0]["type"] == "computer_20251124"
    assert older.stepped_down() is None
    lengths, longer = [], asking("claude-haiku-4-5").longer()
    while longer:
        lengths.append(asked(longer).body["max_tokens"])
        longer = longer.longer()
    assert lengths == [32_000, 64_000]
