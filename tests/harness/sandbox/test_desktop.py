"""What a person can do at a desktop, at the one in memory: every method, its errors, its words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness.errors import (
    FileFailed,
    LaunchFailed,
    NoSuchWindow,
    NotOnScreen,
    Restarted,
    UsageError,
    WireMismatch,
)
from harness.geometry import ModelPoint
from harness.sandbox.desktop import Desktop, ShellResult, describe
from harness.testing import FakeDesktop, FakeGuest, FakeWindow
from sandbox_image.wire import (
    Answer,
    Click,
    Drag,
    Effect,
    ErrorCode,
    Exit,
    Launch,
    ListWindows,
    Move,
    Output,
    Perform,
    Refused,
    Region,
    ScreenPoint,
    Scroll,
    Shell,
    Size,
    WaitWindow,
)

SCREEN = Size(width=640, height=480)
BOX = Region(x=10, y=20, width=30, height=40)


def fake() -> FakeDesktop:
    return FakeDesktop(SCREEN, apps={"editor": lambda _: FakeWindow(title="Editor")})


async def test_a_place_is_a_point_a_pair_or_the_middle_of_a_region() -> None:
    desktop = fake()
    for place in (ScreenPoint(x=24, y=39), (24, 39), BOX):
        await desktop.move(place)
    assert desktop.guest.done == [Move(to=ScreenPoint(x=24, y=39))] * 3


async def test_pointer_methods_send_what_they_say() -> None:
    desktop = fake()
    await desktop.click()
    await desktop.click((1, 2), button="right", count=2)
    await desktop.drag((1, 2), BOX, (3, 4), button="middle")
    await desktop.scroll((1, 2), dx=-1, dy=3)
    one, two, three = ScreenPoint(x=1, y=2), BOX.center, ScreenPoint(x=3, y=4)
    assert desktop.guest.done == [
        Click(),
        Click(at=one, button="right", count=2),
        Drag(path=(one, two, three), button="middle"),
        Scroll(at=one, dx=-1, dy=3),
    ]


async def test_input_tells_what_became_of_the_screen() -> None:
    desktop = fake()
    assert not (await desktop.click((1, 1))).changed
    desktop.guest.show(FakeWindow())
    effect = await desktop.type("hello")
    assert (effect.changed, effect.still) == (True, True)


async def test_several_actions_go_in_one_round_trip() -> None:
    desktop = fake()
    reply, _ = await desktop.perform(Launch(argv=("editor",)), WaitWindow(title="edit"), ListWindows())
    assert [result.kind for result in reply.results] == ["launched", "window_found", "window_list"]


async def test_a_screenshot_knows_how_it_relates_to_the_screen(tmp_path: Path) -> None:
    shot = await fake().screenshot(region=BOX, size=Size(width=15, height=20))
    assert shot.viewport.to_screen(ModelPoint(0, 0)) == ScreenPoint(x=11, y=21)
    assert (shot.format, shot.size, shot.image().size) == ("png", Size(width=15, height=20), (15, 20))
    shot.save(tmp_path / "shot")
    assert (tmp_path / "shot").read_bytes() == shot.data


async def test_text_windows_and_programs() -> None:
    desktop = fake()
    launched = await desktop.launch("editor", "file", cwd="/tmp")  # noqa: S108 - a path in the fake
    window = await desktop.wait_for_window("Editor", pid=launched.pid)
    await desktop.type("plain words")
    assert await desktop.windows() == (window,)
    assert [word.text for word in await desktop.read_text(window.region)] == ["plain", "words"]


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.click((640, 0)), NotOnScreen),
        (lambda desktop: desktop.launch("none"), LaunchFailed),
        (lambda desktop: desktop.wait_for_window("none"), NoSuchWindow),
        (lambda desktop: desktop.read("none"), FileFailed),
        (lambda desktop: desktop.click(count=4), UsageError),
        (lambda desktop: desktop.click((99_999, 0)), UsageError),
        (lambda desktop: desktop.drag((1, 1)), UsageError),
        (lambda desktop: desktop.scroll(), UsageError),
        (lambda desktop: desktop.press(""), UsageError),
        (lambda desktop: desktop.type(""), UsageError),
        (lambda desktop: desktop.launch(), UsageError),
        (lambda desktop: desktop.bash("x", session="no spaces"), UsageError),
        (lambda desktop: desktop.read(""), UsageError),
        (lambda desktop: desktop.put(b"", "x", mode=0o7777), UsageError),
        (lambda desktop: desktop.screenshot(format="gif"), UsageError),
        (lambda desktop: desktop.perform(deadline=1e9), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop


async def test_what_cannot_be_sent_names_the_value_and_what_was_found() -> None:
    with pytest.raises(UsageError, match=r"count: .* \(found 4\)"):
        await fake().click(count=4)


async def test_a_command_tells_output_and_end() -> None:
    assert await fake().bash("echo hi") == ShellResult("hi\n", 0)
    assert (await fake().bash("sleep 9", timeout=1)).timed_out


class Refusing(FakeGuest):
    """Answers everything with a restart, or with too little."""

    async def perform(self, request: Perform) -> Answer:
        answer = await super().perform(request)
        return Answer(answer.reply.model_copy(update={"results": (), "effect": None}), b"")

    async def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        yield Output(text="begun")
        raise Refused(ErrorCode.RESTARTED, f"{request.id} is unknown")


async def test_a_refused_command_is_raised_as_its_class() -> None:
    with pytest.raises(Restarted):
        await Desktop(Refusing(SCREEN), SCREEN).bash("x")


async def test_an_answer_with_too_little_in_it_is_a_mismatch() -> None:
    with pytest.raises(WireMismatch, match="1 actions were sent and 0 results"):
        await Desktop(Refusing(SCREEN), SCREEN).click()


async def test_files_go_in_and_out(tmp_path: Path) -> None:
    desktop = fake()
    (tmp_path / "source").write_bytes(b"content")
    await desktop.put(tmp_path / "source", "folder/a")
    await desktop.put(b"bytes", "folder/b")
    await desktop.get("folder/a", tmp_path / "new" / "a")
    await desktop.get("folder", tmp_path / "folder")
    assert (tmp_path / "new" / "a").read_bytes() == await desktop.read("folder/a") == b"content"
    assert (tmp_path / "folder" / "b").read_bytes() == b"bytes"


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (
            Effect(changed=False, box=None, share=0, still=True, waited_ms=250.4),
            "nothing changed on the screen (waited 250 ms)",
        ),
        (
            Effect(changed=True, box=BOX, share=0.124, still=True, waited_ms=300),
            "changed 12% of the screen, in 30x40 at (10, 20); the screen is still",
        ),
        (
            Effect(changed=True, box=BOX, share=0.004, still=False, waited_ms=2000),
            "changed less than 1% of the screen, in 30x40 at (10, 20); the screen was still changing after 2000 ms",
        ),
    ],
)
def test_an_effect_is_told_in_words(effect: Effect, text: str) -> None:
    assert describe(effect) == text
