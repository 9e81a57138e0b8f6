from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import anthropic
import pytest
from anthropic.types import ModelInfo

from harness.errors import UsageError
from harness.model.catalog import Entry
from harness.model.clients import Line
from harness.model.lookup import all_listed, looked_up, told
from tests.support.api import MODELS, StandIn, stand_in

INFO = MODELS["claude-opus-4-6"].info


@asynccontextmanager
async def lined(*keys: str) -> AsyncIterator[tuple[StandIn, Line]]:
    new = {"new-model": replace(MODELS["claude-opus-4-6"], id="new-model", window=500_000)}
    async with (
        stand_in([], models=new, keys=keys or None) as api,
        anthropic.AsyncAnthropic(base_url=api.url, api_key="key", max_retries=0) as client,
    ):
        yield api, Line(client)


async def test_an_unknown_model_is_looked_up() -> None:
    async with lined() as (api, line):
        entry = await looked_up(line, "new-model")
        assert api.looked_up == ["new-model"]
    assert entry is not None
    assert entry.window == 500_000
    assert entry.output == 128_000
    assert entry.thinking == ("adaptive", "enabled", "disabled")
    assert entry.efforts == ("low", "medium", "high", "max")
    assert entry.binds_thinking
    assert "computer" not in entry.model_fields_set


async def test_where_nothing_can_be_looked_up_nothing_is_known() -> None:
    async with lined("another key") as (_, line):
        assert await looked_up(line, "new-model") is None
    async with lined() as (api, line):
        assert await looked_up(line, "nobody") is None
        assert await looked_up(replace(line, provider="bedrock"), "new-model") is None
        async with api.away():
            assert await looked_up(line, "new-model") is None


async def test_all_are_listed_page_by_page() -> None:
    async with lined() as (_, line):
        listed = [model.id async for model in all_listed(line)]
        assert set(listed) == {"new-model", *MODELS}
        with pytest.raises(UsageError, match="vertex has no list of models; anthropic, aws have one"):
            _ = [model async for model in all_listed(replace(line, provider="vertex"))]


def info(**changes: Any) -> ModelInfo:
    return ModelInfo.model_validate({**INFO, **changes})


def test_what_the_endpoint_does_not_tell_is_left_open() -> None:
    bare = told(info(capabilities=None, max_tokens=None, max_input_tokens=None))
    assert bare == Entry()
    assert bare.model_fields_set == set()


def test_the_end_of_a_model_is_known() -> None:
    assert told(info(lifecycle="deprecated", retires_at="2027-01-22T00:00:00Z")).retires == date(2027, 1, 22)


def test_an_effort_that_there_is_is_asked_for() -> None:
    no, yes = {"supported": False}, {"supported": True}
    efforts = {"supported": True, "low": yes, "medium": yes, "high": no, "xhigh": no, "max": no}
    entry = told(info(capabilities={**INFO["capabilities"], "effort": efforts}))
    assert (entry.efforts, entry.effort) == (("low", "medium"), "medium")
    none = told(info(capabilities={**INFO["capabilities"], "effort": {**efforts, "low": no, "medium": no}}))
    assert none.efforts == ()


def test_a_model_that_sees_nothing_cannot_work_at_a_desktop() -> None:
    with pytest.raises(UsageError, match="sees no pictures"):
        told(info(capabilities={**INFO["capabilities"], "image_input": {"supported": False}}))
