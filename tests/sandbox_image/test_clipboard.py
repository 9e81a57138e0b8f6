from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox_image.offers import HTML, IMAGE, LATIN, TEXT, Offer
from sandbox_image.wire import (
    MAX_CLIPBOARD_BYTES,
    PNG,
    ClipboardRead,
    ErrorCode,
    ReadClipboard,
    SetClipboard,
)
from tests.support.hands import failure_in
from tests.support.peers import Peer, idle, selections

if TYPE_CHECKING:
    from tests.support.hands import Hands

pytestmark = pytest.mark.x11
PICTURE = PNG + bytes(range(256)) * 8_000  # 2 MB


async def read(hands: Hands, form: str = "text") -> ClipboardRead:
    (result,) = (await hands.do(ReadClipboard.model_validate({"form": form}))).reply.results
    assert isinstance(result, ClipboardRead)
    return result


async def put(hands: Hands, content: dict[str, bytes], form: str = "text") -> ClipboardRead:
    """What is read where another program holds this."""
    with selections(hands.display) as other:
        with other.held():
            other.own({"CLIPBOARD": Offer(content)})
        return await read(hands, form)


async def test_a_clipboard_without_an_owner_is_empty(hands: Hands) -> None:
    with selections(hands.display) as other, other.held():
        other.own({"CLIPBOARD": Offer({})})
    for form in ("text", "html", "image"):
        assert await read(hands, form) == ClipboardRead()


async def test_what_was_put_into_it_is_read_back_in_each_form(hands: Hands) -> None:
    await hands.do(SetClipboard(text="é漢\n", html="<b>é</b>", image=PICTURE))
    assert (await read(hands)).text == "é漢\n"
    assert (await read(hands, "html")).html == "<b>é</b>"
    found = await read(hands, "image")
    assert (found.image, found.text, found.html) == (PICTURE, None, None)
    assert {TEXT, HTML, IMAGE} <= set(found.targets)


async def test_other_programs_get_what_was_put_into_it_after_the_request(hands: Hands) -> None:
    await hands.do(SetClipboard(text="é漢", html="<b>", image=PICTURE))
    with selections(hands.display) as other, other.held():
        assert other.content("CLIPBOARD") == {TEXT: "é漢".encode(), HTML: b"<b>", IMAGE: PICTURE}


async def test_the_last_content_is_the_only_one(hands: Hands) -> None:
    await hands.do(SetClipboard(html="<b>"))
    await hands.do(SetClipboard(text="plain"))
    assert (await read(hands, "html")).html is None


async def test_what_another_program_put_into_it_is_asked_of_that_program(hands: Hands) -> None:
    await hands.do(SetClipboard(text="ours"))
    assert (await put(hands, {TEXT: "é漢".encode()})).text == "é漢"
    assert (await put(hands, {HTML: b"<p>"}, "html")).html == "<p>"
    assert (await put(hands, {IMAGE: PICTURE}, "image")).image == PICTURE
    assert (await put(hands, {HTML: b"<p>"})) == ClipboardRead(targets=(HTML,))


async def test_html_is_read_in_the_encodings_that_programs_give_it_in(hands: Hands) -> None:
    assert (await put(hands, {HTML: "\ufeff<p>é".encode("utf-16-le")}, "html")).html == "<p>é"
    assert (await put(hands, {HTML: "<p>é\0".encode()}, "html")).html == "<p>é"


async def test_an_old_program_that_knows_latin_1_only_is_understood(hands: Hands) -> None:
    assert (await put(hands, {LATIN: b"caf\xe9"})).text == "café"


async def test_a_picture_that_is_none_is_not_passed_on(hands: Hands) -> None:
    assert (await put(hands, {IMAGE: b"GIF89a"}, "image")).image is None


async def test_more_than_can_be_passed_on_is_refused(hands: Hands) -> None:
    with selections(hands.display) as other:
        with other.held():
            other.own({"CLIPBOARD": Offer({TEXT: b"x" * (MAX_CLIPBOARD_BYTES + 1)})})
        failure = failure_in(await hands.perform(ReadClipboard()))
    assert failure.code is ErrorCode.OVERSIZED


async def test_a_program_that_does_not_answer_for_it_is_an_error_and_the_clipboard_can_be_set(hands: Hands) -> None:
    with Peer(hands.display, idle).own("CLIPBOARD").run():
        assert failure_in(await hands.perform(ReadClipboard())).code is ErrorCode.BLOCKED
        await hands.do(SetClipboard(text="ours"))
        assert (await read(hands)).text == "ours"


async def test_it_works_again_at_the_next_x_server(hands: Hands) -> None:
    await hands.do(SetClipboard(text="before"))
    hands.dispatch.detach()
    hands.dispatch.attach(hands.display)
    assert (await read(hands)).text is None
    await hands.do(SetClipboard(text="after"))
    assert (await read(hands)).text == "after"
