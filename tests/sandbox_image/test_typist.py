from __future__ import annotations

import asyncio
import os
import signal
import string
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from Xlib import X
from Xlib.display import Display

from sandbox_image.keys import UNICODE, symbol_of
from sandbox_image.lane import Desk
from sandbox_image.layout import read_layout
from sandbox_image.offers import HTML, TEXT, Offer
from sandbox_image.wire import ErrorCode, ReadClipboard, SetClipboard, Typed, TypeText, WaitWindow, WindowFound
from tests.support.hands import failure_in
from tests.support.peers import Editor, selections
from tests.support.xserver import change_group, held, running, tap

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target, Terminal

pytestmark = pytest.mark.x11
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
CAPS_LOCK = 0xFFE5
EVERY_SCRIPT = (
    "héllo wörld \u2014 \u201cquotes\u201d",
    "Καλημέρα Привет שלום สวัสดี",
    "世界 こんにちは 안녕",
    "e\u0301 \U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \U0001f1eb\U0001f1f7",
)


@pytest.fixture
def layout(display: str) -> Iterator[Callable[[str], None]]:
    """Sets a layout of which nothing was given away; the usual one comes back after the test."""

    def choose(name: str) -> None:
        subprocess.run(["setxkbmap", "-display", display, name], check=True, timeout=20)

    yield choose
    choose("us")


async def typed(hands: Hands, text: str, *, secret: bool = False) -> Typed:
    (result,) = (await hands.do(TypeText(text=text, secret=secret))).reply.results
    assert isinstance(result, Typed)
    return result


def symbols(target: Target) -> list[int]:
    """What the keys that were pressed give alone, by the layout as it is now."""
    now = Display(target.x.get_display_name())
    found = [now.keycode_to_keysym(note.detail, 0) for note in target.noted("key")]
    now.close()
    return found


def bytes_of(text: str) -> bytes:
    return text.replace("\n", "\r").encode()


async def test_every_printable_ascii_character_arrives_as_itself(hands: Hands, terminal: Terminal) -> None:
    await hands.do(TypeText(text=PRINTABLE))
    assert terminal.read(len(PRINTABLE)).decode() == PRINTABLE


async def test_two_hundred_characters_arrive_in_order(hands: Hands, terminal: Terminal) -> None:
    text = (string.ascii_letters + string.punctuation + string.digits + " ") * 3
    await hands.do(TypeText(text=text[:200]))
    assert terminal.read(200).decode() == text[:200]


async def test_line_ends_are_one_return_each_and_a_tab_is_tab(hands: Hands, terminal: Terminal) -> None:
    await hands.do(TypeText(text="a\nb\r\nc\rd\te"))
    assert terminal.read(9) == b"a\rb\rc\rd\te"


async def test_typing_is_exact_while_caps_lock_is_on_and_leaves_it_on(
    hands: Hands, terminal: Terminal, display: str
) -> None:
    tap(display, CAPS_LOCK)
    try:
        await hands.do(TypeText(text="Hello, World"))
        assert terminal.read(12) == b"Hello, World"
        x = Display(display)
        assert x.screen().root.query_pointer().mask & X.LockMask
        x.close()
    finally:
        tap(display, CAPS_LOCK)


async def test_a_modifier_that_somebody_left_down_does_not_spoil_typing(
    hands: Hands, terminal: Terminal, display: str
) -> None:
    tap(display, 0xFFE3, (X.KeyPress,))
    await hands.do(TypeText(text="abc"))
    assert terminal.read(3) == b"abc"
    assert held(display) == []


@pytest.mark.parametrize("text", ["a\x1b", "a\0", "a\x7f", "a\N{NEXT LINE}b"])
async def test_control_characters_are_not_typed(hands: Hands, target: Target, text: str) -> None:
    failure = failure_in(await hands.perform(TypeText(text=text)))
    assert failure.code is ErrorCode.UNTYPABLE
    assert "character 1 of the text" in failure.message
    assert target.noted() == []


async def test_cancelling_in_the_middle_of_a_long_text_leaves_nothing_down(
    hands: Hands, target: Target, display: str
) -> None:
    typing = asyncio.create_task(hands.perform(TypeText(text="AaBb" * 20_000)))
    await asyncio.to_thread(target.await_first, "key")
    typing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await typing
    assert held(display) == []
    target.noted()
    await hands.do(TypeText(text="x"))
    assert target.text() == "0x78"


async def test_any_script_arrives_in_order_with_line_ends_and_tabs(
    hands: Hands, terminal: Terminal, layout: Callable[[str], None]
) -> None:
    layout("us")
    text = "plain\n" + "\t".join(EVERY_SCRIPT) + "\nplain\n"
    told = await typed(hands, text)
    assert terminal.read(len(bytes_of(text))) == bytes_of(text)
    pasted = sum(map(len, EVERY_SCRIPT))
    assert told == Typed(keys=len(text) - pasted, pasted=pasted)


async def test_hundreds_of_different_characters_arrive_in_order(hands: Hands, terminal: Terminal) -> None:
    text = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 7 * 400, 7))
    await typed(hands, text)
    assert terminal.read(len(text.encode())).decode() == text


async def test_a_long_text_arrives_whole(hands: Hands, terminal: Terminal) -> None:
    text = "漢字" * 50_000  # more than the X server takes in one request
    await typed(hands, text)
    assert terminal.read(len(text.encode())).decode() == text


@pytest.mark.parametrize("name", ["us", "fr", "de", "ru", "us,ru", "gr"])
async def test_text_is_the_same_whatever_the_layout(
    hands: Hands, terminal: Terminal, layout: Callable[[str], None], name: str
) -> None:
    layout(name)
    text = PRINTABLE + "\néßЖΩ漢\n"
    await typed(hands, text)
    assert terminal.read(len(bytes_of(text))) == bytes_of(text)


async def test_what_is_on_the_layout_goes_by_keys(
    hands: Hands, terminal: Terminal, layout: Callable[[str], None]
) -> None:
    for name, text in (
        ("ru", "Привет"),
        ("de", "@ä{|}€"),
        ("fr", "é#à[]"),
    ):
        layout(name)
        assert await typed(hands, text) == Typed(keys=len(text))
        assert terminal.read(len(text.encode())).decode() == text


@pytest.mark.parametrize(("names", "group"), [("de,fr", 1), ("de,gr,ru", 2), ("us,us,ru", 2), ("de,fr,ch,cz", 3)])
async def test_all_that_one_of_several_layouts_is_read_to_have_arrives(
    hands: Hands, terminal: Terminal, layout: Callable[[str], None], names: str, group: int
) -> None:
    layout(names)
    change_group(hands.display, group)
    desk = Desk(hands.display)
    there = read_layout(desk.x)
    desk.close()
    try:
        text = "".join(one for one in map(chr, range(0x20, 0x3000)) if one.isprintable() and symbol_of(one) in there)
        assert (await typed(hands, text)).keys == len(text)
        assert terminal.read(len(text.encode())).decode() == text
        await typed(hands, "@й漢", secret=True)
        assert terminal.read(6).decode() == "@й漢"
    finally:
        change_group(hands.display, 0)


async def test_a_program_that_does_not_paste_gets_the_text_by_keys_that_are_given_it(
    hands: Hands, target: Target, layout: Callable[[str], None]
) -> None:
    layout("us")
    assert await typed(hands, "a\n漢b字") == Typed(keys=3, bound=2)
    pressed = symbols(target)
    assert pressed[:3] == [ord("a"), 0xFF0D, 0xFFE1]  # then Insert, of which it makes nothing
    assert pressed[4:] == [UNICODE + ord("漢"), ord("b"), 0xFFE1, UNICODE + ord("漢")]  # the other of two at one key


async def test_where_the_keys_do_not_suffice_it_is_told_how_much_was_typed(
    hands: Hands, target: Target, layout: Callable[[str], None]
) -> None:
    layout("us")
    text = "ab\r\n" + "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    failure = failure_in(await hands.perform(TypeText(text=text)))
    assert failure.code is ErrorCode.UNTYPABLE
    assert "4 of 304 characters were typed, the first that was not is number 4" in failure.message
    assert symbols(target)[:3] == [97, 98, 0xFF0D]


async def test_a_secret_goes_by_keys_alone(hands: Hands, terminal: Terminal, layout: Callable[[str], None]) -> None:
    layout("us")
    assert await typed(hands, "päss漢", secret=True) == Typed(keys=3, bound=2)
    assert terminal.read(8).decode() == "päss漢"


async def test_a_secret_that_needs_more_than_there_are_keys_is_refused_before_anything_is_typed(
    hands: Hands, target: Target
) -> None:
    secret = "ab" + "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    failure = failure_in(await hands.perform(TypeText(text=secret, secret=True)))
    assert failure.code is ErrorCode.UNTYPABLE
    assert "0 of 302 characters were typed" in failure.message
    assert target.noted() == []


async def test_the_clipboard_is_as_before_after_typing(hands: Hands, terminal: Terminal) -> None:
    await hands.do(SetClipboard(text="ours", html="<b>"))
    await typed(hands, "漢")
    with selections(hands.display) as other:
        with other.held():
            assert other.content("CLIPBOARD") == {TEXT: b"ours", HTML: b"<b>"}
            other.own({"CLIPBOARD": Offer({TEXT: b"theirs", HTML: b"<i>"})})
        await typed(hands, "字")
    (read,) = (await hands.do(ReadClipboard())).reply.results
    assert getattr(read, "text", None) == "theirs"
    assert terminal.read(6).decode() == "漢字"


async def test_a_program_that_ends_while_it_pastes_is_an_error_that_says_how_much_was_typed(hands: Hands) -> None:
    with Editor(hands.display, pressed=Editor.paste, answered=Editor.die).run():
        failure = failure_in(await hands.perform(TypeText(text="a\n漢")))
    assert failure.code is ErrorCode.BLOCKED
    assert "the first 2 of 3 characters were typed" in failure.message


async def test_typing_is_cancelled_while_a_program_is_waited_for(hands: Hands) -> None:
    pressed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def press(_: Editor) -> None:
        loop.call_soon_threadsafe(pressed.set)

    with Editor(hands.display, pressed=press, answered=Editor.take).run():
        typing = asyncio.create_task(hands.perform(TypeText(text="漢")))
        await pressed.wait()
        typing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await typing
    (read,) = (await hands.do(ReadClipboard())).reply.results
    assert getattr(read, "text", None) is None


async def test_text_after_a_line_end_is_for_the_program_that_the_shell_starts_by_it(
    hands: Hands, display: str, tmp_path: Path
) -> None:
    prompt = r"PS1=\[\e]0;ready\a\]"
    with running("xterm", "-u8", "-e", "env", prompt, "bash", "--norc", display=display):
        await hands.do(WaitWindow(title="ready", timeout_ms=20_000))
        for number in range(5):
            done = tmp_path / f"done{number}"
            await typed(hands, f"head -1 >{tmp_path}/part; mv {tmp_path}/part {done} # 漢\n漢字\n")
            async with asyncio.timeout(20):
                while not done.exists():
                    await hands.do(ReadClipboard())
            assert done.read_text() == "漢字\n"


async def test_a_program_that_hangs_gets_nothing_twice(hands: Hands, terminal: Terminal) -> None:
    (found,) = (await hands.do(WaitWindow(title="terminal", timeout_ms=20_000))).reply.results
    assert isinstance(found, WindowFound)
    assert found.window.pid
    os.kill(found.window.pid, signal.SIGSTOP)
    failure = failure_in(await hands.perform(TypeText(text="a\n漢b")))
    os.kill(found.window.pid, signal.SIGCONT)
    assert failure.code is ErrorCode.BLOCKED
    assert "hangs" in failure.message
    assert "the first 2 of 4 characters were typed" in failure.message
    await typed(hands, "字")
    assert terminal.read(5).decode() == "a\r字"
