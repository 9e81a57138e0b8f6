"""What the fake screen shows."""

from __future__ import annotations

import pytest

from harness.testing.screen import FakeScreen
from harness.testing.windows import FakeWindow
from sandbox_image.wire import Refused, Region, ScreenPoint, Size, WaitWindow

SCREEN = Size(width=640, height=480)


def window(title: str, x: int = 60, y: int = 60, text: str = "") -> FakeWindow:
    return FakeWindow(title=title, text=text, region=Region(x=x, y=y, width=200, height=100))


def test_the_topmost_window_has_the_focus_and_a_click_raises() -> None:
    screen = FakeScreen(SCREEN)
    under = screen.open(window("under"), 1)
    screen.open(window("over", x=200), 2)
    assert [one.title for one in screen.windows() if one.active] == ["over"]
    assert screen.raise_at(ScreenPoint(x=70, y=70)) is under
    assert [one.title for one in screen.windows()] == ["over", "under"]
    assert screen.raise_at(ScreenPoint(x=0, y=479)) is None


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        (WaitWindow(title="NOTES"), "Notes 2"),
        (WaitWindow(title_regex="1$"), "Notes 1"),
        (WaitWindow(pid=1), "Notes 1"),
        (WaitWindow(window_class="FAKE", title="1"), "Notes 1"),
        (WaitWindow(), "Notes 2"),
        (WaitWindow(window_class="other"), None),
        (WaitWindow(title="Notes 1", pid=2), None),
    ],
)
def test_the_newest_window_that_matches_everything_is_found(wanted: WaitWindow, title: str | None) -> None:
    screen = FakeScreen(SCREEN)
    screen.open(window("Notes 1"), 1)
    screen.open(window("Notes 2", x=300), 2)
    screen.raise_at(ScreenPoint(x=70, y=70))
    found = screen.find(wanted)
    assert (found.title if found else None) == title


def test_only_words_that_can_be_seen_are_read() -> None:
    screen = FakeScreen(SCREEN)
    screen.open(window("left", text="covered"), None)
    screen.open(window("right", x=400, text="seen"), None)
    assert [word.text for word in screen.words(screen.whole)] == ["left", "right", "covered", "seen"]
    screen.open(window("over", x=65, y=70), None)
    assert [word.text for word in screen.words(screen.whole)] == ["right", "over", "seen"]


def test_a_word_is_drawn_exactly_where_it_is_read() -> None:
    screen = FakeScreen(SCREEN)
    screen.open(window("t", text="Exactly"), None)
    (word,) = (word for word in screen.words(screen.whole) if word.text == "Exactly")
    box = word.box
    around = screen.render().convert("L").point(lambda value: 255 if value < 128 else 0)
    ink = around.crop((box.x - 3, box.y - 3, box.x + box.width + 3, box.y + box.height + 3)).getbbox()
    assert ink is not None
    assert all(
        abs(found - wanted) <= 2 for found, wanted in zip(ink, (3, 3, 3 + box.width, 3 + box.height), strict=True)
    )


def test_places_off_the_screen_are_refused() -> None:
    screen = FakeScreen(SCREEN)
    screen.check(ScreenPoint(x=639, y=479))
    screen.check(screen.whole)
    for place in (ScreenPoint(x=640, y=0), Region(x=0, y=0, width=641, height=1)):
        with pytest.raises(Refused, match="not on the screen"):
            screen.check(place)
