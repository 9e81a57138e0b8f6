import json
from hashlib import sha256
from pathlib import Path

import pytest

from harness.events import (
    Event,
    FrameCaptured,
    Output,
    RunFinished,
    RunStarted,
    Said,
    Speaking,
    StepFinished,
    StepInfo,
    StepStarted,
    TaskResumed,
    TurnFinished,
)
from harness.record.disk import frame_path
from harness.record.folder import RunFolder, read_events, slug
from harness.record.report import write_report
from harness.record.summary import summary
from sandbox_image.wire import Region, Size
from tests.support.tasks import STARTED, paid, task

STEP = StepInfo(id="steps.1", phase="steps", kind="press", title="press a", line=4, source="  - press: a")
START = RunStarted(
    name="Ünïcode & more", file="a.flow.yaml", source="harness: 1\nname: é\nsteps:\n  - press: a\n", tags=("x",),
    screen=Size(width=8, height=6), version="1", steps=(STEP,),
)  # fmt: skip


def frame(content: bytes, moment: str = "after") -> FrameCaptured:
    return FrameCaptured.model_validate(
        {
            "step": "steps.1",
            "moment": moment,
            "frame": sha256(content).hexdigest(),
            "format": "png",
            "region": Region(x=0, y=0, width=8, height=6),
            "data": content,
        }
    )


EVENTS: list[Event] = [
    START,
    StepStarted(step="steps.1"),
    frame(b"one", "before"),
    frame(b"one"),
    Output(step="steps.1", text="line\nline ✓", exit_code=0),
    StepFinished(step="steps.1", status="passed", seconds=0.5, after=sha256(b"one").hexdigest()),
    RunFinished(outcome="passed", seconds=1.5),
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with RunFolder.new(tmp_path / "runs", START.name) as folder:
        for event in EVENTS:
            folder(event)
    return folder.path


def test_a_run_reads_back_as_it_was_written(run: Path) -> None:
    stripped = [e.model_copy(update={"data": b""}) if isinstance(e, FrameCaptured) else e for e in EVENTS]
    assert list(read_events(run)) == stripped


def test_the_folder_is_named_by_time_and_flow(run: Path) -> None:
    stamp, _, rest = run.name.partition("-")
    assert (len(stamp), rest[6:]) == (8, "-unicode-more")


def test_two_runs_of_one_second_have_two_folders(tmp_path: Path) -> None:
    with RunFolder.new(tmp_path, "a") as one, RunFolder.new(tmp_path, "a") as other:
        assert one.path != other.path


def test_the_same_frame_is_stored_once_under_its_hash(run: Path) -> None:
    (path,) = (run / "frames").iterdir()
    assert path == frame_path(run, sha256(b"one").hexdigest(), "png")
    assert path.read_bytes() == b"one"
    assert path.stem == sha256(b"one").hexdigest()


def test_the_summary_says_how_it_ended(run: Path) -> None:
    told = json.loads((run / "run.json").read_text())
    assert (told["outcome"], told["seconds"], told["steps"]) == ("passed", 1.5, {"passed": 1})
    assert (told["name"], told["version"], told["screen"]) == (START.name, "1", {"width": 8, "height": 6})


def test_every_event_is_on_disk_before_the_next_one(tmp_path: Path) -> None:
    with RunFolder.new(tmp_path, "a") as folder:
        for count, event in enumerate(EVENTS, 1):
            folder(event)
            assert len(read_events(folder.path)) == count
        assert summary(read_events(folder.path)[:-1])["outcome"] == "unfinished"


def test_a_crash_at_any_byte_leaves_a_readable_run(run: Path) -> None:
    log = run / "events.jsonl"
    content = log.read_bytes()
    whole = read_events(run)
    seen = set()
    for end in range(len(content)):
        log.write_bytes(content[:end])
        events = read_events(run)
        assert events == whole[: len(events)]
        assert len(events) in {content[:end].count(b"\n"), content[:end].count(b"\n") + 1}
        seen.add(len(events))
    assert seen == set(range(len(whole) + 1))


@pytest.mark.parametrize("lost", ["frames", "run.json", "last line"])
def test_a_report_is_made_of_what_is_left(run: Path, lost: str) -> None:
    if lost == "last line":
        log = run / "events.jsonl"
        log.write_bytes(log.read_bytes()[:-30])
    for path in run.glob(lost if lost == "run.json" else f"{lost}/*"):
        path.unlink()
    assert "press a" in write_report(run).read_text()


def test_a_folder_that_holds_nothing_reads_as_nothing(tmp_path: Path) -> None:
    assert read_events(tmp_path) == ()


@pytest.mark.parametrize(
    ("name", "path"), [("A Flow!", "a-flow"), ("../../etc", "etc"), ("日本", "run"), ("", "run"), ("x" * 90, "x" * 40)]
)
def test_a_name_is_safe_in_a_path(name: str, path: str) -> None:
    assert slug(name) == path


# --- a task -----------------------------------------------------------------------------------------------------


@pytest.fixture
def at_work(tmp_path: Path) -> Path:
    with RunFolder.new(tmp_path / "runs", STARTED.task) as folder:
        for event in task():
            folder(event)
    return folder.path


def test_a_task_reads_back_as_it_was_told_but_for_how_it_was_said(at_work: Path) -> None:
    said = [event.model_copy(update={"at": None}) for event in task() if not isinstance(event, Speaking)]
    stripped = [event.model_copy(update={"data": b""}) if isinstance(event, FrameCaptured) else event for event in said]
    assert [event.model_copy(update={"at": None}) for event in read_events(at_work)] == stripped
    assert b"speaking" not in (at_work / "events.jsonl").read_bytes()


def test_the_summary_is_current_after_every_answer(tmp_path: Path) -> None:
    with RunFolder.new(tmp_path, "a") as folder:
        for event in task():
            folder(event)
            if isinstance(event, TurnFinished):
                assert json.loads((folder.path / "run.json").read_text())["turns"] == event.turn
    told = json.loads((folder.path / "run.json").read_text())
    assert (told["outcome"], told["files"]) == ("finished", ["list.txt"])


def test_a_run_that_was_cut_off_goes_on_in_its_folder(at_work: Path) -> None:
    log = at_work / "events.jsonl"
    log.write_bytes(log.read_bytes()[:-30])
    before = read_events(at_work)
    with RunFolder(at_work) as folder:
        folder(TaskResumed(turn=3))
        folder(paid(4))
    assert read_events(at_work)[:-2] == before
    told = json.loads((at_work / "run.json").read_text())
    assert (told["name"], told["turns"], told["outcome"]) == (STARTED.task, 4, "unfinished")


def test_half_a_pair_of_a_character_ends_no_task(tmp_path: Path) -> None:
    with RunFolder.new(tmp_path, "a") as folder:
        folder(STARTED.model_copy(update={"task": "a \ud83d"}))
        folder(Said(turn=1, text="\ud83d!"))
    assert [event.text for event in read_events(folder.path) if isinstance(event, Said)] == ["?!"]
    assert json.loads((folder.path / "run.json").read_text())["name"] == "a ?"


def test_a_run_is_its_owners_alone(at_work: Path) -> None:
    assert at_work.stat().st_mode & 0o777 == 0o700
