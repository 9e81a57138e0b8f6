"""Right conversations pass the stand-in, whole and streamed, and come back to the client as they were played."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from tests.support.api import MODELS, Model, Request, Turn, by_turn, call, computer, member, say, stand_in, think
from tests.support.api.conversing import answered, asking, client, image, older, result, sent_back
from tests.support.api.models import TOOLSET

WORDS = 'Grüße 😀 \\ "x" \n\t 日本語 '
INPUT = {"command": f"echo '{WORDS * 4}'", "nested": {"a": [1, 2.5, None, True]}}
TURNS = [
    Turn([say(WORDS * 3), member("type", text=WORDS), member("screenshot"), call("bash", **INPUT)]),
    Turn([think("Nearly."), call("bash", command="")]),
    Turn([say("Done.")]),
]


async def converse(messages: Any, body: Any, *, stream: bool) -> list[Any]:
    """Talk until the model calls no tool; all replies."""
    replies = []
    while True:
        if stream:
            async with messages.stream(**body) as events:
                reply = await events.get_final_message()
        else:
            reply = await messages.create(**body)
        replies.append(reply)
        if reply.stop_reason != "tool_use":
            return replies
        turn = sent_back(reply)
        body["messages"] += [turn, answered(turn)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("model", [model.id for model in MODELS.values() if TOOLSET in model.computers])
async def test_a_right_conversation_passes(model: str, seed: int, *, stream: bool) -> None:
    async with stand_in(TURNS, seed=seed) as api, client(api.url) as claude:
        replies = await converse(claude.messages, asking(model), stream=stream)
        assert not api.violations
    assert [block.type for block in replies[0].content if block.type != "thinking"] == ["text", *["tool_use"] * 3]
    text, typed, shot, shell = (block for block in replies[0].content if block.type != "thinking")
    assert text.text == WORDS * 3
    assert (typed.name, typed.toolset_name, typed.input) == ("type", "computer", {"text": WORDS})
    assert (shot.name, shot.input) == ("screenshot", {})
    assert (shell.name, shell.toolset_name, shell.input) == ("bash", None, INPUT)
    assert replies[2].content[-1].text == "Done."


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("model", "version"), [("claude-opus-5", "computer_20251124"), ("claude-haiku-4-5", "computer_20250124")]
)
async def test_a_right_conversation_with_an_older_tool_passes(model: str, version: str, *, stream: bool) -> None:
    turns = [Turn([computer("screenshot")]), Turn([computer("left_click", coordinate=[3, 4])]), Turn([say("Done.")])]
    async with stand_in(turns) as api, client(api.url) as claude:
        replies = await converse(claude.beta.messages, older(model, version), stream=stream)
        assert not api.violations
    assert replies[1].content[-1].input == {"action": "left_click", "coordinate": [3, 4]}


async def test_a_policy_sees_the_pictures_as_they_were_sent() -> None:
    seen = []

    async def policy(request: Request) -> Turn:
        seen.append([picture.image.size for picture in request.pictures])
        return Turn([member("screenshot")]) if len(seen) < 3 else Turn([say("Done.")])

    async with stand_in(policy) as api, client(api.url) as claude:
        await converse(claude.messages, asking(), stream=True)
        assert [request.number for request in api.requests] == [0, 1, 2]
        assert api.requests[-1].results[0]["toolset_name"] == "computer"
    assert seen == [[], [(1280, 800)], [(1280, 800)] * 2]


async def test_by_turn_answers_a_repeated_request_alike() -> None:
    async with stand_in(by_turn(TURNS)) as api, client(api.url) as claude:
        first, again = [await claude.messages.create(**asking()) for _ in range(2)]
        assert first.content[1] == again.content[1]
        replies = await converse(claude.messages, asking(), stream=False)
        assert replies[-1].content[-1].text == "Done."
        assert not api.violations


async def test_what_is_after_the_end_of_the_script_is_a_violation() -> None:
    async with stand_in([]) as api, client(api.url) as claude:
        with pytest.raises(anthropic.InternalServerError, match="the script is over"):
            await claude.messages.create(**asking())
        assert [str(violation) for violation in api.violations] == ["request 0: the script is over"]


async def test_a_policy_that_fails_is_told() -> None:
    async def policy(request: Request) -> Turn:
        raise LookupError(request.number)

    async with stand_in(policy) as api, client(api.url) as claude:
        with pytest.raises(anthropic.InternalServerError):
            await claude.messages.create(**asking())
        assert [str(violation) for violation in api.violations] == ["request 0: the policy failed: LookupError(0)"]


async def test_a_paused_turn_is_sent_back_as_it_is_and_gone_on_with() -> None:
    async with stand_in([Turn([say("Wait.")], "pause_turn"), Turn([say("Done.")])]) as api, client(api.url) as claude:
        body = asking()
        body["messages"].append(sent_back(await claude.messages.create(**body)))
        body["messages"].append(sent_back(await claude.messages.create(**body)))
        body["messages"].append({"role": "user", "content": "Thanks."})
        api.policy = by_turn([Turn([])] * 2 + [Turn([say("Welcome.")])])
        await claude.messages.create(**body)
        assert not api.violations


async def test_blocks_only_the_server_knows_are_taken_back() -> None:
    odd = {"type": "brand_new", "value": {"a": [1]}, "text": "x"}
    async with stand_in([Turn([odd, say("Hm.")], "end_turn"), Turn([say("Done.")])]) as api, client(api.url) as claude:
        body = asking()
        async with claude.messages.stream(**body) as events:
            reply = await events.get_final_message()
        assert [block.type for block in reply.content] == ["thinking", "brand_new", "text"]
        content = [sent_back(reply)["content"][0], odd, say("Hm.")]
        body["messages"] += [{"role": "assistant", "content": content}, {"role": "user", "content": "Go on."}]
        await claude.messages.create(**body)
        assert not api.violations
        body["messages"][1]["content"][1] = {**odd, "value": 2}
        with pytest.raises(anthropic.BadRequestError, match=r"messages\.1\.content\.1"):
            await claude.messages.create(**body)


@pytest.mark.parametrize("reason", ["max_tokens", "refusal", "model_context_window_exceeded", "brand_new_reason"])
async def test_any_stop_reason_can_be_played(reason: str) -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "no"} if reason == "refusal" else None
    turn = Turn([say("Hm.")], reason, details)
    async with stand_in([turn]) as api, client(api.url) as claude:
        async with claude.messages.stream(**asking()) as events:
            reply = await events.get_final_message()
        assert reply.stop_reason == reason
        assert (reply.stop_details is not None) == (reason == "refusal")


async def test_thoughts_may_be_left_out_from_the_start_and_not_from_the_middle() -> None:
    async with stand_in([TURNS[0], TURNS[1], TURNS[2], TURNS[2]]) as api, client(api.url) as claude:
        body = asking()
        await converse(claude.messages, body, stream=False)
        first, second = body["messages"][1]["content"], body["messages"][3]["content"]
        thoughts = first.pop(0), second[0]
        assert [thought["type"] for thought in thoughts] == ["thinking"] * 2
        await claude.messages.create(**body)
        assert not api.violations
        first.insert(0, thoughts[0])
        second.pop(0)
        with pytest.raises(anthropic.BadRequestError, match="not from the middle"):
            await claude.messages.create(**body)


async def test_thoughts_out_of_place_are_dropped_where_that_is_asked_for() -> None:
    async with stand_in([TURNS[0], TURNS[2], TURNS[2]]) as api, client(api.url) as claude:
        beta = "thinking-binding-controls-2026-08-01"
        thinking = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
        body = asking(thinking=thinking, betas=[beta])
        turn = sent_back(await claude.beta.messages.create(**body))
        body["messages"] += [turn, answered(turn)]
        whole = await claude.beta.messages.create(**body)
        less = await claude.beta.messages.create(**body, system="Be quick.")
        assert not api.violations
    assert whole.input_transformations == []
    assert [one.path for one in less.input_transformations or []] == ["messages.1.content.0"]


@pytest.mark.parametrize(("model", "drops"), [("claude-opus-5", False), ("claude-sonnet-5-5", True)])
async def test_a_changed_prefix_is_noted_where_it_is_no_error(model: str, *, drops: bool) -> None:
    async with stand_in([TURNS[0], TURNS[2]], drops=drops) as api, client(api.url) as claude:
        body = asking(model)
        turn = sent_back(await claude.messages.create(**body))
        body["messages"] += [turn, answered(turn)]
        await claude.messages.create(**body, system="Be quick.")
        assert not api.violations
        assert "messages.1.content.0: prefix_binding_mismatch" in api.notes[0]


async def test_thoughts_of_the_newest_models_are_for_them_alone() -> None:
    async with stand_in([TURNS[0], TURNS[2]]) as api, client(api.url) as claude:
        body = asking("claude-fable-5-2")
        turn = sent_back(await claude.messages.create(**body))
        body |= {"model": "claude-opus-5-5", "messages": [*body["messages"], turn, answered(turn)]}
        with pytest.raises(anthropic.BadRequestError, match="model_binding_mismatch"):
            await claude.messages.create(**body)
        assert api.violations


@pytest.mark.parametrize(
    ("model", "thinking", "shown"),
    [
        ("claude-sonnet-5-5", {"type": "adaptive"}, ""),
        ("claude-sonnet-5-5", {"type": "adaptive", "display": "summarized"}, "Nearly."),
        ("claude-opus-4-6", {"type": "adaptive"}, "Nearly."),
        ("claude-opus-4-6", {"type": "adaptive", "display": "omitted"}, ""),
    ],
)
async def test_thoughts_are_shown_as_the_request_wants(model: str, thinking: Any, shown: str) -> None:
    async with stand_in([Turn([think("Nearly."), say("Hm.")])]) as api, client(api.url) as claude:
        async with claude.messages.stream(**asking(model, tools=[], thinking=thinking)) as events:
            reply = await events.get_final_message()
        thought: Any = reply.content[0]
        assert (thought.thinking, bool(thought.signature)) == (shown, True)


async def test_token_counts() -> None:
    async with stand_in([]) as api, client(api.url) as claude:
        hello: Any = [{"role": "user", "content": "hi"}]
        bare = await claude.messages.count_tokens(model="claude-sonnet-5-5", messages=hello)
        tools: Any = [{"type": "computer_toolset_20260801"}]
        full = await claude.messages.count_tokens(model="claude-sonnet-5-5", messages=hello, tools=tools)
        less: Any = [{**tools[0], "configs": {"zoom": {"enabled": False}}}]
        fewer = await claude.messages.count_tokens(model="claude-sonnet-5-5", messages=hello, tools=less)
        assert (full.input_tokens - bare.input_tokens, full.input_tokens - fewer.input_tokens) == (4500, 410)
        edits: Any = {"edits": [{"type": "clear_tool_uses_20250919"}]}
        beta = await claude.beta.messages.count_tokens(
            model="claude-sonnet-5-5",
            messages=hello,
            context_management=edits,
            betas=["context-management-2025-06-27"],
        )
        assert beta.context_management
        assert beta.context_management.original_input_tokens == beta.input_tokens == bare.input_tokens
        assert (len(api.counted), api.requests, api.violations, api.notes) == (4, [], [], [])


async def test_models_are_listed_in_pages_and_looked_up() -> None:
    own = Model("my-model", frozenset({TOOLSET}), frozenset({"adaptive", "disabled"}), efforts=(), max_output=9)
    async with stand_in([], models={"my-model": own}) as api, client(api.url) as claude:
        listed = [model.id async for model in claude.models.list(limit=5)]
        assert listed == ["my-model", *MODELS]
        found = await claude.models.retrieve("my-model")
        assert found.max_tokens == 9
        assert found.capabilities
        assert (found.capabilities.effort.supported, found.capabilities.thinking.types.enabled.supported) == (
            False,
            False,
        )
        with pytest.raises(anthropic.NotFoundError):
            await claude.models.retrieve("yours")
        assert api.looked_up == ["my-model", "yours"]


async def test_old_tool_results_are_cleared_for_the_model_and_said_so() -> None:
    edits = {"edits": [{"type": "clear_tool_uses_20250919", "trigger": {"type": "input_tokens", "value": 9000}}]}
    shots = [Turn([member("screenshot")])] * 6
    async with stand_in([*shots, Turn([say("Done.")])]) as api, client(api.url) as claude:
        body = asking(context_management=edits, betas=["context-management-2025-06-27"])
        replies = await converse(claude.beta.messages, body, stream=True)
        assert not api.violations
    applied = [reply.context_management.applied_edits for reply in replies]
    assert [len(one) for one in applied] == [0, 0, 0, 0, 1, 1, 1]
    assert applied[-1][0].cleared_tool_uses == 3
    assert applied[-1][0].cleared_input_tokens > 3 * 1000
    assert api.usage[-1].total_input < 9500


async def test_a_prompt_longer_than_the_window_is_refused() -> None:
    small = Model("small", frozenset({TOOLSET}), frozenset({"adaptive"}), window=5000)
    async with stand_in([], models={"small": small}) as api, client(api.url) as claude:
        with pytest.raises(anthropic.InternalServerError):
            await claude.messages.create(**asking("small"))
        api.policy = by_turn([Turn([say("Hm.")])])
        with pytest.raises(anthropic.BadRequestError, match=r"prompt is too long: \d+ tokens > 5000 maximum"):
            await claude.messages.create(**asking("small", system="x" * 4000))


async def test_a_picture_may_follow_the_text_of_the_last_result() -> None:
    async with stand_in([Turn([member("key", text="Return")]), Turn([say("Done.")])]) as api, client(api.url) as claude:
        body = asking()
        turn = sent_back(await claude.messages.create(**body))
        told = result(turn["content"][-1], {"type": "text", "text": "OK"}, image())
        body["messages"] += [turn, {"role": "user", "content": [told, {"type": "text", "text": "Go on."}]}]
        await claude.messages.create(**body)
        assert not api.violations
