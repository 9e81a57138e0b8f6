"""scripts/cost-simulation: what a long run costs, by the documented accounting."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODELS = ("claude-opus-5", "claude-sonnet-5-5", "claude-fable-5-1", "claude-haiku-5-5", "claude-haiku-4-5")


def simulation(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "costs", *arguments],
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'scripts'}:{ROOT}"},
        stdout=subprocess.PIPE,
        check=False,  # the status says whether ours is the cheapest
        timeout=100,
        text=True,
    )
    return done.stdout


def test_a_long_run_is_cheapest_as_the_harness_does_it() -> None:
    told = json.loads(simulation("--json", "--steps", "60", "--models", *MODELS))
    assert set(told["models"]) == set(MODELS)
    for ways in told["models"].values():
        naive, marked, ours = (way["dollars"] for way in ways)
        assert naive > marked > ours
        assert ways[2]["ratio"] < 0.11


@pytest.mark.parametrize("steps", ["5", "14"])
def test_a_short_run_costs_hardly_more_than_with_one_mark(steps: str) -> None:
    told = json.loads(simulation("--json", "--steps", steps, "--models", "claude-opus-5"))
    _, marked, ours = told["models"]["claude-opus-5"]
    assert ours["dollars"] < 1.1 * marked["dollars"]


def test_the_table_has_a_row_for_each_way() -> None:
    rows = simulation("--steps", "3", "--models", "claude-opus-5").splitlines()
    assert [row.split("|")[2].strip() for row in rows[2:]] == ["everything, no cache", "everything, one mark", "ours"]
