"""Everything that can go wrong between the model and its client, each where the script wants it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import httpx2
import pytest

from tests.support.api import (
    Cut,
    Drip,
    EndEarly,
    ErrorEvent,
    Hold,
    Insert,
    Raw,
    Refuse,
    Turn,
    call,
    member,
    ratelimit,
    refusing,
    say,
    stand_in,
)
from tests.support.api.conversing import asking, client

HELLO = Turn([say("Hello, you."), call("bash", command="ls")])
LOST = (anthropic.APIConnectionError, httpx2.TransportError)
"""The second comes out of the client as it is where a stream is lost under way."""

STATUSES = [
    (400, anthropic.BadRequestError, "invalid_request_error"),
    (401, anthropic.AuthenticationError, "authentication_error"),
    (403, anthropic.PermissionDeniedError, "permission_error"),
    (404, anthropic.NotFoundError, "not_found_error"),
    (408, anthropic.RequestTimeoutError, "invalid_request_error"),
    (409, anthropic.ConflictError, "conflict_error"),
    (413, anthropic.ContentTooLargeError, "request_too_large"),
    (429, anthropic.RateLimitError, "rate_limit_error"),
    (500, anthropic.InternalServerError, "api_error"),
    (504, anthropic.GatewayTimeoutError, "timeout_error"),
    (529, anthropic.OverloadedError, "overloaded_error"),
]


async def streamed(claude: anthropic.AsyncAnthropic, **more: Any) -> Any:
    """The reply, streamed."""
    async with claude.messages.stream(**asking(**more)) as events:
        return await events.get_final_message()


@pytest.mark.parametrize(("status", "error", "kind"), STATUSES)
async def test_refusals(status: int, error: type[anthropic.APIStatusError], kind: str) -> None:
    day = Refuse(status, "Not today.", retry_after=0.5, retry_after_ms=250, should_retry=False)
    async with stand_in([HELLO], bad_days={0: day}) as api, client(api.url) as claude:
        with pytest.raises(error, match=r"Not today\.") as refused:
            await streamed(claude)
        assert (refused.value.status_code, refused.value.type) == (status, kind)
        headers = refused.value.response.headers
        assert [headers[name] for name in ("retry-after", "retry-after-ms", "x-should-retry")] == [
            "0.5",
            "250",
            "false",
        ]
        assert headers["request-id"] == refused.value.request_id
        assert (await streamed(claude)).content[1].text == "Hello, you."
        assert not api.violations


async def test_ratelimit_headers_come_with_streams_as_well() -> None:
    limits = ratelimit("input-tokens", limit=400_000, remaining=1499) | ratelimit("requests", limit=50, remaining=3)
    async with (
        stand_in([Turn(HELLO.content, headers=limits)]) as api,
        client(api.url) as claude,
        claude.messages.stream(**asking()) as events,
    ):
        headers = events.response.headers
        assert headers["anthropic-ratelimit-input-tokens-remaining"] == "1000"
        assert headers["anthropic-ratelimit-requests-remaining"] == "3"
        assert headers["anthropic-ratelimit-requests-reset"].endswith("Z")
        assert headers["anthropic-organization-id"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_connection_is_cut_after_any_byte(*, stream: bool) -> None:
    async def ask(claude: anthropic.AsyncAnthropic) -> Any:
        return await (streamed(claude) if stream else claude.messages.create(**asking()))

    async with stand_in([HELLO]) as api, client(api.url) as claude:
        await ask(claude)
        length = api.reply_bytes
    cuts = [*range(0, length, max(length // 40, 1)), length - 1]
    days = {at: Cut(after) for at, after in enumerate(cuts)}
    async with stand_in([HELLO], bad_days=days) as api, client(api.url) as claude:
        for _ in days:
            with pytest.raises(LOST):
                await ask(claude)
        assert (await ask(claude)).content[1].text == "Hello, you."
        assert not api.violations


async def test_a_connection_is_reset() -> None:
    async with stand_in([HELLO], bad_days={0: Cut(0, reset=True)}) as api, client(api.url) as claude:
        with pytest.raises(anthropic.APIConnectionError):
            await streamed(claude)


async def test_a_stream_that_ends_early_raises_nothing_in_the_client() -> None:
    async with stand_in([HELLO], bad_days={0: EndEarly(4)}) as api, client(api.url) as claude:
        assert (await streamed(claude)).stop_reason is None
        assert (await streamed(claude)).stop_reason == "tool_use"


async def test_an_error_inside_a_stream() -> None:
    async with stand_in([HELLO], bad_days={0: ErrorEvent(3)}) as api, client(api.url) as claude:
        with pytest.raises(anthropic.APIStatusError) as broken:
            await streamed(claude)
        assert (broken.value.status_code, broken.value.type) == (200, "overloaded_error")
        assert (await streamed(claude)).stop_reason == "tool_use"


async def test_events_nobody_knows_pass_and_broken_ones_do_not() -> None:
    turns = [HELLO.badly(Insert(2, "news", '{"type":"news"}')), HELLO.badly(Insert(2, "content_block_delta", "{no"))]
    async with stand_in(turns) as api, client(api.url) as claude:
        assert (await streamed(claude)).stop_reason == "tool_use"
        with pytest.raises(json.JSONDecodeError):
            await streamed(claude)


async def test_a_body_that_is_no_json() -> None:
    async with stand_in([Raw(b"<html>busy</html>", "text/html"), Raw(b"{")]) as api, client(api.url) as claude:
        answer: Any = await claude.messages.create(**asking())
        assert answer == "<html>busy</html>"
        with pytest.raises(json.JSONDecodeError):
            await claude.messages.create(**asking())


async def test_an_error_that_is_no_json() -> None:
    day = Refuse(529, body=b"upstream busy", headers={"content-type": "text/plain"})
    async with stand_in([HELLO], bad_days={0: day}) as api, client(api.url) as claude:
        with pytest.raises(anthropic.OverloadedError, match="upstream busy"):
            await streamed(claude)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_slow_drip_is_the_same_in_the_end(*, stream: bool) -> None:
    async with stand_in([HELLO], bad_days={0: Drip(150, 0.001)}) as api, client(api.url) as claude:
        reply = await streamed(claude) if stream else await claude.messages.create(**asking())
        assert reply.content[1].text == "Hello, you."


async def test_a_stream_is_held_until_the_test_goes_on() -> None:
    hold = Hold(6)
    async with stand_in([HELLO.badly(hold)]) as api, client(api.url) as claude:
        asked = asyncio.create_task(streamed(claude))
        await hold.reached.wait()
        assert not asked.done()
        hold.goes_on.set()
        assert (await asked).stop_reason == "tool_use"


@pytest.mark.parametrize("events", [-1, 3])
async def test_a_client_that_goes_away_is_noticed(events: int) -> None:
    hold = Hold(events)
    async with stand_in([HELLO.badly(hold)]) as api, client(api.url) as claude:
        asked = asyncio.create_task(streamed(claude))
        await hold.reached.wait()
        asked.cancel()
        await hold.left.wait()


async def test_the_end_of_the_server_ends_what_is_held() -> None:
    hold = Hold(2)
    async with stand_in([HELLO.badly(hold)]) as api, client(api.url) as claude:
        asked = asyncio.create_task(streamed(claude))
        await hold.reached.wait()
        await api.end()
        with pytest.raises(LOST):
            await asked


async def test_a_server_that_is_away_comes_back_at_the_same_port() -> None:
    async with stand_in([HELLO]) as api, client(api.url) as claude:
        async with api.away():
            with pytest.raises(anthropic.APIConnectionError):
                await streamed(claude)
        assert (await streamed(claude)).stop_reason == "tool_use"


async def test_an_address_where_nobody_listens() -> None:
    async with client(refusing()) as claude:
        with pytest.raises(anthropic.APIConnectionError):
            await streamed(claude)


async def test_members_come_with_their_whole_input_and_other_calls_in_pieces() -> None:
    turn = Turn([member("type", text="milk " * 20), call("bash", command="ls " * 40)])
    async with stand_in([turn], thinks=False) as api, client(api.url) as claude:
        pieces: dict[int, list[str]] = {0: [], 1: []}
        async with await claude.messages.create(**asking(), stream=True) as events:
            async for event in events:
                if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                    pieces[event.index].append(event.delta.partial_json)
    assert [json.loads(piece) for piece in pieces[0]] == [{"text": "milk " * 20}]
    assert len(pieces[1]) > 3
    assert json.loads("".join(pieces[1])) == {"command": "ls " * 40}


async def test_the_events_of_a_stream_are_in_their_order() -> None:
    async with (
        stand_in([HELLO]) as api,
        client(api.url) as claude,
        claude.messages.with_streaming_response.create(**asking(), stream=True) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line async for line in response.iter_lines()]
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert names[:3] == ["message_start", "ping", "content_block_start"]
    assert names[-2:] == ["message_delta", "message_stop"]
    assert names.count("content_block_start") == names.count("content_block_stop") == 3
