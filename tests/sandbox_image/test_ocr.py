from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw, ImageFont

from sandbox_image.ocr import Found, Reader, in_lines, interpreted
from sandbox_image.screen import Frame
from sandbox_image.wire import ErrorCode, ReadText, Refused, Region, TextRead
from tests.support.hands import failure_in

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target

HEAD = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
LABELS = {"File": (20, 10), "Edit": (70, 10), "Save As": (300, 200), "Cancel": (420, 200), "Open recent": (20, 60)}


def word(text: str, x: int, y: int, width: int = 40, height: int = 12) -> Found:
    return Found(text, Region(x=x, y=y, width=width, height=height), 90.0)


def lines(*words: Found) -> list[tuple[str, int]]:
    return [(found.text, found.line) for found in in_lines(words)]


def drawn(ink: str, ground: str) -> Frame:
    """A picture with the labels in the size of a toolkit's text."""
    image = Image.new("RGB", (600, 300), ground)
    font = ImageFont.load_default(13)
    for text, place in LABELS.items():
        ImageDraw.Draw(image).text(place, text, ink, font)
    return Frame(image, Region(x=100, y=50, width=600, height=300))


def test_words_side_by_side_are_one_line() -> None:
    assert lines(word("As", 145, 101), word("Save", 100, 100)) == [("Save", 0), ("As", 0)]


def test_words_of_a_terminal_are_one_line_although_its_spaces_are_wide() -> None:
    note, for_ = word("Note", 229, 190, 35, 11), word("for", 274, 190, 26, 11)
    small = word("nose", 309, 193, 34, 8), word("cream", 356, 193, 44, 8)
    assert {line for _, line in lines(note, for_, *small)} == {0}


def test_words_far_apart_on_one_height_are_two_lines() -> None:
    assert lines(word("Cancel", 300, 100), word("Save", 100, 100)) == [("Save", 0), ("Cancel", 1)]


def test_words_below_each_other_are_two_lines_in_reading_order() -> None:
    assert lines(word("below", 10, 120), word("above", 100, 100)) == [("above", 0), ("below", 1)]


def test_capitals_and_small_letters_of_one_line_stay_together() -> None:
    assert lines(word("Edit", 100, 100, 30, 14), word("run", 135, 104, 20, 10)) == [("Edit", 0), ("run", 0)]


def test_boxes_are_in_screen_pixels_within_the_region() -> None:
    region = Region(x=100, y=50, width=200, height=100)
    row = "5\t1\t1\t1\t1\t1\t{}\t{}\t{}\t{}\t96.5\t{}\n"
    table = HEAD + row.format(30, 50, 81, 20, "Hello") + row.format(0, 0, 9, 9, "edge") + row.format(0, 0, 9, 9, " ")
    (found,) = interpreted(table, region, "seen").words
    assert (found.text, found.confidence, found.line) == ("Hello", 96.5, 0)
    assert found.box == Region(x=110, y=70, width=41, height=10)


@pytest.mark.x11
async def test_light_labels_of_coloured_buttons_on_a_light_screen_are_read() -> None:
    buttons = {"Delete": "#dd3333", "Confirm": "#22aa22", "Submit": "#0066cc", "Preferences": "#222222"}
    image = Image.new("RGB", (600, 300), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(15)
    for row, (label, ground) in enumerate(buttons.items()):
        draw.rectangle((40, 20 + 60 * row, 160, 56 + 60 * row), ground)
        draw.text((55, 29 + 60 * row), label, "white", font)
    read = await Reader().read(Frame(image, Region(x=0, y=0, width=600, height=300)))
    assert [word.text for word in read.words if word.text in buttons] == list(buttons)


@pytest.mark.x11
async def test_labels_of_buttons_with_a_thin_dark_edge_are_read() -> None:
    image = Image.new("RGB", (600, 300), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    for row in range(3):
        draw.text((40, 22 + 42 * row), "Invoice", "black", font)
        draw.rounded_rectangle((178, 20 + 42 * row, 233, 41 + 42 * row), 3, "#efefef", "#767676")
        draw.text((187, 23 + 42 * row), "Delete", "black", font)
    read = await Reader().read(Frame(image, Region(x=0, y=0, width=600, height=300)))
    assert [word.text for word in read.words].count("Delete") == 3


@pytest.mark.x11
@pytest.mark.parametrize(("ink", "ground"), [("black", "white"), ("#eeeeee", "#2b2b2b"), ("#2e3436", "#d6d2d0")])
async def test_labels_are_read_with_their_places_on_light_and_dark_ground(ink: str, ground: str) -> None:
    frame = drawn(ink, ground)
    read = await Reader().read(frame)
    for label, (x, y) in LABELS.items():
        parts = label.split()
        words = [found for found in read.words if found.text in parts]
        assert [found.text for found in words] == parts
        assert len({found.line for found in words}) == 1
        assert abs(words[0].box.x - (100 + x)) <= 3
        assert 0 <= words[0].box.y - (50 + y) <= 8
        assert 7 <= words[0].box.height <= 16


@pytest.mark.x11
async def test_an_empty_picture_holds_no_words() -> None:
    frame = Frame(Image.new("RGB", (200, 100), "white"), Region(x=0, y=0, width=200, height=100))
    assert (await Reader().read(frame)).words == ()


@pytest.mark.x11
async def test_the_screen_is_read_where_it_was_asked_for(hands: Hands, target: Target) -> None:
    target.window.set_wm_name("Invoices 2026")
    target.fill(0, 0, 640, 480, 0xFFFFFF)
    gc = target.window.create_gc(foreground=0, font=target.x.open_font("fixed"))
    target.window.draw_text(gc, 50, 100, b"Monthly report")
    target.x.sync()
    place = target.at(50, 100)
    region = Region(x=place.x - 40, y=place.y - 40, width=300, height=80)
    answer = await hands.do(ReadText(region=region))
    (result,) = answer.reply.results
    assert isinstance(result, TextRead)
    words = result.words
    assert [found.text for found in words] == ["Monthly", "report"]
    assert abs(words[0].box.x - place.x) <= 3


@pytest.mark.x11
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 40), (40, 1), (9, 9)])
async def test_the_smallest_pictures_can_be_read_and_hold_no_words(size: tuple[int, int]) -> None:
    frame = Frame(Image.new("RGB", size, "#203040"), Region(x=5, y=5, width=size[0], height=size[1]))
    assert (await Reader().read(frame)).words == ()


@pytest.mark.x11
async def test_one_label_is_read_in_a_picture_hardly_larger_than_it() -> None:
    image = Image.new("RGB", (44, 18), "#2b2b2b")
    ImageDraw.Draw(image).text((3, 1), "Cancel", "#eeeeee", ImageFont.load_default(13))
    read = await Reader().read(Frame(image, Region(x=0, y=0, width=44, height=18)))
    assert [word.text for word in read.words] == ["Cancel"]


@pytest.mark.x11
async def test_a_language_without_data_is_refused_with_those_there_are_and_what_to_add() -> None:
    with pytest.raises(Refused) as caught:
        await Reader().read(drawn("black", "white"), ("eng", "chi_sim"))
    assert caught.value.failure.code is ErrorCode.MISSING
    assert "no OCR data for chi_sim; it has eng." in caught.value.failure.message
    assert "tesseract-ocr-chi-sim" in caught.value.failure.message


@pytest.mark.x11
async def test_equal_pixels_are_read_once_and_have_one_token() -> None:
    reader, frame = Reader(), drawn("black", "white")
    first, again = await reader.read(frame), await reader.read(frame)
    assert again is first
    assert (await reader.read(drawn("#000001", "white"))).seen != first.seen


@pytest.mark.x11
async def test_few_are_read_at_once_and_the_others_after_them() -> None:
    reader, most = Reader(), 0
    region = Region(x=0, y=0, width=600, height=300)
    frames = [Frame(Image.effect_noise((600, 300), 90 + n).convert("RGB"), region) for n in range(5)]
    readings = asyncio.gather(*(reader.read(frame) for frame in frames))
    while not readings.done():
        most = max(most, children().count("tesseract"))
        await asyncio.sleep(0.002)
    assert len(await readings) == 5
    assert 1 <= most <= 2


@pytest.mark.x11
async def test_a_region_off_the_screen_cannot_be_read(hands: Hands) -> None:
    answer = await hands.perform(ReadText(region=Region(x=1200, y=700, width=100, height=200)))
    assert failure_in(answer).code is ErrorCode.OFF_SCREEN


@pytest.mark.x11
async def test_cancelling_ends_the_reading_program() -> None:
    frame = Frame(Image.effect_noise((1280, 800), 90).convert("RGB"), Region(x=0, y=0, width=1280, height=800))
    reading = asyncio.create_task(Reader().read(frame))
    await until(lambda: "tesseract" in children())
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert "tesseract" not in children()


def children() -> list[str]:
    """Names of this process's own programs."""
    ids = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [Path(f"/proc/{number}/comm").read_text().strip() for number in ids]


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():  # noqa: ASYNC110 - another program's doing
            await asyncio.sleep(0.005)
