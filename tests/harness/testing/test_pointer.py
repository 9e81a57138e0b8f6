"""The fake mouse: what it does to windows."""

from __future__ import annotations

from harness.testing import FakeGuest, FakeWindow
from sandbox_image.wire import (
    ButtonDown,
    ButtonUp,
    Click,
    Drag,
    ErrorCode,
    KeyDown,
    KeyUp,
    Move,
    Press,
    Region,
    ScreenPoint,
    Scroll,
    TypeText,
    WaitWindow,
)
from tests.support.asking import SCREEN, code, done


async def test_typing_goes_to_the_window_that_was_clicked() -> None:
    guest = FakeGuest(SCREEN)
    left = guest.show(FakeWindow(title="left", region=Region(x=0, y=40, width=200, height=100)))
    right = guest.show(FakeWindow(title="right", region=Region(x=300, y=40, width=200, height=100)))
    await done(guest, TypeText(text="r"), Click(at=ScreenPoint(x=10, y=50)), TypeText(text="l"))
    assert (left.text, right.text) == ("l", "r")


async def test_a_drag_by_the_title_moves_the_window_and_alt_f4_closes_it() -> None:
    guest = FakeGuest(SCREEN)
    window = guest.show(FakeWindow())
    await done(guest, Drag(path=(ScreenPoint(x=100, y=50), ScreenPoint(x=110, y=30))))
    assert (window.region.x, window.region.y) == (70, 40)
    await done(guest, Press(keys="alt+F4"))
    assert window.closed
    assert code(await done(guest, WaitWindow())) is ErrorCode.NO_SUCH_WINDOW


async def test_the_wheel_turns_at_the_pointer() -> None:
    turned: list[tuple[int, int]] = []

    class Page(FakeWindow):
        def scrolled(self, dx: int, dy: int) -> None:
            turned.append((dx, dy))

    guest = FakeGuest(SCREEN)
    guest.show(Page())
    await done(guest, Scroll(at=ScreenPoint(x=100, y=100), dy=3), Scroll(dx=-1), Scroll(at=ScreenPoint(x=0, y=0), dy=1))
    assert turned == [(0, 3), (-1, 0)]


async def test_a_button_that_goes_down_and_up_at_one_place_is_a_click_and_elsewhere_a_drag() -> None:
    clicks: list[tuple[int, int]] = []

    class Page(FakeWindow):
        def clicked(self, at: ScreenPoint, button: str, count: int) -> None:
            clicks.append((at.x, at.y))
            assert (button, count) == ("right", 1)

    guest = FakeGuest(SCREEN)
    window = guest.show(Page())
    await done(guest, ButtonDown(at=ScreenPoint(x=100, y=100), button="right"), ButtonUp(button="right"))
    assert clicks == [(100, 100)]
    await done(guest, ButtonDown(at=ScreenPoint(x=100, y=50)))
    assert guest.held == {"left"}
    await done(guest, Move(to=ScreenPoint(x=105, y=50)), ButtonUp(at=ScreenPoint(x=110, y=30)))
    assert (window.region.x, window.region.y) == (70, 40)
    assert guest.held == set()


async def test_a_chord_goes_to_the_window_with_the_keys_that_are_held() -> None:
    chords: list[tuple[str, ...]] = []

    class Page(FakeWindow):
        def pressed(self, keys: tuple[str, ...]) -> None:
            chords.append(keys)

    guest = FakeGuest(SCREEN)
    guest.show(Page())
    await done(guest, KeyDown(keys="ctrl"), Press(keys="s"), KeyDown(keys="x"), KeyUp(keys="ctrl"))
    assert chords == [("ctrl", "s"), ("ctrl", "x")]
    assert guest.held == {"x"}
