from __future__ import annotations

import base64
import io

from PIL import Image

from harness.model.shrinking import shrink
from harness.model.transcript import DOT, Transcript
from harness.tools.call import Json
from sandbox_image.wire import Size


def picture(width: int, height: int, kind: str = "PNG") -> Json:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(out, kind)
    data = base64.b64encode(out.getvalue()).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": f"image/{kind.lower()}", "data": data}}


def opened(block: Json) -> Image.Image:
    source = block["source"]
    assert isinstance(source, dict)
    return Image.open(io.BytesIO(base64.b64decode(str(source["data"]))))


def test_pictures_of_the_screen_get_the_new_size_and_others_fit_into_it() -> None:
    transcript = Transcript()
    smaller: Json = picture(300, 100)
    elsewhere: Json = {"type": "image", "source": {"type": "url", "url": "https://example.org/x.png"}}
    transcript.say(picture(1456, 819), picture(2000, 500, "JPEG"), smaller, dict(DOT), elsewhere)
    shrink(transcript, Size(width=1456, height=819), Size(width=1000, height=562))
    content: list[Json] = transcript.messages[0]["content"]  # type: ignore[assignment]
    assert (opened(content[0]).size, opened(content[0]).format) == ((1000, 562), "PNG")
    assert (opened(content[1]).size, opened(content[1]).format) == ((1000, 250), "JPEG")
    assert content[2:] == [smaller, DOT, elsewhere]
