"""The examples are run, not only read."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import execute
from harness.cli.flows import Batch, load_all, sandboxed, select
from harness.events import FileCollected, StepFinished
from harness.flow.parse import loads
from harness.record.folder import read_events
from harness.sandbox.spec import SandboxSpec
from tests.support.pages import ROOT, blocks
from tests.support.programs import run_program

EXAMPLES = ROOT / "examples"
FLOWS = select([EXAMPLES])
SCRIPT = f"scripted:{EXAMPLES / 'shopping-list.turns.yaml'}"
LIST = "Dark chocolate, 70 %"


def test_every_flow_says_what_it_must() -> None:
    assert EXAMPLES / "demo.flow.yaml" in FLOWS
    assert len(load_all(FLOWS, {}, complete=False)) == len(FLOWS)


@pytest.mark.container
@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.name)
async def test_every_flow_passes(path: Path, tmp_path: Path) -> None:
    out = io.StringIO()
    batch = Batch(sandboxed(SandboxSpec()), tmp_path, 1.0, Console(file=out, width=120))
    assert await batch.run(load_all([path], {}, complete=True)) == 0, out.getvalue()
    folder = Path(str(batch.summaries[0]["folder"]))
    events = read_events(folder)
    assert {event.status for event in events if isinstance(event, StepFinished)} == {"passed"}
    assert all((folder / "files" / event.name).exists() for event in events if isinstance(event, FileCollected))
    assert (folder / "report.html").is_file()


@pytest.mark.container
def test_the_task_is_done_from_python(tmp_path: Path) -> None:
    run_program(EXAMPLES / "agent.py", SCRIPT, folder=tmp_path)
    assert LIST in (tmp_path / "list.txt").read_text()


@pytest.mark.container
def test_the_task_is_done_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    task = "Open the editor, write a shopping list, save it as list.txt"
    assert execute(["run", task, "--model", SCRIPT, "--collect", "list.txt"]) == 0
    (run,) = (tmp_path / "runs").iterdir()
    assert LIST in (run / "files" / "list.txt").read_text()
    assert (run / "report.html").is_file()


def test_the_flows_in_the_documentation_say_what_they_must() -> None:
    pages = sorted((ROOT / "docs").glob("*.md"))
    shown = [block.text for page in pages for block in blocks(page, "yaml")]
    assert {block.partition(":")[0] for block in shown} == {"harness", "- click", "vars"}
    for block in shown:
        steps = f"steps:\n{block}" if block.startswith("- ") else block
        flow = steps if block.startswith("harness:") else f"harness: 1\nname: a\n{steps}"
        assert loads(flow, given={"password": "secret"} if "password" in flow else None).steps
