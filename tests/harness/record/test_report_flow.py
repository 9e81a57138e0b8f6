from pathlib import Path

from harness.events import RunStarted
from harness.record.folder import RunFolder, read_events
from harness.record.report import write_report
from harness.record.report_flow import flow_page
from tests.support.flows import run, with_editor
from tests.support.reports import check_stands_alone, links

FLOW = """\
setup:
  - launch: editor
steps:
  - click: Save
  - bash: echo '<script>alert(1)</script>'
  - drag: {from: [10, 10], to: [20, 20]}
  - click: Sav Close
  - press: a
cleanup:
  - screenshot: the end
"""


async def report(tmp_path: Path, flow: str = FLOW) -> tuple[Path, str]:
    ran = await run(flow, with_editor(text="note"), tmp_path)
    with RunFolder.new(tmp_path / "runs", "a") as folder:
        for event in ran.events:
            folder(event)
    (tmp_path / "files").rename(folder.files)
    path = write_report(folder.path)
    return path, path.read_text()


async def test_a_report_stands_alone(tmp_path: Path) -> None:
    path, _ = await report(tmp_path)
    check_stands_alone(path)


async def test_what_is_worth_knowing_of_a_step_is_in_the_report(tmp_path: Path) -> None:
    _, text = await report(tmp_path, "steps:\n  - type: {text: a, read_back: true}\n  - screenshot: end\n")
    assert "cannot be told: no program tells what has the keyboard focus" in text


async def test_what_a_sandbox_wrote_is_text_in_the_report(tmp_path: Path) -> None:
    _, text = await report(tmp_path)
    assert links(text).tags.count("script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


async def test_the_failure_comes_first_with_its_place_and_candidates(tmp_path: Path) -> None:
    _, text = await report(tmp_path)
    failure = text[text.index('id="failure"') : text.index("</section>")]
    assert "a.flow.yaml:10" in failure
    assert "was not found on the screen; the closest text is " in failure
    assert "Save Close" in failure
    assert failure.index("Failed") < failure.index("<svg")
    assert text.index('id="failure"') < text.index("<details")


async def test_every_step_is_there_with_its_status_and_marks(tmp_path: Path) -> None:
    path, text = await report(tmp_path)
    assert text.count("<details") == 7
    assert text.count('class="mark skipped"') == 1
    assert "<polyline" in text
    started, *events = read_events(path.parent)
    assert isinstance(started, RunStarted)
    page = flow_page(path.parent, started, events)
    assert [row.status for row in page.rows.values()] == [*["passed"] * 4, "failed", "skipped", "passed"]
    assert page.culprit
    assert page.culprit.info.id == "steps.4"


async def test_a_run_that_passed_has_no_failure(tmp_path: Path) -> None:
    _, text = await report(tmp_path, "steps:\n  - press: a\n  - screenshot: x\n")
    assert 'id="failure"' not in text
    assert "Passed" in text


async def test_a_run_that_was_cut_off_says_so(tmp_path: Path) -> None:
    path, _ = await report(tmp_path)
    log = path.parent / "events.jsonl"
    log.write_bytes(b"\n".join(log.read_bytes().split(b"\n")[:8]))
    text = write_report(path.parent).read_text()
    assert "Did not finish" in text
