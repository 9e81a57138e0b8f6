from __future__ import annotations

import json
import os
import subprocess
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from pathlib import Path

import pytest

from harness.agent.outcome import Finished
from harness.cli import execute
from harness.cli.order import Options, ordered
from harness.cli.resume import left
from harness.errors import UsageError
from harness.events import Bounds, Event, FileCollected, SandboxStarted, TaskFinished, TaskStarted
from harness.model.transcript import UNKNOWN
from harness.record.conversation import exchanges
from harness.record.folder import RunFolder
from harness.settings import read
from sandbox_image.wire import Size
from tests.support.api import Turn, call, member, say, stand_in, think
from tests.support.sandboxes import Leftovers

SCRIPT = """
- say: I begin.
  do: [{bash: {command: "cd /tmp; word=kept"}}]
- say: I wait.
  do: [{bash: {command: echo waiting}}, {wait: {duration: 300}}]
- say: I look what is there.
  do: [{bash: {command: "pwd; echo $word > word.txt"}}]
- say: It is all there.
"""
WORD = "/tmp/word.txt"  # noqa: S108 - in the sandbox
SIZE = Size(width=1280, height=800)
BEGUN = TaskStarted(task="look", model="m", limits=Bounds(), screen=SIZE, shown=SIZE, version="1")
ENDED = TaskFinished(outcome="finished", message="done", turns=1, seconds=1.0, tokens=1, cost=None)
IN_ONE = SandboxStarted(image="image", sandbox="0123456789ab", container="box", seconds=1.0)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder.new(tmp_path / "runs", "look")
    ordered("look", Options(), read(model="scripted:x")).write(folder.path)
    return folder


def test_a_run_that_was_cut_off_before_anything_was_asked_begins_anew_where_it_was(folder: RunFolder) -> None:
    tell(folder, IN_ONE, BEGUN)
    rest = left(folder.path)
    assert (rest.order.text, rest.sandbox, rest.earlier, rest.ended) == ("look", "0123456789ab", None, False)


def test_of_a_task_that_ended_what_was_not_collected_yet_is_left(tmp_path: Path) -> None:
    folder = RunFolder.new(tmp_path / "runs", "look")
    ordered("look", Options(collect=("a", "b")), read(model="scripted:x")).write(folder.path)
    tell(folder, IN_ONE, BEGUN, ENDED, FileCollected(source="a", name="a"))
    rest = left(folder.path)
    assert (rest.order.collect, rest.ended) == (("b",), True)
    tell(folder, FileCollected(source="b", name="b"))
    with pytest.raises(UsageError, match="has ended"):
        left(folder.path)


@pytest.mark.parametrize(
    ("events", "told"),
    [([], "the sandbox had not started yet"), ([IN_ONE, BEGUN, ENDED], r"has ended \(finished: done\)")],
)
def test_what_there_is_nothing_to_go_on_with_is_told(folder: RunFolder, events: list[Event], told: str) -> None:
    tell(folder, *events)
    with pytest.raises(UsageError, match=told):
        left(folder.path)


def test_what_is_no_run_of_a_task_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("no folder")
    for name in ("none", "file"):
        assert execute(["resume", str(tmp_path / name)]) == 2
        assert "is not the folder of a task's run" in " ".join(capsys.readouterr().err.split())


def tell(folder: RunFolder, *events: Event) -> None:
    with folder:
        for event in events:
            folder(event)


@pytest.mark.container
def test_a_task_whose_process_was_killed_goes_on_where_it_was(tmp_path: Path, leftovers: Leftovers) -> None:
    (tmp_path / "script.yaml").write_text(SCRIPT)
    run = cut_off(tmp_path, "echo waiting")
    assert leftovers.containers()
    done = subprocess.run(
        harness("resume", run, "--json"), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["outcome"], told["message"], told["turns"]) == ("finished", "It is all there.", 4)
    assert (run / "files" / "word.txt").read_text() == "kept\n"
    assert (run / "report.html").is_file()
    *_, before_last, last = exchanges(run)
    assert UNKNOWN in json.dumps(before_last.request.body)
    assert last.turn is not None
    assert last.turn.text == Finished("It is all there.").text
    assert leftovers.nothing()


@pytest.mark.container
def test_a_task_whose_process_lives_is_not_resumed(tmp_path: Path, leftovers: Leftovers) -> None:
    (tmp_path / "script.yaml").write_text(SCRIPT)
    with begun(tmp_path) as process:
        run = reached(process, tmp_path, "echo waiting")
        done = subprocess.run(
            harness("resume", run), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100
        )
        process.terminate()
    assert done.returncode == 2
    assert str(process.pid) in done.stderr
    assert leftovers.nothing()


@pytest.mark.container
async def test_what_a_model_thought_is_still_bound_to_what_it_was_told(tmp_path: Path, leftovers: Leftovers) -> None:
    waiting = [think("I wait."), call("bash", command="echo waiting"), call("bash", command="sleep 300")]
    replies = [[think("Look."), member("screenshot")], waiting, [say("done")]]
    async with stand_in([Turn(reply) for reply in replies]) as api:
        environ = {**os.environ, "ANTHROPIC_BASE_URL": api.url, "ANTHROPIC_API_KEY": "key"}
        first = await started(environ, tmp_path, "run", "look around", "--model", "claude-sonnet-5-5")
        assert first.stdout
        async for line in first.stdout:
            if b"echo waiting" in line:
                break
        first.kill()
        await first.communicate()
        (run,) = (tmp_path / "runs").iterdir()
        second = await started(environ, tmp_path, "resume", run, "--json")
        out, _ = await second.communicate()
        assert api.violations == []
    assert json.loads(out)["message"] == "done"
    assert leftovers.nothing()


async def started(environ: dict[str, str], folder: Path, *arguments: str | Path) -> Process:
    return await create_subprocess_exec(*harness(*arguments), cwd=folder, env=environ, stdout=PIPE)


def cut_off(folder: Path, at: str) -> Path:
    """The folder of a run whose process was killed once it had said this."""
    with begun(folder) as process:
        run = reached(process, folder, at)
        process.kill()
    return run


def begun(folder: Path) -> subprocess.Popen[str]:
    command = harness("run", "look what is there", "--model", f"scripted:{folder / 'script.yaml'}", "--collect", WORD)
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)


def reached(process: subprocess.Popen[str], folder: Path, at: str) -> Path:
    assert process.stdout
    for line in process.stdout:
        if at in line:
            break
    (run,) = (folder / "runs").iterdir()
    return run


def harness(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", "from harness.cli import main; main()", *map(str, arguments)]
