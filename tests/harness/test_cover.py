import io
from pathlib import Path

import pytest
from PIL import Image

from harness.cover import cover, secret_boxes
from harness.events import FrameCaptured
from harness.geometry import Viewport
from harness.testing import FakeDesktop, FakeWindow
from sandbox_image.wire import Region, Size, Word
from tests.support.flows import run

GREYS: set[object] = {(grey, grey, grey) for grey in range(64, 209)}
BOX = Region(x=30, y=20, width=40, height=10)


def word(text: str, box: Region = BOX) -> Word:
    return Word(text=text, box=box, confidence=90, line=0)


def test_a_secret_is_found_whole_within_a_word_and_misread() -> None:
    for read in ("hunter2", "pw=hunter2!", "xhunter2x", "huntcr2", "HUNTER2"):
        assert secret_boxes([word(read)], ["hunter2"]), read
    assert secret_boxes([word("harmless")], ["hunter2"]) == ()


def test_each_line_of_a_secret_counts() -> None:
    assert secret_boxes([word("second-line")], ["first-line\n\nsecond-line\n"])


def test_boxes_are_painted_over_where_they_are_on_the_screen() -> None:
    out = io.BytesIO()
    Image.new("RGB", (100, 50), "#ffffff").save(out, "PNG")
    shown = Region(x=20, y=10, width=100, height=50)
    view = Viewport(shown, shown.size)
    with Image.open(io.BytesIO(cover(out.getvalue(), [BOX], view))) as covered:
        assert (covered.size, covered.format) == ((100, 50), "PNG")
        assert covered.getpixel((10, 10)) == covered.getpixel((49, 19)) == (64, 64, 64)
        assert covered.getpixel((60, 10)) == (255, 255, 255)


@pytest.mark.parametrize("shown", [Size(width=37, height=31), Size(width=100, height=50), Size(width=333, height=170)])
def test_no_pixel_of_a_box_shows_at_any_scale(shown: Size) -> None:
    region = Region(x=20, y=10, width=100, height=50)
    picture = Image.new("RGB", (100, 50), "#ffffff")
    picture.paste((255, 0, 0), (10, 10, 50, 20))
    out = io.BytesIO()
    picture.resize((shown.width, shown.height), Image.Resampling.BOX).save(out, "PNG")
    data = cover(out.getvalue(), [BOX], Viewport(region, shown), pad=0, label="hidden")
    with Image.open(io.BytesIO(data)) as covered:
        assert {color for _, color in covered.getcolors(1 << 20) or ()} <= GREYS | {(255, 255, 255)}


def test_a_label_is_written_where_there_is_room_for_it() -> None:
    out = io.BytesIO()
    Image.new("RGB", (100, 50), "#ffffff").save(out, "PNG")
    view = Viewport(Region(x=0, y=0, width=100, height=50), Size(width=100, height=50))
    large, small = Region(x=0, y=0, width=90, height=30), Region(x=0, y=0, width=20, height=8)
    for box, inks in ((large, True), (small, False)):
        with Image.open(io.BytesIO(cover(out.getvalue(), [box], view, pad=0, label="hidden"))) as covered:
            crop = covered.crop((0, 0, box.width, box.height))
            assert (len(crop.getcolors() or ()) > 1) is inks


async def test_no_picture_of_a_flow_shows_a_secret_that_stays_on_the_screen(tmp_path: Path) -> None:
    desktop = FakeDesktop()
    shown = desktop.guest.show(FakeWindow(region=Region(x=50, y=50, width=300, height=200)))
    ran = await run(
        "vars: {password: {default: hunter2, secret: true}}\n"
        'steps:\n  - type: "${password}"\n  - press: F5\n  - screenshot: end\n',
        desktop,
        tmp_path,
    )
    assert ran.verdict.outcome == "passed"
    (secret,) = [word.box for word in await desktop.read_text() if word.text == "hunter2"]
    assert shown.text == "hunter2"
    pictures = [frame.data for frame in ran.of(FrameCaptured)]
    assert len(pictures) == 2
    pictures.append((tmp_path / "files" / "end.png").read_bytes())
    for data in pictures:
        with Image.open(io.BytesIO(data)) as picture:
            area = (secret.x, secret.y, secret.x + secret.width, secret.y + secret.height)
            assert picture.crop(area).getcolors() == [(secret.width * secret.height, (64, 64, 64))]
