from pathlib import Path

from PIL import Image

from harness.events import FileCollected, FrameCaptured, Output, StepFinished
from harness.testing import FakeDesktop, FakeWindow
from sandbox_image.wire import Click, Drag, Hold, Launch, Move, Press, ScreenPoint, Scroll, SetClipboard, TypeText
from tests.support.flows import run, with_editor


async def test_every_way_to_use_mouse_and_keyboard_is_what_is_sent(tmp_path: Path) -> None:
    ran = await run(
        """\
steps:
  - launch: {run: editor 'a b', cwd: /tmp, env: {LANG: C.UTF-8}}
  - click: [70, 71]
  - double_click: {point: [72, 73]}
  - right_click: [74, 75]
  - middle_click: {point: [74, 75], modifiers: [ctrl, shift]}
  - triple_click: [74, 75]
  - move: [76, 77]
  - type: Hello
  - press: {keys: BackSpace, repeat: 2}
  - scroll: {down: 3, right: -1, at: [80, 81]}
  - scroll: -2
  - drag: {from: [82, 83], over: [[90, 91]], to: [84, 85], modifiers: alt+shift}
""",
        with_editor(),
        tmp_path,
    )
    assert ran.verdict.outcome == "passed"
    assert ran.desktop.guest.done == [
        Launch(argv=("editor", "a b"), cwd="/tmp", env={"LANG": "C.UTF-8"}),  # noqa: S108 - a path in the sandbox
        Click(at=ScreenPoint(x=70, y=71)),
        Click(at=ScreenPoint(x=72, y=73), count=2),
        Click(at=ScreenPoint(x=74, y=75), button="right"),
        Click(at=ScreenPoint(x=74, y=75), button="middle", modifiers=("ctrl", "shift")),
        Click(at=ScreenPoint(x=74, y=75), count=3),
        Move(to=ScreenPoint(x=76, y=77)),
        TypeText(text="Hello"),
        Press(keys="BackSpace", repeat=2),
        Scroll(at=ScreenPoint(x=80, y=81), dx=-1, dy=3),
        Scroll(dy=-2),
        Drag(
            path=(ScreenPoint(x=82, y=83), ScreenPoint(x=90, y=91), ScreenPoint(x=84, y=85)),
            modifiers=("alt", "shift"),
        ),
    ]


async def test_keys_are_held_and_the_clipboard_is_set(tmp_path: Path) -> None:
    ran = await run(
        "steps:\n  - hold: {keys: Down, for: 300ms}\n  - copy: Grüße\n  - expect: {clipboard: grüße}\n",
        FakeDesktop(),
        tmp_path,
    )
    assert ran.verdict.outcome == "passed"
    assert ran.desktop.guest.done[:2] == [Hold(keys="Down", hold_ms=300), SetClipboard(text="Grüße")]


async def test_what_the_clipboard_holds_instead_is_told(tmp_path: Path) -> None:
    ran = await run(
        "steps:\n  - copy: Hello\n  - expect: {clipboard: /^Bye/, timeout: 50ms}\n", FakeDesktop(), tmp_path
    )
    assert ran.failure == "the clipboard does not have /^Bye/; it holds: Hello"


async def test_a_secret_is_typed_by_keys_alone(tmp_path: Path) -> None:
    ran = await run(
        "vars: {password: {default: hunter2, secret: true}}\n"
        "setup:\n  - launch: editor\nsteps:\n  - type: ${password}\n  - type: open\n",
        with_editor(),
        tmp_path,
    )
    typed = [action for action in ran.desktop.guest.done if isinstance(action, TypeText)]
    assert typed == [TypeText(text="hunter2", secret=True), TypeText(text="open")]


class Correcting(FakeWindow):
    """An editor that writes a word otherwise."""

    def typed(self, text: str) -> None:
        super().typed(text.replace("teh", "the"))


async def test_what_was_typed_is_read_back_and_another_text_fails_the_step_with_both(tmp_path: Path) -> None:
    desktop = FakeDesktop(apps={"editor": lambda _: Correcting(title="Editor")})
    ran = await run(
        "setup:\n  - launch: editor\nsteps:\n  - type: {text: fine, read_back: true}\n"
        "  - type: {text: so teh end, read_back: true}\n",
        desktop,
        tmp_path,
    )
    assert ran.statuses == {"setup.1": "passed", "steps.1": "passed", "steps.2": "failed"}
    assert ran.failure == "typed was 'so teh end', and what stands there is 'so the end'"
    assert [frame.step for frame in ran.of(FrameCaptured)] == ["setup.1", "steps.1", "steps.2"]


async def test_where_nobody_tells_what_was_typed_the_step_says_so(tmp_path: Path) -> None:
    ran = await run("steps:\n  - type: {text: Hi, read_back: true}\n  - type: Hi\n", FakeDesktop(), tmp_path)
    assert ran.verdict.outcome == "passed"
    told, plain = ran.of(StepFinished)
    assert told.note.endswith("cannot be told: no program tells what has the keyboard focus")
    assert plain.note == ""


async def test_a_file_is_opened_with_the_program_for_its_kind(tmp_path: Path) -> None:
    desktop = FakeDesktop(
        apps={"editor": lambda argv: FakeWindow(title=argv[-1])}, files={"a.txt": b"x"}, openers={".txt": "editor"}
    )
    ran = await run("steps:\n  - open: a.txt\n  - expect: {window: a.txt}\n  - open: b.txt\n", desktop, tmp_path)
    assert ran.statuses == {"steps.1": "passed", "steps.2": "passed", "steps.3": "failed"}
    assert "there is no /home/user/b.txt" in ran.failure


async def test_text_is_typed_into_what_is_clicked_first(tmp_path: Path) -> None:
    ran = await run(
        "setup:\n  - launch: editor\nsteps:\n  - type: {text: Hi, into: Close by}\n",
        with_editor(text="Close by"),
        tmp_path,
    )
    assert [action.kind for action in ran.desktop.guest.done if action.kind != "list_windows"] == [
        "launch", "read_text", "click", "type",
    ]  # fmt: skip


async def test_files_come_in_and_go_out(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("content")
    ran = await run(
        """\
steps:
  - put: {from: in.txt, to: docs/in.txt}
  - collect: docs/in.txt
  - collect: {from: docs/in.txt, as: again.txt}
  - collect: docs/in.txt
  - collect: {from: docs, as: folder}
  - collect: {from: nowhere, as: x}
""",
        FakeDesktop(),
        tmp_path,
    )
    files = tmp_path / "files"
    assert ran.desktop.guest.files["/home/user/docs/in.txt"] == b"content"
    assert [file.name for file in ran.of(FileCollected)] == ["in.txt", "again.txt", "in-2.txt", "folder"]
    assert {(files / name).read_text() for name in ("in.txt", "again.txt", "in-2.txt", "folder/in.txt")} == {"content"}
    assert ran.failure == "/home/user/nowhere does not exist"


async def test_a_screenshot_is_kept_under_its_name(tmp_path: Path) -> None:
    ran = await run(
        "steps:\n  - screenshot: the end\n  - screenshot: {name: part, region: [0, 0, 50, 40]}\n  - screenshot:\n",
        FakeDesktop(),
        tmp_path,
    )
    assert [file.name for file in ran.of(FileCollected)] == ["the end.png", "part.png", "screenshot.png"]
    with Image.open(tmp_path / "files" / "part.png") as picture:
        assert picture.size == (50, 40)


async def test_output_is_told(tmp_path: Path) -> None:
    ran = await run("steps:\n  - bash: echo hello\n  - bash: 'false'\n", FakeDesktop(), tmp_path)
    assert [(output.text, output.exit_code) for output in ran.of(Output)] == [("hello\n", 0), ("", 1)]


async def test_there_is_a_frame_after_every_step_and_before_what_points(tmp_path: Path) -> None:
    ran = await run("setup:\n  - launch: editor\nsteps:\n  - click: Save\n  - expect: Saved\n", with_editor(), tmp_path)
    frames = [(frame.step, frame.moment) for frame in ran.of(FrameCaptured)]
    assert frames == [
        ("setup.1", "after"),
        ("steps.1", "before"),
        ("steps.1", "after"),
        ("steps.2", "before"),
        ("steps.2", "after"),
    ]
    assert all(frame.data[:4] == b"\x89PNG" for frame in ran.of(FrameCaptured))
