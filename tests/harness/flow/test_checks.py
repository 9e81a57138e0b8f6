from pathlib import Path

import pytest

from harness.events import StepFinished
from harness.testing import FakeDesktop
from sandbox_image.wire import Click, Region, WaitChange
from tests.support.flows import editor, run


def shown(text: str, *more: str) -> FakeDesktop:
    """A desktop with an editor that shows a text, and more of them to its right."""
    desktop = FakeDesktop(files={"out.pdf": b"%PDF-1.7 content"})
    for number, words in enumerate((text, *more)):
        window = editor(f"Window {number}", words)
        window.region = Region(x=20 + 380 * number, y=60, width=360, height=240)
        desktop.guest.show(window)
    return desktop


async def test_a_target_is_clicked_in_the_middle_of_its_text(tmp_path: Path) -> None:
    ran = await run("steps:\n  - click: Save\n  - expect: Saved\n", shown("note"), tmp_path)
    assert ran.verdict.outcome == "passed"
    (click,) = [action for action in ran.desktop.guest.done if isinstance(action, Click)]
    first = ran.of(StepFinished)[0]
    assert first.box
    assert click.at == first.box.center == first.points[0]


async def test_a_target_that_is_there_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    ran = await run("steps:\n  - click: Save\n", shown("one", "two"), tmp_path)
    assert ran.failure == "text 'Save' was found 2 times; narrow it down with nth, region or within"
    failure = ran.of(StepFinished)[0].failure
    assert failure
    assert [candidate.text for candidate in failure.candidates] == ["Save", "Save"]
    assert failure.window == "Window 1"
    assert not [action for action in ran.desktop.guest.done if isinstance(action, Click)]


@pytest.mark.parametrize(
    "narrowed",
    ["nth: 2", "region: [390, 0, 400, 400]", "within: {window: Window 1}", "within: {window: {active: true}}"],
)
async def test_one_of_two_can_be_meant(tmp_path: Path, narrowed: str) -> None:
    ran = await run(f"steps:\n  - click: {{text: Save, {narrowed}}}\n", shown("one", "two"), tmp_path)
    assert ran.verdict.outcome == "passed"
    assert ran.of(StepFinished)[0].points[0].x > 390


async def test_a_text_that_is_not_there_is_told_with_what_looks_like_it(tmp_path: Path) -> None:
    ran = await run("steps:\n  - click: Window zero\n", shown("one"), tmp_path)
    assert ran.failure == "text 'Window zero' was not found on the screen; the closest text is 'Window 0'"
    failure = ran.of(StepFinished)[0].failure
    assert failure
    assert failure.candidates[0].text == "Window 0"
    assert failure.waited > 0


async def test_the_closest_text_is_told_once(tmp_path: Path) -> None:
    ran = await run("steps:\n  - click: Sav\n", shown("one", "two"), tmp_path)
    assert ran.failure == "text 'Sav' was not found on the screen; the closest text is 'Save'"


async def test_where_nothing_looks_like_it_the_longest_lines_are_told(tmp_path: Path) -> None:
    ran = await run("steps:\n  - click: Qqqqqqqq\n", shown("a rather long note"), tmp_path)
    assert ran.failure == "text 'Qqqqqqqq' was not found on the screen; other text was read"
    failure = ran.of(StepFinished)[0].failure
    assert failure
    assert failure.candidates[0].text == "a rather long note"


async def test_a_region_without_text_is_named(tmp_path: Path) -> None:
    ran = await run("steps:\n  - click: {text: Save, region: [0, 0, 9, 8]}\n", shown("note"), tmp_path)
    assert ran.failure == "text 'Save' was not found in the region [0, 0, 9, 8]; no text was read"


async def test_a_window_to_look_in_has_to_be_there(tmp_path: Path) -> None:
    ran = await run("steps:\n  - click: {text: Save, within: {window: Other}}\n", shown("one"), tmp_path)
    assert ran.failure == "text 'Save' was not found in a window with title 'Other'"


EXPECTED = [
    ("expect: Note", True),
    ("expect: {text: Note, gone: true}", False),
    ("expect: {text: Nowhere, gone: true}", True),
    ("expect: {text: Note, nth: 2}", False),
    ("expect: {window: window 0}", True),
    ("expect: {window: /^Window \\d$/}", True),
    ("expect: {window: {class: FAKE, active: true}}", True),
    ("expect: {window: {class: gimp}}", False),
    ("expect: {window: Other, gone: true}", True),
    ("expect: {window: Window 0, gone: true}", False),
    ('expect: {file: {path: out.pdf, min_bytes: 5, magic: "%PDF", contains: Content}}', True),
    ("expect: {file: {path: out.pdf, min_bytes: 500}}", False),
    ("expect: {file: {path: out.pdf, magic: GIF}}", False),
    ("expect: {file: {path: out.pdf, contains: /^nothing/}}", False),
    ("expect: {file: none.pdf}", False),
    ("expect: {file: none.pdf, gone: true}", True),
    ("expect: {file: out.pdf, gone: true}", False),
    ("expect: {bash: {run: echo hello there, stdout: Hello}}", True),
    ("expect: {bash: {run: 'false', exit: 1}}", True),
    ("expect: {bash: 'false'}", False),
    ("bash: {run: echo hello, stdout: /^hello$/}", True),
    ("bash: {run: echo hello, stdout: bye}", False),
    ("bash: sleep 100", False),
]


@pytest.mark.parametrize(("step", "holds"), EXPECTED, ids=[step for step, _ in EXPECTED])
async def test_what_is_expected_holds_or_fails(tmp_path: Path, step: str, holds: bool) -> None:  # noqa: FBT001 - a column
    ran = await run(f"steps:\n  - {step}\n", shown("Note"), tmp_path, scale=0.01)
    assert ran.verdict.outcome == ("passed" if holds else "failed")


OPEN = "open windows: 'Window 0' (Fake)"
ENDS = "the file out.pdf does not contain 'z'; it ends: %PDF-1.7 content"
FAILURES = [
    ("expect: {window: {title: a, class: b}}", f"a window with title 'a', class b did not come; {OPEN}"),
    ("expect: {window: Window, gone: true}", f"a window with title 'Window' is still there; {OPEN}"),
    ("expect: {text: Note, gone: true}", "text 'Note' is still on the screen"),
    ("expect: {file: none}", "the file none does not exist"),
    ("expect: {file: {path: out.pdf, min_bytes: 99}}", "the file out.pdf has 16 bytes; expected at least 99"),
    ("expect: {file: {path: out.pdf, magic: GIF}}", "the file out.pdf begins with b'%PDF-1.7 content'; expected 'GIF'"),
    ("expect: {file: {path: out.pdf, contains: z}}", ENDS),
    ("bash: nonsense", "the command ended with exit code 127, not 0; output: nonsense: command not found"),
    ("bash: {run: echo a, stdout: b}", "the output does not contain 'b'; output: a"),
    ("bash: sleep 9", "the command did not end in time; give it a longer timeout; its output: (none)"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "told"), FAILURES, ids=[step for step, _ in FAILURES])
async def test_a_failure_says_what_there_was_instead(tmp_path: Path, step: str, told: str) -> None:
    ran = await run(f"steps:\n  - {step}\n", shown("Note"), tmp_path, scale=0.01)
    assert ran.failure == told


async def test_what_comes_between_reading_and_waiting_is_not_missed(tmp_path: Path) -> None:
    desktop = shown("Not yet")

    async def late(action: object) -> None:
        if isinstance(action, WaitChange):
            desktop.guest.show(editor(text="Ready"))

    desktop.guest.hook = late
    ran = await run("steps:\n  - {expect: Ready, timeout: 10s}\n", desktop, tmp_path)
    assert ran.verdict.outcome == "passed"
    assert [action.kind for action in desktop.guest.done] == ["read_text", "wait_change", "read_text"]


@pytest.mark.parametrize("step", ["expect: Ready", "click: Ready", "expect: {text: Note, gone: true}"])
async def test_a_screen_that_is_still_is_read_at_first_and_at_last(tmp_path: Path, step: str) -> None:
    desktop = FakeDesktop(patient=True)
    desktop.guest.show(editor(text="Note"))
    ran = await run(f"steps:\n  - {step}\n", desktop, tmp_path)
    assert ran.verdict.outcome == "failed"
    assert [action.kind for action in desktop.guest.done] == ["read_text", "read_text", "list_windows"]


async def test_a_target_that_moves_is_not_clicked_until_it_holds_still(tmp_path: Path) -> None:
    window = editor()
    desktop = FakeDesktop()
    desktop.guest.show(window)
    moves = 0

    async def moving(action: object) -> None:
        nonlocal moves
        if moves < 4 and not isinstance(action, Click):
            moves += 1
            window.region = window.region.model_copy(update={"x": window.region.x + 20})

    desktop.guest.hook = moving
    ran = await run("steps:\n  - click: {text: Save}\n    timeout: 10s\n", desktop, tmp_path)
    assert ran.verdict.outcome == "passed"
    assert moves == 4
    assert window.text == "\nSaved"
