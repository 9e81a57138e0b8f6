from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from harness.agent.limits import Limits
from harness.errors import UsageError
from harness.model.catalog import Entry
from harness.sandbox.spec import SandboxSpec
from harness.settings import Settings, read
from sandbox_image.wire import Size


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, and a configuration of its own."""
    for name in os.environ:
        if name.startswith("HARNESS_"):
            monkeypatch.delenv(name)
    (tmp_path / "config" / "harness").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def write(place: Path, text: str) -> None:
    (place / "work" / "harness.toml").write_text(text)


def test_without_any_the_defaults_hold() -> None:
    settings = read()
    assert settings.model == "claude-sonnet-5-5"
    assert settings.bounds == Limits()
    assert settings.sandbox == SandboxSpec()
    assert settings.runs == Path("runs")


def test_each_source_weighs_more_than_the_one_behind_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen() -> tuple[object, ...]:
        settings = read()
        return settings.model, settings.effort, settings.limits.steps, settings.limits.cost

    mine = place / "config" / "harness" / "harness.toml"
    mine.write_text('model = "mine"\neffort = "low"\n[limits]\nsteps = 1\ncost = 1.5\n')
    assert seen() == ("mine", "low", 1, 1.5)
    write(place, 'model = "project"\n[limits]\nsteps = 2\n')
    assert seen() == ("project", "low", 2, 1.5)
    monkeypatch.setenv("HARNESS_LIMITS__STEPS", "3")
    assert seen() == ("project", "low", 3, 1.5)
    settings = read(limits={"steps": 4, "tokens": None}, model="flag", effort=None)
    assert (settings.model, settings.effort, settings.limits.steps, settings.limits.cost) == ("flag", "low", 4, 1.5)


def test_all_kinds_of_values_are_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        place,
        """
        runs = "out"
        fallback = "claude-opus-5-5"
        limits = { steps = "none", time = "15m" }
        [[approve]]
        then = "ask"
        tool = "bash"
        matching = "rm -r"
        [api]
        base_url = "https://api.test"
        headers = { X-Team = "desk" }
        timeout = "2m"
        [models.my-model]
        pictures = "high"
        price = { input = 1, output = 5 }
        [sandbox]
        memory = "4g"
        """,
    )
    monkeypatch.setenv("HARNESS_SANDBOX__SCREEN", "1920x1080")
    monkeypatch.setenv("HARNESS_API__HEADERS", '{"X-Other": "more"}')
    monkeypatch.setenv("HARNESS_TIMEOUT_SCALE", "2")
    settings = read()
    assert settings.runs == place / "work" / "out"
    assert settings.bounds == Limits(steps=None, seconds=900.0)
    assert settings.approve[0].tool == "bash"
    assert settings.api.timeout == 120.0
    assert {name: value.get_secret_value() for name, value in settings.api.headers.items()} == {
        "X-Team": "desk", "X-Other": "more",
    }  # fmt: skip
    assert settings.sandbox == SandboxSpec(memory=4 << 30, screen=Size(width=1920, height=1080))
    assert settings.reach.api == settings.api
    assert settings.reach.fallback == "claude-opus-5-5"
    assert settings.reach.models["my-model"].model_fields_set == {"pictures", "price"}
    assert isinstance(settings.reach.models["my-model"], Entry)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('efort = "high"', r"work/harness\.toml: efort: there is no such setting; did you mean effort\?; there are: m"),
        ('effort = "hihg"', r"harness\.toml: effort: found 'hihg'; allowed: low, medium, high, xhigh, max; .* high\?"),
        ("[limits]\nsteps = 0", r"harness\.toml: limits\.steps: found 0; input should be greater than or equal to 1"),
        ("[limits]\nstep = 3", r"limits\.step: there is no such setting; did you mean steps\?; there are: steps"),
        ('[sandbox]\nmemory = "lots"', r"sandbox\.memory: found 'lots'; an amount of memory is a number of bytes"),
        ('[sandbox]\nscreen = "1x1"', r"sandbox: a screen is 320x200 to 7680x4320 pixels; found 1x1"),
        ('[[approve]]\nthen = "aks"', r"approve\.0\.then: found 'aks'; allowed: allow, ask, deny; did you mean ask"),
        ("[models.m]\nwindows = 1", r"models\.m\.windows: there is no such setting; did you mean window\?"),
        ("[models.m.price]\ninput = 1", r"models\.m\.price\.output: field required"),
        ("api = 3", r"harness\.toml: api: found 3; input should be"),
    ],
)
def test_what_is_wrong_is_told_with_the_file_what_was_found_and_what_is_allowed(
    text: str, words: str, place: Path
) -> None:
    write(place, text)
    with pytest.raises(UsageError) as raised:
        read()
    assert re.search(words, str(raised.value))


def test_all_that_is_wrong_is_told_at_once(place: Path) -> None:
    write(place, "efort = 1\n[limits]\nsteps = 0\ncost = -1\n")
    with pytest.raises(UsageError) as raised:
        read()
    assert len(str(raised.value).splitlines()) == 3


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_LIMITS__STEPS", "many")
    with pytest.raises(UsageError, match=r"^HARNESS_LIMITS__STEPS: limits\.steps: found 'many'; input should be"):
        read()


def test_a_wrong_flag_stands_for_itself() -> None:
    with pytest.raises(UsageError, match=r"^effort: found 'x'; allowed: low"):
        read(effort="x")


@pytest.mark.parametrize(
    "text",
    [
        'api_key = "very-secret"',
        '[api]\nkey = "very-secret"',
        '[api]\nauth_token = "very-secret"',
        '[api.headers]\nx-api-key = "very-secret"',
        '[api]\nbase_url = "https://me:very-secret@api.test"',
    ],
)
def test_keys_are_no_settings(text: str, place: Path) -> None:
    write(place, text)
    with pytest.raises(UsageError, match="keys come from the environment only, as ANTHROPIC_API_KEY") as raised:
        read()
    assert "very-secret" not in str(raised.value)


@pytest.mark.parametrize("text", ['[api]\nproxy = "very-secret"', '[api]\nheaders = "very-secret"'])
def test_what_may_be_secret_is_not_told_even_where_it_is_wrong(text: str, place: Path) -> None:
    write(place, text)
    with pytest.raises(UsageError) as raised:
        read()
    assert "very-secret" not in str(raised.value)


def test_what_may_be_secret_is_not_shown(place: Path) -> None:
    write(place, '[api]\nproxy = "http://me:very-secret@proxy.test"\nheaders = { X-Team = "very-secret" }')
    settings = read()
    assert "very-secret" not in f"{settings!r} {settings} {settings.model_dump_json()} {settings.reach}"


def test_a_project_that_decides_where_the_key_goes_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = '[api]\nbase_url = "https://api.test"\nproxy = "http://me:very-secret@proxy.test"\n'
    write(place, told)
    notes = read().reach.notes
    assert [re.sub(r"\S*/work/", "", note) for note in notes] == [
        "requests, and the key, go to https://api.test: harness.toml says so",
        "requests go through a proxy, proxy.test: harness.toml says so",
    ]
    monkeypatch.setenv("HARNESS_API__BASE_URL", "https://mine.test")
    assert len(read().reach.notes) == 1
    write(place, "")
    (place / "config" / "harness" / "harness.toml").write_text(told)
    assert read().reach.notes == ()


def test_every_setting_has_a_description() -> None:
    pages = sorted((Path(__file__).parents[2] / "docs").glob("agent*.md"))
    text = "".join(page.read_text() for page in pages)
    for name in Settings.model_fields:
        assert f"`{name}`" in text


def test_a_rule_may_be_written_as_on_the_command_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place, 'approve = ["ask:bash", "deny:computer:type"]')
    assert [str(one) for one in read().approve] == ["ask:bash", "deny:computer:type"]
    write(place, 'approve = ["aks:bash"]')
    with pytest.raises(UsageError, match=r"approve\.0: found 'aks:bash'; .*there is no 'aks'; write it as"):
        read()
    monkeypatch.setenv("HARNESS_APPROVE", '["ask"]')
    assert [str(one) for one in read().approve] == ["ask"]


def test_what_is_not_given_hides_nothing_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_LIMITS", "[1")
    with pytest.raises(UsageError, match="HARNESS_LIMITS: limits"):
        read(limits={"steps": None})
