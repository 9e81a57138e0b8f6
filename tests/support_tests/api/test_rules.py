"""Each rule of the stand-in is broken once, and said so; the conversation it is broken in is right otherwise."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api import Turn, call, computer, member, say, stand_in
from tests.support.api.conversing import answered, asking, client, encoded, image, older, result, sent_back
from tests.support.api.reading import read
from tests.support.api.shapes import MEMBERS, Asked

Break = Callable[[Any], object]
FIRST = Turn(
    [say("Let me look."), member("left_click", coordinate=[40, 700]), member("screenshot"), call("bash", command="ls")]
)
HALTED = "Not executed: an earlier computer action in this turn failed."


async def refusal(body: Any, change: Break, *, beta: bool = False, first: Turn = FIRST) -> str:
    """What a second request is refused with, which a change breaks, after a first one went well."""
    async with stand_in([first, Turn([say("Done.")])]) as api, client(api.url) as claude:
        messages: Any = claude.beta.messages if beta else claude.messages
        turn = sent_back(await messages.create(**body))
        assert not api.violations
        second = copy.deepcopy(body)
        second["messages"] += [turn, answered(turn)]
        change(second)
        second.setdefault("timeout", 60)  # without one the SDK has a limit of its own
        with pytest.raises(anthropic.BadRequestError) as refused:
            await messages.create(**second)
        assert api.violations
        assert refused.value.type == "invalid_request_error"
        return "\n".join(str(violation.problem) for violation in api.violations)


def results(body: Any) -> Any:
    return body["messages"][-1]["content"]


def tool(body: Any, **fields: Any) -> None:
    body["tools"][0] |= fields


def extra(body: Any, **fields: Any) -> None:
    body["extra_body"] = fields


def fail_first(body: Any) -> None:
    results(body)[0] |= {"is_error": True, "content": [{"type": "text", "text": "no such point"}]}


def mark(body: Any, *ttls: str, automatic: bool = False) -> None:
    texts = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": ttl}} for ttl in ttls]
    body["messages"][-1]["content"] += texts
    body |= {"cache_control": {"type": "ephemeral"}} if automatic else {}


def screenshot(body: Any, **changed: Any) -> None:
    results(body)[1]["content"] = [image(**changed)]


RULES: dict[str, tuple[Break, str]] = {
    "unknown field": (lambda b: extra(b, tempo=3), "tempo: Extra inputs are not permitted"),
    "temperature": (lambda b: extra(b, temperature=0.5), "temperature: temperature is not supported"),
    "top_p": (lambda b: extra(b, top_p=0.5), "top_p: top_p is not supported"),
    "top_k": (lambda b: extra(b, top_k=5), "top_k: top_k is not supported"),
    "max_tokens missing": (lambda b: extra(b, max_tokens=None), "max_tokens: Input should be a valid integer"),
    "max_tokens too many": (lambda b: b.update(max_tokens=128_001), "max_tokens: 128001 > 128000"),
    "max_tokens negative": (lambda b: b.update(max_tokens=-1), "max_tokens: Input should be greater"),
    "no messages": (lambda b: b.update(messages=[]), "messages: List should have at least 1"),
    "a beta nobody knows": (lambda b: b.update(extra_headers={"anthropic-beta": "x-1"}), "unexpected value x-1"),
    "fine grained streaming": (
        lambda b: b.update(extra_headers={"anthropic-beta": "fine-grained-tool-streaming-2025-05-14"}),
        "cannot be combined with a toolset",
    ),
    "context management without its beta": (
        lambda b: extra(b, context_management={"edits": []}),
        "context_management: needs the header anthropic-beta: context-management-2025-06-27",
    ),
    "an older computer, not beta": (
        lambda b: b.update(
            tools=[{"type": "computer_20251124", "name": "computer", "display_width_px": 9, "display_height_px": 9}]
        ),
        "needs the header anthropic-beta: computer-use-2025-11-24",
    ),
    "a computer of other models": (
        lambda b: b.update(
            tools=[{"type": "computer_20251124", "name": "computer", "display_width_px": 9, "display_height_px": 9}]
        ),
        "'claude-sonnet-5-5' does not support tool types: computer_20251124",
    ),
    "toolset with a name": (lambda b: tool(b, name="computer"), "tools.0.name: Extra inputs"),
    "toolset with a display": (lambda b: tool(b, display_width_px=9), "tools.0.display_width_px: Extra inputs"),
    "toolset with enable_zoom": (lambda b: tool(b, enable_zoom=True), "tools.0.enable_zoom: Extra inputs"),
    "toolset that is strict": (lambda b: tool(b, strict=True), "tools.0.strict: Extra inputs"),
    "unknown member": (lambda b: tool(b, configs={"fly": {}}), "tools.0.configs.fly: Extra inputs"),
    "unknown setting": (lambda b: tool(b, configs={"key": {"on": True}}), "tools.0.configs.key.on: Extra inputs"),
    "deferred in part": (lambda b: tool(b, configs={"key": {"defer_loading": True}}), "must be the same on every"),
    "no member left": (
        lambda b: tool(b, configs={member: {"enabled": False} for member in MEMBERS}),
        "tools.0.configs: at least one member must be enabled",
    ),
    "a strict tool with an open schema": (
        lambda b: b["tools"].append({"name": "ask", "strict": True, "input_schema": {"type": "object"}}),
        "tools.2.custom.input_schema: for 'object' type",
    ),
    "a message without content": (lambda b: b["messages"][1].pop("content"), "messages.1.content: Field required"),
    "bash by another name": (lambda b: b["tools"][1].update(name="shell"), "tools.1.name: Input should be 'bash'"),
    "editor by its old name": (
        lambda b: b["tools"].append({"type": "text_editor_20250728", "name": "str_replace_editor"}),
        "tools.2.name: Input should be 'str_replace_based_edit_tool'",
    ),
    "an editor of retired models": (
        lambda b: b["tools"].append({"type": "text_editor_20250124", "name": "str_replace_editor"}),
        "does not support tool types: text_editor_20250124",
    ),
    "old bash, not beta": (lambda b: b["tools"][1].update(type="bash_20241022"), "known to the beta namespace only"),
    "two tools of one name": (lambda b: b["tools"].append(dict(b["tools"][1])), "tool names must be unique"),
    "an unknown type of tool": (lambda b: b["tools"].append({"type": "wand_1", "name": "wand"}), "tools.2"),
    "custom without schema": (lambda b: b["tools"].append({"name": "ask"}), "tools.2.input_schema: Field required"),
    "custom with another schema": (
        lambda b: b["tools"].append({"name": "ask", "input_schema": {"type": "array"}}),
        "tools.2.custom.input_schema.type",
    ),
    "thinking off": (lambda b: b.update(thinking={"type": "disabled"}), "thinking.type: 'disabled' is not supported"),
    "thinking by hand": (
        lambda b: b.update(thinking={"type": "enabled", "budget_tokens": 2048}),
        "thinking.type: 'enabled' is not supported",
    ),
    "updates without their beta": (
        lambda b: b.update(thinking={"type": "adaptive", "display": "updates"}),
        "thinking.display: needs the header",
    ),
    "binding without its beta": (
        lambda b: b.update(thinking={"type": "adaptive", "block_binding": {}}),
        "thinking.block_binding: needs the header",
    ),
    "too much effort": (
        lambda b: b.update(thinking={"type": "between_tools"}, output_config={"effort": "max"}),
        "output_config.effort: 'max' cannot be combined with thinking 'between_tools'",
    ),
    "unknown effort": (lambda b: b.update(output_config={"effort": "some"}), "output_config.effort: Input should be"),
    "format in short": (lambda b: b.update(output_config={"format": "json"}), "output_config.format"),
    "format with an open schema": (
        lambda b: b.update(output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}}),
        "'additionalProperties' must be explicitly set to false",
    ),
    "format with a bound": (
        lambda b: b.update(
            output_config={"format": {"type": "json_schema", "schema": {"type": "integer", "minimum": 1}}}
        ),
        "output_config.format.schema.minimum: minimum is not supported",
    ),
    "forced tool": (lambda b: b.update(tool_choice={"type": "any"}), "does not support forced tool use"),
    "toolset by name": (
        lambda b: b.update(tool_choice={"type": "tool", "name": "left_click"}),
        "tool_choice.name: left_click: a toolset or its members cannot be chosen",
    ),
    "tool that is not there": (
        lambda b: b.update(tool_choice={"type": "tool", "name": "ask"}),
        "tool 'ask' not found",
    ),
    "choice without tools": (lambda b: b.update(tools=[], tool_choice={"type": "auto"}), "while providing tools"),
    "unknown role": (lambda b: b["messages"][0].update(role="tool"), "messages.0"),
    "empty content": (lambda b: b["messages"].append({"role": "user", "content": []}), "messages.3.content"),
    "empty text": (lambda b: results(b).append({"type": "text", "text": ""}), "messages.2.content.3.text"),
    "citations of a user": (
        lambda b: results(b).append({"type": "text", "text": "x", "citations": []}),
        "messages.2.content.3.citations: Extra inputs",
    ),
    "assistant first": (lambda b: b["messages"].pop(0), "messages.0.role: the first message must use the user role"),
    "prefill": (
        lambda b: b["messages"].append({"role": "assistant", "content": "I will"}),
        "does not support assistant message prefill",
    ),
    "no answer": (lambda b: b["messages"][2].update(content="Go on."), "without `tool_result`"),
    "an answer missing": (lambda b: results(b).pop(), "without `tool_result` blocks immediately after: toolu_"),
    "an answer twice": (lambda b: results(b).append(results(b)[0]), "must have a single result"),
    "an answer to nothing": (
        lambda b: results(b).append({"type": "tool_result", "tool_use_id": "toolu_9", "content": "OK"}),
        "unexpected `tool_use_id` found in `tool_result` blocks: toolu_9",
    ),
    "an answer before any call": (
        lambda b: b["messages"].insert(0, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}),
        "unexpected `tool_use_id`",
    ),
    "answers in another order": (lambda b: results(b).reverse(), "in the order of their `tool_use` blocks"),
    "text before answers": (
        lambda b: results(b).insert(0, {"type": "text", "text": "Here:"}),
        "must come before all other content",
    ),
    "toolset_name left out": (lambda b: results(b)[0].pop("toolset_name"), "2.content.0.toolset_name: must be"),
    "toolset_name too much": (
        lambda b: results(b)[2].update(toolset_name="computer"),
        "messages.2.content.2.toolset_name: must be None",
    ),
    "another toolset_name": (lambda b: results(b)[0].update(toolset_name="browser"), "must be 'computer'"),
    "a document in a result": (
        lambda b: results(b)[0].update(content=[{"type": "search_result", "title": "x"}]),
        "messages.2.content.0.content.0",
    ),
    "an error without words": (
        lambda b: results(b)[2].update(is_error=True, content=[]),
        "content cannot be empty if `is_error` is true",
    ),
    "screenshot without an image": (
        lambda b: results(b)[1].update(content=[{"type": "text", "text": "OK"}]),
        "the result of screenshot must hold an image",
    ),
    "going on after a failure": (fail_first, "an earlier computer action failed: the result must be an error"),
    "halted for nothing": (
        lambda b: results(b)[0].update(is_error=True, content=HALTED),
        "says that an earlier action failed, but none did",
    ),
    "no image at all": (lambda b: screenshot(b, data="bm9uZQ=="), "the image could not be processed"),
    "no base64": (lambda b: screenshot(b, data="no!"), "the image is not base64"),
    "half an image": (lambda b: screenshot(b, data=encoded(64, 64)[:120]), "could not be processed"),
    "another media type": (
        lambda b: screenshot(b, media_type="image/jpeg"),
        "specified using the image/jpeg media type, but it appears to be image/png",
    ),
    "unknown media type": (lambda b: screenshot(b, media_type="image/bmp"), "media_type: Input should be 'image/png'"),
    "more marks than four": (lambda b: mark(b, *["5m"] * 5), "A maximum of 4 blocks with cache_control"),
    "automatic mark counts": (
        lambda b: mark(b, *["5m"] * 4, automatic=True),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    "long after short": (lambda b: mark(b, "5m", "1h"), "'1h' block must not come after a ttl='5m' block"),
    "another lifetime": (lambda b: mark(b, "2h"), "cache_control.ttl: Input should be '5m' or '1h'"),
    "a mark on a thought": (
        lambda b: b["messages"][1]["content"][0].update(cache_control={"type": "ephemeral"}),
        "messages.1.content.0.cache_control: Extra inputs",
    ),
    "a word changed": (
        lambda b: b["messages"][1]["content"][1].update(text="Let me see."),
        "messages.1.content.1: assistant blocks must come back as they were sent: text differs",
    ),
    "an input changed": (
        lambda b: b["messages"][1]["content"][2]["input"].update(coordinate=[1, 2]),
        "messages.1.content.2: assistant blocks must come back as they were sent: input differs",
    ),
    "a field left out": (
        lambda b: b["messages"][1]["content"][2].pop("caller"),
        "assistant blocks must come back as they were sent: caller differs",
    ),
    "a thought changed": (
        lambda b: b["messages"][1]["content"][0].update(thinking="Hm."),
        "messages.1.content.0: assistant blocks must come back as they were sent: thinking differs",
    ),
    "a forged thought": (
        lambda b: b["messages"][1]["content"].insert(0, {"type": "thinking", "thinking": "", "signature": "Zm9yZ2Vk"}),
        "messages.1.content.0: this block was never sent by the model",
    ),
    "a block left out": (lambda b: b["messages"][1]["content"].pop(1), "messages.1.content"),
    "a turn made up": (
        lambda b: b["messages"].insert(1, {"role": "assistant", "content": "Gladly."}),
        "messages.1.content.0: this block was never sent by the model",
    ),
    "another system prompt": (lambda b: b.update(system="Be quick."), "messages.1.content.0: prefix_binding_mismatch"),
    "another tool": (
        lambda b: b["tools"].append({"name": "ask", "input_schema": {"type": "object"}}),
        "messages.1.content.0: prefix_binding_mismatch",
    ),
    "another first message": (
        lambda b: b["messages"][0].update(content="Open the editor."),
        "messages.1.content.0: prefix_binding_mismatch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
async def test_what_breaks_a_rule_is_refused_and_kept(rule: str) -> None:
    change, says = RULES[rule]
    assert says in await refusal(asking(), change)


OLDER_RULES: dict[str, tuple[str, str, Break, str]] = {
    "the header of another version": (
        "claude-opus-5",
        "computer_20251124",
        lambda b: b.update(betas=["computer-use-2025-01-24"]),
        "tools.0.computer_20251124: needs the header anthropic-beta: computer-use-2025-11-24",
    ),
    "no display": (
        "claude-opus-5",
        "computer_20251124",
        lambda b: b["tools"][0].pop("display_width_px"),
        "tools.0.display_width_px: Field required",
    ),
    "zoom where there is none": (
        "claude-haiku-4-5",
        "computer_20250124",
        lambda b: tool(b, enable_zoom=True),
        "tools.0.enable_zoom: Extra inputs",
    ),
    "a newer computer than the model takes": (
        "claude-haiku-4-5",
        "computer_20250124",
        lambda b: b.update(tools=[{"type": "computer_toolset_20260801"}]),
        "tools.0: 'claude-haiku-4-5' does not support tool types: computer_toolset_20260801",
    ),
    "a picture of another size": (
        "claude-opus-5",
        "computer_20251124",
        lambda b: results(b)[0].update(content=[image(640, 400)]),
        "the picture is 640x400, but the declared display is 1280x800",
    ),
    "two computers": (
        "claude-opus-5",
        "computer_20251124",
        lambda b: b["tools"].append({"type": "computer_toolset_20260801"}),
        "there is more than one computer tool",
    ),
    "effort where there is none": (
        "claude-haiku-4-5",
        "computer_20250124",
        lambda b: b.update(output_config={"effort": "low"}),
        "output_config.effort: 'low' is not supported",
    ),
    "adaptive where there is none": (
        "claude-haiku-4-5",
        "computer_20250124",
        lambda b: b.update(thinking={"type": "adaptive"}),
        "thinking.type: 'adaptive' is not supported",
    ),
    "too small a budget": (
        "claude-haiku-4-5",
        "computer_20250124",
        lambda b: b.update(thinking={"type": "enabled", "budget_tokens": 1000}),
        "thinking.budget_tokens: Input should be greater",
    ),
    "a budget above max_tokens": (
        "claude-haiku-4-5",
        "computer_20250124",
        lambda b: b.update(thinking={"type": "enabled", "budget_tokens": 4096}),
        "thinking.budget_tokens: must be less than max_tokens",
    ),
    "no thought to go on from": (
        "claude-haiku-4-5",
        "computer_20250124",
        lambda b: b.update(thinking={"type": "enabled", "budget_tokens": 2048}),
        "Expected `thinking` or `redacted_thinking`, but found `tool_use`",
    ),
    "forced while thinking": (
        "claude-haiku-4-5",
        "computer_20250124",
        lambda b: b.update(thinking={"type": "enabled", "budget_tokens": 2048}, tool_choice={"type": "any"}),
        "thinking may not be enabled when tool_choice forces tool use",
    ),
    "max_tokens of a small model": (
        "claude-haiku-4-5",
        "computer_20250124",
        lambda b: b.update(max_tokens=64_001),
        "max_tokens: 64001 > 64000",
    ),
    "thoughts cleared last": (
        "claude-opus-5",
        "computer_20251124",
        lambda b: b.update(
            betas=["computer-use-2025-11-24", "context-management-2025-06-27"],
            context_management={"edits": [{"type": "clear_tool_uses_20250919"}, {"type": "clear_thinking_20251015"}]},
        ),
        "context_management.edits.1: clear_thinking_20251015 must be listed first",
    ),
    "an edit twice": (
        "claude-opus-5",
        "computer_20251124",
        lambda b: b.update(
            betas=["computer-use-2025-11-24", "context-management-2025-06-27"],
            context_management={"edits": [{"type": "clear_tool_uses_20250919"}] * 2},
        ),
        "context_management.edits: each edit may be listed once",
    ),
    "an unknown edit": (
        "claude-opus-5",
        "computer_20251124",
        lambda b: b.update(
            betas=["computer-use-2025-11-24", "context-management-2025-06-27"],
            context_management={"edits": [{"type": "forget"}]},
        ),
        "context_management.edits.0",
    ),
    "compaction without its beta": (
        "claude-opus-5",
        "computer_20251124",
        lambda b: b.update(
            betas=["computer-use-2025-11-24", "context-management-2025-06-27"],
            context_management={"edits": [{"type": "compact_20260112"}]},
        ),
        "context_management.edits.0: needs the header anthropic-beta: compact-2026-01-12",
    ),
}


@pytest.mark.parametrize("rule", OLDER_RULES)
async def test_rules_of_the_older_computer_tools(rule: str) -> None:
    model, version, change, says = OLDER_RULES[rule]
    first = Turn([computer("screenshot")])
    assert says in await refusal(older(model, version), change, beta=True, first=first)


async def test_a_call_named_computer_is_malformed_and_halts_the_batch() -> None:
    first = Turn([call("computer", actions=[1]), member("screenshot")])
    said = await refusal(asking(), lambda _: None, first=first)
    assert "a call named computer is malformed and must be answered with an error" in said

    def error(body: Any) -> None:
        results(body)[0] |= {"is_error": True, "content": "Malformed."}

    assert HALTED in await refusal(asking(), error, first=first)


async def test_all_violations_are_kept_and_the_first_is_told() -> None:
    async with stand_in([]) as api, client(api.url) as claude:
        with pytest.raises(anthropic.BadRequestError, match=r"tools\.0"):
            await claude.messages.create(
                **asking("claude-opus-4-7", output_config={"effort": "max"}, max_tokens=200_000), timeout=60
            )
        assert [violation.problem.path for violation in api.violations] == ["tools.0", "max_tokens"]


async def test_a_model_nobody_knows_is_not_found() -> None:
    async with stand_in([]) as api, client(api.url) as claude:
        with pytest.raises(anthropic.NotFoundError) as refused:
            await claude.messages.create(**asking("claude-2"))
        assert refused.value.type == "not_found_error"


async def test_keys_in_both_forms_and_none() -> None:
    async with stand_in([Turn([say("Hi.")])] * 3, keys=["a-key"]) as api:
        async with client(api.url) as claude:
            await claude.messages.create(**asking())
            with pytest.raises(anthropic.AuthenticationError):
                await claude.messages.create(**asking(), extra_headers={"Authorization": anthropic.Omit()})
            await claude.messages.create(
                **asking(), extra_headers={"Authorization": anthropic.Omit(), "x-api-key": "a-key"}
            )
        async with client(api.url, "another") as claude:
            with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
                await claude.messages.create(**asking())


@pytest.mark.parametrize(
    ("version", "says"), [("2023-06-01", "is not a version this server speaks"), ("", "anthropic-version")]
)
async def test_another_version_is_refused(version: str, says: str) -> None:
    async with stand_in([]) as api, client(api.url) as claude:
        with pytest.raises(anthropic.BadRequestError, match=says):
            await claude.messages.create(**asking(), extra_headers={"anthropic-version": version})


async def test_a_request_of_more_than_32_mb_is_too_large() -> None:
    async with stand_in([]) as api, client(api.url) as claude:
        with pytest.raises(anthropic.ContentTooLargeError) as refused:
            await claude.messages.create(**asking(system="x" * (32 * 1024 * 1024)))
        assert str(refused.value.type) == "request_too_large"  # its own type does not know it


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"{", "application/json", "The request body is not valid JSON"),
        (b'{"max_tokens": NaN}', "application/json", "NaN is no number"),
        (b"[]", "application/json", "the body must be a JSON object"),
        (b"{}", "application/json", "model: Field required"),
        (b"{}", "text/plain", "content-type: must be application/json"),
    ],
)
async def test_what_is_no_request_is_refused(body: bytes, kind: str, says: str) -> None:
    headers = {"x-api-key": "x", "anthropic-version": "2026-10-21", "content-type": kind}
    async with stand_in([]) as api, httpx.AsyncClient() as plain:
        answer = await plain.post(f"{api.url}/v1/messages", content=body, headers=headers)
        assert answer.status_code == 400
        assert says in answer.json()["error"]["message"]
        assert says in str(api.violations[0])
        assert (await plain.get(f"{api.url}/v1/complete")).json()["error"]["type"] == "not_found_error"


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "text", "content"]), inner),
    max_leaves=5,
)


@given(data=st.data())
def test_whatever_is_put_anywhere_is_read_or_told_as_a_problem(data: st.DataObject) -> None:
    messages = [{"role": "user", "content": [say("x"), image(8, 8)]}, {"role": "assistant", "content": "x"}]
    body = copy.deepcopy(asking(messages=messages))
    inside: Any = body
    while True:
        place = data.draw(st.sampled_from(sorted(inside) if isinstance(inside, dict) else range(len(inside))))
        if not isinstance(inside[place], dict | list) or not inside[place] or data.draw(st.booleans()):
            break
        inside = inside[place]
    inside[place] = data.draw(VALUES)
    found = read(body, Asked, lambda _: False)
    assert isinstance(found, Asked) or all(str(problem) for problem in found)


async def test_a_result_in_its_order_after_a_failure_passes() -> None:
    async with stand_in([FIRST, Turn([say("I see.")])]) as api, client(api.url) as claude:
        body = asking()
        turn = sent_back(await claude.messages.create(**body))
        failed, shot, shell = (block for block in turn["content"] if block["type"] == "tool_use")
        told = [
            result(failed, {"type": "text", "text": "outside"}, is_error=True),
            result(shot, {"type": "text", "text": HALTED}, is_error=True),
            result(shell),
        ]
        body["messages"] += [turn, {"role": "user", "content": told}]
        await claude.messages.create(**body)
        assert not api.violations
