"""Windows of the fake desktop and the arithmetic of regions."""

from __future__ import annotations

from harness.testing.windows import FakeWindow, contains, inside, overlap
from sandbox_image.wire import Region, ScreenPoint

BOX = Region(x=10, y=10, width=10, height=10)


def test_a_region_contains_its_last_pixel_and_not_the_next() -> None:
    assert contains(BOX, ScreenPoint(x=19, y=19))
    assert not contains(BOX, ScreenPoint(x=20, y=19))
    assert not contains(BOX, ScreenPoint(x=19, y=20))
    assert not contains(BOX, ScreenPoint(x=9, y=10))


def test_regions_that_touch_do_not_overlap() -> None:
    assert not overlap(BOX, Region(x=20, y=10, width=5, height=5))
    assert overlap(BOX, Region(x=19, y=19, width=5, height=5))


def test_a_region_lies_inside_itself() -> None:
    assert inside(BOX, BOX)
    assert not inside(Region(x=10, y=10, width=11, height=10), BOX)


def test_a_window_takes_keys_at_the_end_of_its_text() -> None:
    window = FakeWindow(text="a")
    for keys in (("b",), ("return",), ("C",), ("shift", "d"), ("x",), ("backspace",), ("space",), ("ctrl", "s")):
        window.pressed(keys)
    assert window.text == "ab\nCD "


def test_a_button_calls_its_function_with_the_window() -> None:
    pressed: list[FakeWindow] = []
    window = FakeWindow(buttons={"Save": pressed.append, "Quit": lambda w: setattr(w, "closed", True)})
    boxes = window.button_boxes()
    window.clicked(boxes["Save"].center, "left", 1)
    window.clicked(boxes["Save"].center, "right", 1)
    assert (pressed, window.closed) == ([window], False)
    window.clicked(boxes["Quit"].center, "left", 1)
    assert window.closed


def test_words_lie_in_the_window_and_apart() -> None:
    window = FakeWindow(title="The title", text="two words\nnext line", buttons={"OK": lambda _: None})
    words = window.words()
    assert [word.text for word in words] == ["The", "title", "two", "words", "next", "line", "OK"]
    assert all(inside(word.box, window.frame) for word in words)
    assert not any(overlap(one.box, other.box) for one in words for other in words if one is not other)


def test_words_that_do_not_fit_are_not_shown() -> None:
    assert FakeWindow(title="", text="word " * 100).words()[-1].box.x < 460
