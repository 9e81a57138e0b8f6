from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from harness.cli.models import models
from harness.errors import UsageError
from harness.model.catalog import listed
from tests.support.api import MODELS, stand_in

COMMAND = typer.Typer()
COMMAND.command()(models)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a key of ours")
    return tmp_path


def said(*arguments: str) -> str:
    result = CliRunner().invoke(COMMAND, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_every_model_of_the_catalog_has_a_line() -> None:
    lines = {line.split()[0]: line for line in said().splitlines() if line}
    assert set(lines) >= set(listed())
    assert "toolset_20260801" in lines["claude-sonnet-5-5"]
    assert "2, 10" in lines["claude-sonnet-5-5"]
    assert "high (low to max)" in lines["claude-sonnet-5-5"]
    assert "0.1, 0.5 (0.5, 2.5 above 100k)" in lines["claude-haiku-5-5"]
    assert "unknown" in lines["claude-opus-4-6"]
    assert "2027-01-22" in lines["claude-opus-4-5"]


def test_settings_are_part_of_it(place: Path) -> None:
    (place / "harness.toml").write_text(
        "[models.claude-opus-4-6]\nprice = { input = 5, output = 25 }\n[models.my-model]\npictures = 'high'\n"
    )
    told = {model["name"]: model for model in json.loads(said("--json"))["models"]}
    assert told["claude-opus-4-6"]["price"]["input"] == 5
    assert told["claude-opus-4-6"]["computer"] == ["computer_20251124"]
    assert told["my-model"]["pictures"] == "high"
    assert told["my-model"]["listed"] is None


@pytest.fixture
def address() -> Iterator[str]:
    """The API, in a thread of its own."""
    ready, addresses = threading.Event(), list[str]()
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        new = {"new-model": replace(MODELS["claude-opus-5"], id="new-model", window=77_000)}
        async with stand_in([], models=new) as api:
            addresses.append(api.url)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    yield addresses[0]
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


def test_the_api_is_asked_what_it_lists(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_API__BASE_URL", address)
    told = {model["name"]: model for model in json.loads(said("--json", "--remote"))["models"]}
    assert told["new-model"]["window"] == 77_000
    assert told["new-model"]["listed"]
    assert told["claude-opus-5"]["listed"]
    assert "listed" in said("--remote").splitlines()[0]


def test_a_script_has_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_MODEL", "scripted:turns.yaml")
    with pytest.raises(UsageError, match="the model of the settings is a script"):
        said("--remote")
