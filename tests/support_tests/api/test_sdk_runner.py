"""The SDK's own loop and its own computer driver break no rule: the stand-in is not stricter than they are."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.tools import ToolError, computer
from anthropic.tools.computer import BetaAsyncAbstractComputerToolset20260801 as Driver

from tests.support.api import Turn, call, member, say, stand_in
from tests.support.api.conversing import asking, client, encoded

MESSAGES = asking()["messages"]


class Screen(Driver):
    """A screen that shows nothing; one point of it cannot be clicked."""

    async def screenshot(self, context: Any, input: Any) -> Any:  # noqa: A002, ARG002 - named by the SDK
        return computer.BetaScreenshotResult(data=encoded(1280, 800))

    async def left_click(self, context: Any, input: Any) -> str | None:  # noqa: A002, ARG002 - the same
        if list(input.coordinate) == [1, 1]:
            raise ToolError("not there")
        return None


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-fable-5-2", "claude-opus-4-8"])
async def test_the_loop_of_the_sdk_passes(model: str, *, stream: bool) -> None:
    turns = [
        Turn([say("Let me look."), member("screenshot")]),
        Turn([member("left_click", coordinate=[5, 5]), member("screenshot")]),
        Turn([member("left_click", coordinate=[1, 1]), member("screenshot"), member("left_click", coordinate=[5, 5])]),
        Turn([member("left_click", coordinate=["a", 1])]),
        Turn([call("computer", actions=[]), member("screenshot")]),
        Turn([say("Done.")]),
    ]
    async with stand_in(turns) as api, client(api.url) as claude:
        runner: Any = claude.beta.messages.tool_runner(
            model=model, max_tokens=1000, messages=MESSAGES, tools=[Screen()], thread=False, stream=stream
        )
        replies = [await reply.get_final_message() if stream else reply async for reply in runner]
        assert not api.violations
        assert len(replies) == len(turns)
        errors = [[block.get("is_error", False) for block in request.results] for request in api.requests]
        assert errors == [[], [False], [False, False], [True, True, True], [True], [True, True]]
