from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.model.opening import Named, named, opened
from harness.model.scripted import ScriptedModel
from harness.model.throttle import Throttle, Waiting
from harness.tools.call import Json


def quiet(_: Waiting | Json) -> None:
    """Nobody listens."""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("claude-opus-5", Named("anthropic", "claude-opus-5")),
        ("vertex:claude-opus-5@20260101", Named("vertex", "claude-opus-5@20260101")),
        ("bedrock:us.anthropic.claude-opus-5-v1:0", Named("bedrock", "us.anthropic.claude-opus-5-v1:0")),
        ("us.anthropic.claude-opus-5-v1:0", Named("bedrock", "us.anthropic.claude-opus-5-v1:0")),
        ("scripted:turns.yaml", Named(None, "turns.yaml")),
    ],
)
def test_a_model_is_named_alone_or_behind_its_provider(text: str, meant: Named) -> None:
    assert named(text) == meant


def test_a_provider_nobody_knows_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="there is no 'acme'; there are: scripted, anthropic, bedrock"):
        named("acme:claude-opus-5")


def test_a_provider_may_take_other_tools() -> None:
    assert named("claude-opus-5-5").entry.computer == ("computer_toolset_20260801",)
    assert named("bedrock:anthropic.claude-opus-5-5").entry.computer[-1] == "computer_20251124"


def test_a_script_needs_no_key(tmp_path: Path) -> None:
    (tmp_path / "turns.yaml").write_text("- say: done\n")
    model = opened(Named(None, str(tmp_path / "turns.yaml")), Throttle(), waits=quiet, hears=quiet, environ={})
    assert isinstance(model, ScriptedModel)


def test_claude_needs_a_key() -> None:
    with pytest.raises(UsageError, match="there is no key for the Messages API: set ANTHROPIC_API_KEY"):
        opened(Named("anthropic", "claude-opus-5"), Throttle(), waits=quiet, hears=quiet, environ={})
