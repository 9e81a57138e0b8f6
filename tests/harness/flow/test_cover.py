import io
from pathlib import Path

from PIL import Image

from harness.events import FrameCaptured
from harness.flow.cover import cover, secret_boxes
from harness.testing import FakeDesktop, FakeWindow
from sandbox_image.wire import Region, Word
from tests.support.flows import run

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
    Image.new("RGB", (100, 50), "#ffffff").save(out, "JPEG")
    shown = Region(x=20, y=10, width=100, height=50)
    with Image.open(io.BytesIO(cover(out.getvalue(), [BOX], shown))) as covered:
        assert covered.size == (100, 50)
        assert covered.getpixel((10, 10)) == covered.getpixel((49, 19)) == (64, 64, 64)
        assert covered.getpixel((60, 10)) == (255, 255, 255)


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
