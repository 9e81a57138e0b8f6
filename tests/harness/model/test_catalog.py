from __future__ import annotations

from datetime import date

import pytest
from anthropic.resources.messages import DEPRECATED_MODELS

from harness.geometry import HIGH, STANDARD
from harness.model.catalog import NEWEST, Entry, find, listed, retirement


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
        ("claude-sonnet-4-5-latest", "computer_20250124"),
        ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "computer_20250124"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-6-v1", "computer_20251124"),
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


@pytest.mark.parametrize(
    "name", ["claude-next-1", "claude-opus-5-6", "claude-opus-55", "my-claude-opus-5", "claude-opus"]
)
def test_a_model_that_nobody_lists_is_unknown_however_much_its_name_is_like_another(name: str) -> None:
    assert find(name) is None


def test_settings_override_fields_and_add_models() -> None:
    changed = find("claude-opus-5", {"claude-opus-5": Entry(window=5_000)})
    assert changed is not None
    assert (changed.window, changed.cache_minimum) == (5_000, 512)
    added = find("my-model", {"my-model": Entry(pictures="high")})
    assert added == Entry(pictures="high")


def test_an_override_is_for_a_model_by_its_own_name_or_the_listed_one_and_for_no_other() -> None:
    overrides = {"claude-opus-5": Entry(window=5_000)}
    at_bedrock = find("us.anthropic.claude-opus-5-v1:0", overrides)
    assert at_bedrock is not None
    assert at_bedrock.window == 5_000
    assert find("claude-opus-5-5", overrides) == find("claude-opus-5-5")


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2026, 11, 25), "claude-sonnet-4-5 retires on 2026-11-30, in 5 days; `harness models` lists others"),
        (date(2026, 11, 30), "claude-sonnet-4-5 retires on 2026-11-30, today; `harness models` lists others"),
        (date(2026, 12, 1), "claude-sonnet-4-5 was to retire on 2026-11-30: the API may refuse it; "),
    ],
)
def test_a_model_that_ends_is_told_in_a_line(today: date, words: str) -> None:
    entry = find("claude-sonnet-4-5")
    assert entry is not None
    assert str(retirement("claude-sonnet-4-5", entry, today)).startswith(words)


def test_a_model_without_an_end_in_sight_needs_no_words() -> None:
    assert retirement("my-model", Entry(), date(2026, 11, 25)) is None


def test_the_catalog_knows_every_end_that_the_sdk_knows() -> None:
    now = {name: entry.retires for name, entry in listed().items() if entry.retires}
    for name, told in DEPRECATED_MODELS.items():
        if name in now:
            assert told == f"{now[name]:%B} {now[name].day}{_suffix(now[name].day)}, {now[name].year}"


def _suffix(day: int) -> str:
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day not in (11, 12, 13) else "th"


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
