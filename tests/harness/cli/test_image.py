from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from harness.cli.image import app
from sandbox_image.fingerprint import wire_fingerprint

RUNNER = CliRunner()


def run(*arguments: str) -> str:
    result = RUNNER.invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_verbs_are_told() -> None:
    told = run("--help")
    assert all(verb in told for verb in ("build", "ls", "inspect"))


@pytest.mark.container
def test_building_what_is_there_prints_its_name_and_no_more() -> None:
    assert run("build").startswith("harness-sandbox:")


@pytest.mark.container
def test_building_in_json_ends_with_the_image() -> None:
    assert json.loads(run("build", "--json").splitlines()[-1])["image"]["current"] is True


@pytest.mark.container
def test_the_list_marks_the_current_image() -> None:
    assert "current" in run("ls")
    assert sum(one["current"] and not one["apps"] for one in json.loads(run("ls", "--json"))) == 1


@pytest.mark.container
def test_inspect_shows_wire_and_versions() -> None:
    found = json.loads(run("inspect", "--json"))
    assert found["wire"] == wire_fingerprint()
    assert found["packages"]["chromium"]
    assert wire_fingerprint() in run("inspect")
