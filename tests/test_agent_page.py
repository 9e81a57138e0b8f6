"""What docs/agent.md says is true: its examples run, and its tables have all there is."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from contextlib import chdir
from pathlib import Path
from typing import get_args

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from harness import cli
from harness.agent import Outcome
from harness.errors import UsageError
from harness.settings import Settings, read
from tests.support.api import Turn, say, stand_in
from tests.support.pages import ROOT, Block, blocks, table

PAGE = ROOT / "docs" / "agent.md"
EXAMPLES = blocks(PAGE, "python")
PROGRAMS = [block for block in EXAMPLES if "sandbox(" in block.text]
PARTS = [block for block in EXAMPLES if block not in PROGRAMS]
FLOW_OPTIONS = {"--var", "--timeout-scale"}


def at(block: Block) -> str:
    return f"{block.section}, line {block.line}"


@pytest.mark.container
@pytest.mark.parametrize("program", PROGRAMS, ids=at)
async def test_the_programs_run(program: Block, tmp_path: Path) -> None:
    async with stand_in([Turn([say("It is made.")])]) as api:
        environ = {**os.environ, "ANTHROPIC_BASE_URL": api.url, "ANTHROPIC_API_KEY": "key"}
        done = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program.text, cwd=tmp_path, env=environ, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await done.communicate()
        assert (done.returncode, api.violations) == (0, [])
    assert b"It is made." in out


@pytest.mark.parametrize("part", PARTS, ids=at)
def test_the_other_examples_run(part: Block, tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text("4711")
    with chdir(tmp_path):
        part.execute({"__name__": "shown"})


@pytest.mark.parametrize("example", blocks(PAGE, "toml"), ids=at)
def test_the_settings_shown_can_be(example: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "harness.toml").write_text(example.text)
    monkeypatch.chdir(tmp_path)
    assert isinstance(read(), Settings)
    (tmp_path / "harness.toml").write_text(f"nonsense = 1\n{example.text}")
    with pytest.raises(UsageError, match="nonsense"):
        read()


def test_every_outcome_has_its_row() -> None:
    assert [row[0] for row in table(PAGE, "How it goes")] == [f"`{kind.__name__}`" for kind in _ends()]


def _ends() -> list[type]:
    order = ["Finished", "LimitReached", "Refused", "Stuck", "Stopped", "Failed"]
    return sorted(get_args(Outcome), key=lambda kind: order.index(kind.__name__))


def test_every_option_of_a_task_has_its_row() -> None:
    group = get_command(cli.build(["run"]))
    assert isinstance(group, TyperGroup)
    there = {name for option in group.commands["run"].params for name in option.opts if name.startswith("--")}
    told = {name for row in table(PAGE, "Options") for name in re.findall(r"--[a-z-]+", row[0])}
    assert told == there - FLOW_OPTIONS


def test_every_setting_has_its_row() -> None:
    assert [row[0] for row in table(PAGE, "Settings")] == [f"`{name}`" for name in Settings.model_fields]
