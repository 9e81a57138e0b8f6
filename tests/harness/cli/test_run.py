from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from harness.cli import execute
from harness.cli.run import meant
from harness.errors import UsageError

TASK = "Open the editor"


@pytest.mark.parametrize(
    "words", ["Open the editor", "  Open the editor\n", "打开编辑器", "Open a/b.yaml in the editor"]
)
def test_words_are_a_task(words: str) -> None:
    assert meant([words]) == words.strip()


@pytest.mark.parametrize("words", ["write a list, " * 100, "列" * 300, "look at " + "a/" * 3000])
def test_a_task_may_be_longer_than_a_path(words: str) -> None:
    assert meant([words]) == words.strip()


def test_a_message_says_what_was_written_and_no_picture_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", TASK, "--model", "scripted:x", "--approve", "ask:computer:[bold]:smile:"]) == 2
    assert "'ask:computer:[bold]:smile:'" in capsys.readouterr().err


def test_a_task_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Open the editor\nand write.\n"))
    assert meant(["-"]) == "Open the editor\nand write."


@pytest.mark.parametrize("words", [["a.flow.yaml"], ["flows/"], ["there"], ["there", "a.flow.yaml"], ["flows/none"]])
def test_what_is_there_or_looks_like_a_path_is_one(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    assert meant(words) == [Path(word) for word in words]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["smoke"], "smoke is neither a flow file nor a folder, and a task has more words than one"),
        ([" "], "the task is empty"),
        (["Open", "the", "editor"], 'put one in quotes: harness run "Open the editor"'),
    ],
)
def test_what_is_neither_is_told(words: list[str], told: str) -> None:
    with pytest.raises(UsageError) as raised:
        meant(words)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([TASK, "-v", "a=b"], "--var has no meaning for a task"),
        (["examples", "--model", "claude-opus-5", "--keep"], "--model, --keep has no meaning for flows"),
    ],
)
def test_options_of_the_other_kind_are_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["run", *arguments]) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_without_a_key_one_line_says_what_to_do_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        monkeypatch.delenv(key, raising=False)
    assert execute(["run", TASK, "--runs", str(tmp_path / "runs"), "--json"]) == 2
    told = json.loads(capsys.readouterr().err)["error"]
    assert told["kind"] == "UsageError"
    assert "set ANTHROPIC_API_KEY, or play turns from a file with --model scripted:FILE" in told["message"]
    assert not (tmp_path / "runs").exists()
