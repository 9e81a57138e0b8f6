from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.geometry import HIGH, STANDARD
from harness.model.catalog import NEWEST, Entry, find, listed


def test_every_listed_model_takes_a_computer_and_thinks_somehow() -> None:
    assert len(listed()) > 10
    for entry in listed().values():
        assert entry.computer
        assert entry.thinking


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("claude-opus-5-5", NEWEST),
        ("claude-opus-5", NEWEST),
        ("us.anthropic.claude-opus-4-6-v1:0", "computer_20251124"),
        ("claude-haiku-4-5-20251001", "computer_20250124"),
        ("claude-sonnet-4-5@20250929", "computer_20250124"),
    ],
)
def test_a_model_is_found_by_its_name_whatever_a_provider_puts_around_it(name: str, first: str) -> None:
    entry = find(name)
    assert entry is not None
    assert entry.computer[0] == first


def test_the_longest_name_counts() -> None:
    newer, older = find("claude-opus-5-5"), find("claude-opus-5")
    assert newer is not None
    assert older is not None
    assert newer.price != older.price


def test_a_model_that_nobody_lists_is_unknown() -> None:
    assert find("claude-next-1") is None


def test_settings_override_fields_and_add_models() -> None:
    changed = find("claude-opus-5", {"claude-opus-5": {"window": 5_000}})
    assert changed is not None
    assert (changed.window, changed.cache_minimum) == (5_000, 512)
    added = find("my-model", {"my-model": {"pictures": "high"}})
    assert added == Entry(pictures="high")


def test_a_wrong_override_names_the_field() -> None:
    with pytest.raises(UsageError, match=r"settings, models\.my-model: windows: "):
        find("my-model", {"my-model": {"windows": 1}})


def test_a_provider_may_serve_a_model_differently() -> None:
    entry = find("claude-opus-5-5")
    assert entry is not None
    assert "computer_20251124" in entry.at("bedrock").computer
    assert entry.at("anthropic") == entry


def test_an_unknown_tool_steps_down_to_the_next_older_one() -> None:
    entry = Entry()
    lower = entry.stepped_down(NEWEST)
    assert lower is not None
    assert lower.computer[0] == "computer_20251124"
    last = lower.stepped_down("computer_20251124")
    assert last is not None
    assert last.stepped_down("computer_20250124") is None


def test_the_size_of_pictures_is_that_of_the_tier() -> None:
    assert Entry(pictures="high").limits == HIGH
    assert Entry().limits == STANDARD
