from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ToolUnknown, UsageError
from harness.model.catalog import Entry, find
from harness.model.fallback import Lines
from harness.model.opening import Named, Reached, at_hand, checked, named, reached
from harness.model.reach import Api, Reach
from harness.model.scripted import ScriptedModel
from harness.model.throttle import Waiting
from harness.model.turn import Json, Model, Request
from tests.support.api import MODELS, StandIn, Turn, ratelimit, say, stand_in


def quiet(_: Waiting | Json) -> None:
    """Nobody listens."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a key of ours")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return monkeypatch


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("claude-opus-5", Named("anthropic", "claude-opus-5")),
        ("vertex:claude-opus-5@20260101", Named("vertex", "claude-opus-5@20260101")),
        ("aws:claude-opus-5", Named("aws", "claude-opus-5")),
        ("bedrock:us.anthropic.claude-opus-5-v1:0", Named("bedrock", "us.anthropic.claude-opus-5-v1:0")),
        ("us.anthropic.claude-opus-5-v1:0", Named("bedrock", "us.anthropic.claude-opus-5-v1:0")),
        ("scripted:turns.yaml", Named(None, "turns.yaml")),
    ],
)
def test_a_model_is_named_alone_or_behind_its_provider(text: str, meant: Named) -> None:
    assert named(text) == meant


def test_a_provider_nobody_knows_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="there is no 'acme'; there are: scripted, anthropic, aws, bedrock"):
        named("acme:claude-opus-5")


async def test_a_script_needs_no_key(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    environment.delenv("ANTHROPIC_API_KEY")
    (tmp_path / "turns.yaml").write_text("- say: done\n")
    async with reached(f"scripted:{tmp_path / 'turns.yaml'}") as there:
        assert isinstance(there.model(quiet, quiet), ScriptedModel)
        assert there.entry == Entry()


async def test_a_listed_model_is_as_the_catalog_has_it_and_settings_weigh_more() -> None:
    reach = Reach(models={"claude-opus-5": Entry(window=5000)})
    async with reached("claude-opus-5", reach) as there:
        assert there.name == "claude-opus-5"
        assert there.entry.window == 5000
        assert there.entry.price == find("claude-opus-5").price  # type: ignore[union-attr] # it is listed
        assert there.notes == ()


async def test_a_provider_may_take_other_tools(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_REGION", "eu-west-1")
    async with reached("bedrock:anthropic.claude-opus-5-5") as there:
        assert there.entry.computer[-1] == "computer_20251124"
    async with reached("claude-opus-5-5") as there:
        assert there.entry.computer == ("computer_toolset_20260801",)


async def test_an_unknown_model_is_looked_up_and_settings_weigh_more() -> None:
    new = {"new-model": replace(MODELS["claude-opus-4-6"], id="new-model", window=500_000)}
    async with stand_in([], models=new) as api:
        reach = Reach(Api(base_url=api.url), {"new-model": Entry(output=9000)})
        async with reached("new-model", reach) as there:
            assert (there.entry.window, there.entry.output) == (500_000, 9000)
            assert there.entry.thinking == ("adaptive", "enabled", "disabled")
        async with reached("nobody", reach) as there:
            assert there.entry == Entry()
        async with reached("claude-opus-5", reach):
            assert api.looked_up == ["new-model", "nobody"]


async def test_an_effort_that_a_model_does_not_take_is_told_before_anything_is_asked() -> None:
    with pytest.raises(UsageError, match="does not take the effort xhigh; it takes: low, medium, high, max"):
        async with reached("claude-opus-4-6", effort="xhigh"):
            pass
    with pytest.raises(UsageError, match="does not take the effort low; it has no such setting"):
        async with reached("claude-haiku-4-5", effort="low"):
            pass


async def test_a_fallback_that_cannot_take_over_is_told_before_anything_is_asked() -> None:
    with pytest.raises(UsageError, match="fallback claude-haiku-4-5 cannot take over from claude-opus-5: it does not"):
        async with reached("claude-opus-5", Reach(fallback="claude-haiku-4-5")):
            pass
    with pytest.raises(UsageError, match=r"fallback scripted:x\.yaml: a script cannot take over"):
        async with reached("claude-opus-5", Reach(fallback="scripted:x.yaml")):
            pass


async def test_a_model_that_ends_is_told_in_a_line_after_what_is_to_be_said_of_the_way_there() -> None:
    async with reached("claude-opus-4-5", Reach(notes=("a gateway is asked",))) as there:
        assert there.notes[0] == "a gateway is asked"
        assert "claude-opus-4-5" in there.notes[1]
        assert "retire" in there.notes[1]


def request(there: Reached) -> Request:
    body: Json = {"model": there.name, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
    computer: Json = {"type": there.entry.computer[0]}
    if "toolset" not in there.entry.computer[0]:
        computer |= {"name": "computer", "display_width_px": 800, "display_height_px": 600}
    return Request({**body, "tools": [computer]}, ("computer-use-2025-11-24",))


async def test_a_tool_that_was_stepped_down_to_is_the_first_one_in_the_next_run() -> None:
    new = {"new-model": replace(MODELS["claude-opus-4-6"], id="new-model")}
    async with stand_in([Turn([say("hello")])] * 2, models=new) as api:
        reach = Reach(Api(base_url=api.url))
        async with reached("new-model", reach) as there:
            model = there.model(quiet, quiet)
            with pytest.raises(ToolUnknown):
                await model.turn(request(there))
            older = there.entry.stepped_down("computer_toolset_20260801")
            assert older is not None
            await model.turn(request(replace(there, entry=older)))
        async with reached("new-model", reach) as there:
            assert there.entry.computer == older.computer
            await there.model(quiet, quiet).turn(request(there))


async def test_claude_needs_a_key(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("HOME", str(tmp_path))
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        environment.delenv(name, raising=False)
    with pytest.raises(UsageError, match="there is no key for the Messages API: set ANTHROPIC_API_KEY"):
        async with reached("claude-opus-5"):
            pass


async def test_what_cannot_be_is_told_without_asking_anybody(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    checked("claude-opus-5", effort="max")
    checked("nobody", effort="max")
    with pytest.raises(UsageError, match="does not take the effort low; it has no such setting"):
        checked("claude-haiku-4-5", effort="low")
    with pytest.raises(UsageError, match=r"none\.yaml cannot be read as a script"):
        checked("scripted:none.yaml")
    environment.delenv("AWS_REGION", raising=False)
    environment.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match="bedrock: No AWS region"):
        checked("claude-opus-5", Reach(fallback="bedrock:claude-opus-5"))
    environment.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(UsageError, match="there is no key"):
        checked("claude-opus-5")


async def test_a_model_of_ones_own_takes_what_its_name_says() -> None:
    model = ScriptedModel([])
    there = at_hand(model, "bedrock:claude-opus-5-5", Reach(models={"claude-opus-5-5": Entry(window=5)}))
    assert there.model(quiet, quiet) is model
    assert (there.provider, there.entry.window) == ("bedrock", 5)
    assert there.entry.computer[-1] == "computer_20251124"


async def test_what_is_put_around_a_model_sees_every_request(tmp_path: Path) -> None:
    (tmp_path / "turns.yaml").write_text("- say: done\n")
    around: list[Model] = []

    def put(model: Model) -> Model:
        around.append(model)
        return model

    async with reached(f"scripted:{tmp_path / 'turns.yaml'}", around=put) as there:
        assert around == [there.model(quiet, quiet)]
    reach = Reach(fallback="claude-sonnet-5-5")
    async with reached("claude-opus-5-5", reach, around=put) as there:
        assert there.model(quiet, quiet) not in around
        assert isinstance(around[-1], Lines)


async def test_what_the_api_says_of_its_limits_holds_for_the_next_run_with_the_same_key_and_model(
    environment: pytest.MonkeyPatch,
) -> None:
    class Held(Exception):
        """It would wait."""

    def hold(_: Waiting) -> None:
        raise Held

    async def waits(api: StandIn, model: str) -> bool:
        async with reached(model, Reach(Api(base_url=api.url))) as there:
            try:
                await there.model(hold, quiet).turn(request(there))
            except Held:
                return True
        return False

    told = ratelimit("requests", limit=1, remaining=0)
    async with stand_in([Turn([say("hello")], headers=told)] * 3) as api:
        assert not await waits(api, "claude-opus-5")
        assert await waits(api, "claude-opus-5")
        assert not await waits(api, "claude-sonnet-5")
        environment.setenv("ANTHROPIC_API_KEY", "another key")
        assert not await waits(api, "claude-opus-5")
