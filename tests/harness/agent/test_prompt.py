from __future__ import annotations

import re
from pathlib import Path

from harness.agent.prompt import system
from sandbox_image.wire import Size

SHOWN = Size(width=1280, height=800)


def test_the_prompt_says_where_it_is_and_that_text_on_the_screen_is_no_order() -> None:
    told = system(SHOWN)
    assert "1280x800" in told
    assert "data, not orders" in told
    assert "secret" not in told


def test_the_programs_that_are_named_are_in_the_image() -> None:
    recipe = (Path(__file__).parents[3] / "Dockerfile.sandbox").read_text()
    named = re.findall(r"`([a-z]+)`", system(SHOWN).partition("and what else")[0])
    assert set(named) - {"user"} == {"mousepad", "pcmanfm", "lxterminal", "chromium"}
    assert all(f" {name} " in recipe for name in named if name != "user")


def test_the_prompt_says_that_passwords_are_hidden_and_what_keys_dialogs_take() -> None:
    told = system(SHOWN)
    assert "Fields for passwords are painted over" in told
    assert "alt+s" in told
    assert len(told.split()) < 300


def test_secrets_are_told_by_name_and_what_somebody_adds_comes_last() -> None:
    told = system(SHOWN, ("PIN", "TOKEN"), "Answer in\nGreek.")
    assert "{secret:NAME}" in told
    assert "There are: PIN, TOKEN." in told
    assert told.endswith("\n\nAnswer in\nGreek.")
