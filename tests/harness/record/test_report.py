import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.record.folder import RunFolder
from harness.record.report import read_page, seconds, write_report
from tests.support.flows import run, with_editor

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


class Links(HTMLParser):
    """Everything a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.ids |= {given["id"] or ""} if "id" in given else set()
        self.links |= {value for name in ("src", "href") if (value := given.get(name))}


async def report(tmp_path: Path, flow: str = FLOW) -> tuple[Path, str]:
    ran = await run(flow, with_editor(text="note"), tmp_path)
    with RunFolder.new(tmp_path / "runs", "a") as folder:
        for event in ran.events:
            folder(event)
    (tmp_path / "files").rename(folder.files)
    path = write_report(folder.path)
    return path, path.read_text()


async def test_a_report_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path, text = await report(tmp_path)
    before = tmp_path / "before.html"
    before.hardlink_to(path)  # stays what it is where the report is replaced, and changes where it is written over
    (path.parent / "events.jsonl").write_bytes((path.parent / "events.jsonl").read_bytes().split(b"\n")[0])
    write_report(path.parent)
    assert path.read_text() != text
    assert before.read_text() == text


async def test_all_that_a_report_shows_lies_beside_it(tmp_path: Path) -> None:
    path, text = await report(tmp_path)
    page = Links()
    page.feed(text)
    assert any(link.startswith("frames/") for link in page.links)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (path.parent / link.replace("%20", " ")).is_file(), link


async def test_a_report_opens_from_a_file_without_fetching_anything(tmp_path: Path) -> None:
    _, text = await report(tmp_path)
    assert not re.search(r"https?://|fetch\(|XMLHttpRequest|serviceWorker|@import|<link", text)
    assert "prefers-color-scheme: dark" in text


async def test_what_is_worth_knowing_of_a_step_is_in_the_report(tmp_path: Path) -> None:
    _, text = await report(tmp_path, "steps:\n  - type: {text: a, read_back: true}\n  - screenshot: end\n")
    assert "cannot be told: no program tells what has the keyboard focus" in text


async def test_what_a_sandbox_wrote_is_text_in_the_report(tmp_path: Path) -> None:
    _, text = await report(tmp_path)
    page = Links()
    page.feed(text)
    assert page.tags.count("script") == 1
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
    page = read_page(path.parent)
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


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no run"):
        write_report(tmp_path)


@pytest.mark.parametrize(("value", "said"), [(0.04, "0.0 s"), (9.9, "9.9 s"), (12.4, "12 s"), (125, "2 min 5 s")])
def test_durations_are_said_as_people_do(value: float, said: str) -> None:
    assert seconds(value) == said
