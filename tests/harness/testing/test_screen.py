"""What the fake screen shows, and how it compares and encodes it."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from harness.testing.screen import FakeScreen, compare, photograph
from harness.testing.windows import FakeWindow
from sandbox_image.wire import Picture, Refused, Region, ScreenPoint, Settle, Size, WaitWindow

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


def test_frames_are_compared_pixel_by_pixel() -> None:
    before = Image.new("RGB", (100, 50))
    after = before.copy()
    after.putpixel((10, 20), (0, 0, 1))
    after.putpixel((12, 25), (9, 0, 0))
    effect = compare(before, after, Settle(quiet_ms=7))
    assert (effect.changed, effect.box, effect.share, effect.waited_ms) == (
        True,
        Region(x=10, y=20, width=3, height=6),
        2 / 5000,
        7,
    )
    assert not compare(before, before, Settle()).changed


def test_a_picture_is_cropped_scaled_and_encoded_as_asked() -> None:
    frame = Image.effect_noise((200, 100), 200).convert("RGB")
    region, size = Region(x=10, y=20, width=100, height=50), Size(width=30, height=20)
    info, data = photograph(frame, Picture(region=region, size=size))
    with Image.open(io.BytesIO(data)) as image:
        assert (info.region, info.size, info.format, image.size, image.format) == (region, size, "png", (30, 20), "PNG")
    assert photograph(frame, Picture(png_limit=100))[0].format == "jpeg"
    assert photograph(frame, Picture(format="png", png_limit=100))[0].format == "png"
