import io
from pathlib import Path

from rich.console import Console

from harness.cli.show_flow import ShowFlow
from harness.testing import FakeDesktop
from tests.support.flows import run, with_editor

FLOW = """\
setup:
  - launch: editor
steps:
  - name: Save [bold]it
    click: Save
  - {click: Nothing, optional: true}
  - click: Sav Close
  - press: a
cleanup:
  - press: b
"""


async def shown(flow: str, desktop: FakeDesktop, tmp_path: Path, *, terminal: bool = False) -> str:
    out = io.StringIO()
    ran = await run(flow, desktop, tmp_path)
    with ShowFlow(Console(file=out, force_terminal=terminal, width=100)) as show:
        for event in ran.events:
            show(event)
        show.report(Path("runs/x/report.html"))
    return out.getvalue()


async def test_without_a_terminal_there_is_a_plain_line_a_step(tmp_path: Path) -> None:
    text = await shown(FLOW, with_editor(), tmp_path)
    assert "\x1b" not in text
    lines = [line.rstrip("0123456789. s") for line in text.splitlines()]
    assert [line.split(maxsplit=1) for line in lines[1:7]] == [
        ["✓", "setup: launch editor"],
        ["✓", "Save [bold]it"],
        ["!", "click 'Nothing'"],
        ["✕", "click 'Sav Close'"],
        ["✓", "cleanup: press b"],
        ["-", "1 step not run"[:-4] + " run"],
    ]


async def test_a_failure_is_a_block_with_its_place_and_what_there_was_instead(tmp_path: Path) -> None:
    text = await shown(FLOW, with_editor(), tmp_path)
    block = text[text.index("a.flow.yaml:10") :]
    assert "click 'Sav Close'" in block
    assert "text 'Sav Close' was not found on the screen; the closest text is '" in block
    assert "1. 'Save Close' at (" in block
    assert "active window 'note.txt - Editor', waited" in block
    assert "failed in" in block
    assert block.endswith("report runs/x/report.html\n\n")


async def test_a_run_that_passed_says_so(tmp_path: Path) -> None:
    text = await shown("steps:\n  - press: a\n", with_editor(), tmp_path)
    assert "passed in" in text
    assert "✕" not in text


async def test_what_no_step_is_to_blame_for_is_told_at_the_end(tmp_path: Path) -> None:
    text = await shown("timeout: 50ms\nsteps:\n  - {expect: Never, timeout: 1m}\n", with_editor(), tmp_path)
    assert ": the flow's timeout of 0.05 s passed" in text


async def test_what_is_worth_knowing_of_a_step_stands_below_it(tmp_path: Path) -> None:
    text = await shown("steps:\n  - type: {text: a, read_back: true}\n", FakeDesktop(), tmp_path)
    assert "\n    whether the text stands there as it was typed cannot be told: no program" in text


async def test_in_a_terminal_the_spinner_is_gone_at_the_end(tmp_path: Path) -> None:
    text = await shown(FLOW, with_editor(), tmp_path, terminal=True)
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is back
