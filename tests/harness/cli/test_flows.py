import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import execute
from harness.cli.flows import Batch, load_all, select, variables
from harness.errors import FlowError, UsageError
from harness.events import StepFinished
from harness.flow.parse import loads
from harness.record.folder import read_events
from harness.testing import FakeDesktop
from tests.support.flows import HEAD, opening, with_editor

ROOT = Path(__file__).parents[3]
GOOD = f"{HEAD}vars: {{user: Ada}}\nsteps:\n  - press: a\n"
BAD = "harness: 1\nname: B\nsteps:\n  - clik: a\n  - press: {}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flows" / "deep").mkdir(parents=True)
    (tmp_path / "flows" / "a.flow.yaml").write_text(GOOD)
    (tmp_path / "flows" / "deep" / "b.flow.yaml").write_text(GOOD)
    (tmp_path / "flows" / "other.yaml").write_text("x")
    (tmp_path / "bad.flow.yaml").write_text(BAD)
    (tmp_path / "empty").mkdir()
    return tmp_path


# --- what is selected -------------------------------------------------------------------------------------------


def test_a_folder_stands_for_the_flows_below_it_and_each_runs_once(folder: Path) -> None:
    flows = folder / "flows"
    assert select([flows, flows / "a.flow.yaml"]) == [flows / "a.flow.yaml", flows / "deep" / "b.flow.yaml"]


@pytest.mark.parametrize(
    ("name", "told"),
    [("none.flow.yaml", "does not exist"), ("none", "does not exist"), ("other.yaml", "is no flow")],
)
def test_what_is_no_flow_is_refused(folder: Path, name: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        select([folder / "flows" / name])


def test_variables_are_names_and_values() -> None:
    assert variables(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    with pytest.raises(UsageError, match="write it as -v NAME=VALUE"):
        variables(["a"])


def test_a_variable_that_no_flow_declares_is_refused(folder: Path) -> None:
    files = select([folder / "flows"])
    assert len(load_all(files, {"user": "Bob"}, complete=True)) == 2
    with pytest.raises(UsageError, match="no flow declares this variable under vars; declared: user"):
        load_all(files, {"usr": "Bob"}, complete=True)


def test_the_problems_of_all_files_are_told_together(folder: Path) -> None:
    (folder / "worse.flow.yaml").write_text("x")
    with pytest.raises(FlowError) as raised:
        load_all([folder / "bad.flow.yaml", folder / "worse.flow.yaml"], {}, complete=True)
    assert [line.rpartition("/")[2].split(": ")[0] for line in str(raised.value).splitlines()] == [
        "bad.flow.yaml:4:5",
        "bad.flow.yaml:5:12",
        "worse.flow.yaml:1:1",
    ]


# --- exit codes before anything starts ----------------------------------------------------------------------------


def test_check_reads_flows_and_starts_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["check", str(folder / "flows")]) == 0
    assert capsys.readouterr().out.count("A flow: nothing wrong") == 2


def test_a_place_for_runs_that_cannot_be_is_bad_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = folder / "taken"
    taken.write_text("a file")
    assert execute(["run", "--runs", str(taken), str(folder / "flows")]) == 2
    assert "no folder can be made there (File exists); name one that you may write to" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["run", "check"])
def test_an_invalid_flow_is_told_as_lines_that_begin_with_the_place(
    folder: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    path = folder / "bad.flow.yaml"
    assert execute([verb, str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(": ")[0] for line in err.splitlines()] == [f"{path}:4:5", f"{path}:5:12"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["empty"], 5), (["none.flow.yaml"], 2), (["flows", "-v", "x"], 2), (["flows", "--what"], 2)],
)
def test_usage_has_exit_codes_of_its_own(folder: Path, arguments: list[str], code: int) -> None:
    assert execute(["run", str(folder / arguments[0]), *arguments[1:]]) == code
    assert not (folder / "runs").exists()


# --- a batch ------------------------------------------------------------------------------------------------------


def batch(tmp_path: Path, desktop: FakeDesktop | None = None) -> Batch:
    return Batch(opening(desktop or with_editor()), tmp_path / "runs", 1.0, Console(file=io.StringIO()))


def outcome_on_disk(told: dict[str, object]) -> object:
    assert Path(str(told["report"])).is_file()
    return json.loads((Path(str(told["folder"])) / "run.json").read_text())["outcome"]


async def test_flows_run_one_after_the_other_and_the_worst_decides(tmp_path: Path) -> None:
    good, bad = loads(GOOD), loads(GOOD.replace("press: a", "press: nonsense_key"))
    done = batch(tmp_path)
    assert await done.run([bad, good]) == 1
    assert [told["outcome"] for told in done.summaries] == ["failed", "passed"]
    assert await batch(tmp_path).run([good]) == 0


async def test_every_flow_leaves_a_folder_with_a_report(tmp_path: Path) -> None:
    done = batch(tmp_path)
    await done.run([loads(GOOD), loads(GOOD)])
    assert [outcome_on_disk(told) for told in done.summaries] == ["passed", "passed"]
    assert len({told["folder"] for told in done.summaries}) == 2


@pytest.mark.parametrize(("which", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
async def test_a_signal_ends_the_flow_after_its_cleanup_and_starts_no_other(
    tmp_path: Path, which: signal.Signals, code: int
) -> None:
    desktop = with_editor()
    sent = False

    async def strike(_: object) -> None:
        nonlocal sent
        if not sent:
            sent = True
            os.kill(os.getpid(), which)
            await asyncio.Event().wait()

    desktop.guest.hook = strike
    flow = loads(f"{HEAD}steps:\n  - press: a\ncleanup:\n  - press: b\n")
    done = batch(tmp_path, desktop)
    assert await done.run([flow, flow]) == code
    assert [told["outcome"] for told in done.summaries] == ["interrupted"]
    ends = [e for e in read_events(Path(str(done.summaries[0]["folder"]))) if isinstance(e, StepFinished)]
    assert {end.step: end.status for end in ends} == {"steps.1": "interrupted", "cleanup.1": "passed"}


# --- for real -----------------------------------------------------------------------------------------------------


def harness(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", "from harness.cli import main; main()", *map(str, arguments)]


@pytest.mark.container
def test_applications_that_no_image_has_are_told_with_the_command_that_adds_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = tmp_path / "a.flow.yaml"
    flow.write_text(f"{HEAD}desktop: {{apps: [nobody-has-this]}}\nsteps:\n  - press: a\n")
    assert execute(["run", str(flow), "--runs", str(tmp_path / "runs")]) == 3
    assert "harness image build --apps nobody-has-this" in " ".join(capsys.readouterr().out.split())


@pytest.mark.container
def test_json_is_the_one_thing_on_standard_output(tmp_path: Path) -> None:
    path = tmp_path / "a.flow.yaml"
    path.write_text("harness: 1\nname: A\nsteps:\n  - bash: echo hello\n  - bash: 'false'\n")
    done = subprocess.run(
        harness("run", path, "--runs", tmp_path / "runs", "--json"),
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["exit_code"] == 1
    assert told["flows"][0]["steps"] == {"passed": 1, "failed": 1}
    assert "the command ended with exit code 1, not 0" in done.stderr


@pytest.mark.container
def test_ctrl_c_cleans_up_inside_the_sandbox_before_it_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.flow.yaml"
    path.write_text(
        "harness: 1\nname: A\nsteps:\n  - bash: echo kept > kept.txt\n  - {expect: Never, timeout: 1m}\n"
        "cleanup:\n  - collect: kept.txt\n"
    )
    runs = tmp_path / "runs"
    with subprocess.Popen(harness("run", path, "--runs", runs), cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not any('"step":"steps.2"' in log.read_text() for log in runs.glob("*/events.jsonl")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)  # there is no event to wait for in another process's file
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    (kept,) = runs.glob("*/files/kept.txt")
    assert kept.read_text() == "kept\n"
