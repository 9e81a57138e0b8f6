"""The inputs whose answers are recorded: scenes, each an application on an empty desktop, and what is done to them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmarks.settling.pages import PAGES, SERVER
from sandbox_image.wire import Click, Press, ScreenPoint, Scroll, Settle, TypeText

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harness import Desktop
    from sandbox_image.wire import KeyboardAction, PointerAction

    Input = KeyboardAction | PointerAction

Answer = Literal["prompt", "late", "unseen", "endless"]
"""`prompt`: no silence longer than a tenth of a second before the last of it; `late`: one, while something that can be
told from outside is at work; `unseen`: one in which nothing can be told; `endless`: it never comes to an end."""
CALM = Settle(quiet_ms=500, first_ms=500, limit_ms=5_000)
"""Between the steps that bring a scene to its start."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An input, what comes before it, and what takes it back."""

    name: str
    answer: Answer
    action: Input
    before: tuple[Input, ...] = ()
    after: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """An application, and what is done to it in turn."""

    name: str
    open: Callable[[Desktop], Awaitable[object]]
    kinds: tuple[Kind, ...]
    aside: tuple[tuple[int, int, int, int], ...] = ()  # boxes of the screen that do not count


async def prepare(desktop: Desktop, inputs: tuple[Input, ...]) -> None:
    """Do these one after the other, each waited out."""
    for one in inputs:
        await desktop.perform(one, settle=CALM)


def _key(keys: str) -> Press:
    return Press(keys=keys)


def _text(text: str) -> TypeText:
    return TypeText(text=text)


CENTRE = ScreenPoint(x=600, y=450)
MIDDLE = Click(at=CENTRE)
GROUND = ScreenPoint(x=1230, y=730)
"""A spot of the desktop that no window of a scene covers."""
FOCUS = Click(at=ScreenPoint(x=300, y=300))
"""Into the terminal."""
CLEAR = (_key("ctrl+u"), _text("clear\n"))
ESCAPE = (_key("Escape"),)


async def _xterm(desktop: Desktop) -> None:
    await desktop.launch("xterm", "-u8", "-geometry", "90x30+100+100")
    await desktop.wait_for_window("xterm")


async def _lxterminal(desktop: Desktop) -> None:
    await desktop.launch("lxterminal", "--geometry=90x30")
    await desktop.wait_for_window("")
    await desktop.screenshot(settle=CALM)


async def _mousepad(desktop: Desktop) -> None:
    await desktop.put(b"".join(b"A line of text, and its number is %d.\n" % n for n in range(400)), "text.txt")
    await desktop.launch("mousepad", "text.txt")
    await desktop.wait_for_window("Mousepad")


async def _pcmanfm(desktop: Desktop) -> None:
    await desktop.bash("mkdir -p many/inner; cd many; for i in $(seq 400); do echo $i >file$i.txt; done")
    await desktop.launch("pcmanfm", "/home/user/many")
    await desktop.wait_for_window("many")


async def _chromium(desktop: Desktop) -> None:
    for name, page in PAGES.items():
        await desktop.put(f"<!doctype html><title>{name}</title>{page}".encode(), f"pages/{name}")
    await desktop.put(SERVER.encode(), "server.py")
    await desktop.launch("python3", "server.py")
    await desktop.bash("until : </dev/tcp/127.0.0.1/8000; do :; done 2>&-", timeout=20)
    await desktop.launch("chromium", "--start-maximized", "http://127.0.0.1:8000/now")
    await desktop.wait_for_window("now")
    await asyncio.sleep(5)  # what a browser does after its start is no answer to an input


def _page(name: str) -> tuple[Input, ...]:
    return (_key("ctrl+l"), _text(f"127.0.0.1:8000/{name}\n"))


SCENES = (
    Scene(
        "xterm",
        _xterm,
        (
            Kind("a key", "prompt", _text("a"), after=(_key("BackSpace"),)),
            Kind("ls", "prompt", _text("ls -la /usr/bin | tail -25\n"), after=CLEAR),
            Kind("a long listing", "prompt", _text("ls -R /usr/share/doc | head -4000\n"), after=CLEAR),
            Kind("sleep .5; ls", "late", _text("sleep .5; ls /\n"), after=CLEAR),
            Kind("python3", "prompt", _text("python3 -c 'import http.client; print(6 * 7)'\n"), after=CLEAR),
            Kind("one second of work", "late", _text("i=0; while ((i++ < 800000)); do :; done; ls /\n"), after=CLEAR),
            Kind("top starts", "prompt", _text("top -d 60\n"), after=(_key("q"), *CLEAR)),
            Kind("a line into cat", "prompt", _text("hello\n"), (_text("cat\n"),), (_key("ctrl+d"), *CLEAR)),
            Kind("mousepad &", "prompt", _text("mousepad &\n"), after=(_key("alt+F4"), FOCUS, *CLEAR)),
            Kind("the root menu", "prompt", Click(at=GROUND, button="right"), after=(*ESCAPE, FOCUS)),
            Kind("a click on nothing", "prompt", Click(at=GROUND), after=(FOCUS,)),
            Kind("a prompt of python", "prompt", _text("python3\n"), after=(_key("ctrl+d"), *CLEAR)),
            Kind("find", "prompt", _text("find /usr/share -name '*a*' | tail -40\n"), after=CLEAR),
            Kind("a completion", "prompt", _text("ls /usr/sh\t"), after=CLEAR),
            Kind("tar", "prompt", _text("tar cf /tmp/doc.tar /usr/share/doc; ls /tmp\n"), after=CLEAR),
            Kind("sleep 1.2; ls", "late", _text("sleep 1.2; ls /\n"), after=CLEAR),
            Kind("three steps of .3", "late", _text("for i in 1 2 3; do sleep .3; echo $i; done\n"), after=CLEAR),
            Kind("xterm &", "prompt", _text("xterm &\n"), after=(_key("alt+F4"), FOCUS, *CLEAR)),
            Kind("chromium &", "late", _text("chromium about:blank 2>&- &\n"), after=(_key("alt+F4"), FOCUS, *CLEAR)),
        ),
    ),
    Scene(
        "lxterminal",
        _lxterminal,
        (
            Kind("a key", "prompt", _text("a"), after=(_key("BackSpace"),)),
            Kind("ls", "prompt", _text("ls -la /usr/bin | tail -25\n"), after=CLEAR),
            Kind("sleep .5; ls", "late", _text("sleep .5; ls /\n"), after=CLEAR),
            Kind("python3", "prompt", _text("python3 -c 'import http.client; print(6 * 7)'\n"), after=CLEAR),
            Kind("a new tab", "prompt", _key("ctrl+shift+t"), after=(_text("exit\n"),)),
            Kind("a menu", "prompt", _key("F10"), after=ESCAPE),
        ),
    ),
    Scene(
        "mousepad",
        _mousepad,
        (
            Kind("a key", "prompt", _text("a"), after=(_key("BackSpace"),)),
            Kind("a page down", "prompt", _key("Page_Down"), after=(_key("ctrl+Home"),)),
            Kind("a menu", "prompt", _key("alt+f"), after=ESCAPE),
            Kind("the dialog to open", "prompt", _key("ctrl+o"), after=ESCAPE),
            Kind("the dialog to replace", "prompt", _key("ctrl+r"), after=ESCAPE),
            Kind("the search bar", "prompt", _key("ctrl+f"), after=ESCAPE),
            Kind("the dialog to save", "prompt", _key("ctrl+shift+s"), after=ESCAPE),
            Kind("another text", "prompt", _text("gone"), (_key("ctrl+a"),), (_key("ctrl+z"),)),
            Kind("300 characters", "prompt", _text("word " * 60), after=(_key("ctrl+z"),)),
            Kind("the context menu", "prompt", Click(at=CENTRE, button="right"), after=ESCAPE),
            Kind("the question at closing", "prompt", _key("ctrl+w"), (_text("x"),), ESCAPE),
        ),
    ),
    Scene(
        "pcmanfm",
        _pcmanfm,
        (
            Kind("up", "prompt", _key("alt+Up"), after=(_key("alt+Left"),)),
            Kind("back into 400 files", "prompt", _key("alt+Left"), (_key("alt+Up"),)),
            Kind("a new tab", "prompt", _key("ctrl+t"), after=(_key("ctrl+w"),)),
            Kind("a menu", "prompt", _key("alt+f"), after=ESCAPE),
            Kind("select all", "prompt", _key("ctrl+a"), after=ESCAPE),
            Kind("rename", "prompt", _key("F2"), (_key("Home"),), ESCAPE),
            Kind("a list in place of icons", "prompt", _key("ctrl+2"), after=(_key("ctrl+1"),)),
            Kind("properties", "prompt", _key("alt+Return"), (_key("Home"),), ESCAPE),
            Kind("reload", "prompt", _key("F5")),
            Kind("open a file", "prompt", _key("Return"), (_key("Home"), _key("Down")), (_key("alt+F4"),)),
        ),
    ),
    Scene(
        "chromium",
        _chromium,
        (
            Kind("a button, at once", "prompt", MIDDLE, _page("now")),
            Kind("a button, after 120 ms", "unseen", MIDDLE, _page("after120")),
            Kind("a button, after 400 ms", "unseen", MIDDLE, _page("after400")),
            Kind("a button, after 900 ms", "unseen", MIDDLE, _page("after900")),
            Kind("a button, text after 600 ms of spinner", "late", MIDDLE, _page("spinner-then-text")),
            Kind("a transition of 300 ms", "prompt", MIDDLE, _page("fade")),
            Kind("a link to a long page", "prompt", MIDDLE, _page("to-long")),
            Kind("a page down", "prompt", _key("Page_Down"), _page("long")),
            Kind("a turn of the wheel", "prompt", Scroll(at=CENTRE, dy=3), _page("long")),
            Kind("a link to a spinner", "endless", MIDDLE, _page("to-spinner")),
            Kind("a link to a clock", "prompt", MIDDLE, _page("to-clock")),
            Kind("a link to a slow server", "late", MIDDLE, _page("to-slow")),
            Kind("a key in a field", "prompt", _text("a"), (*_page("field"), MIDDLE)),
            Kind("a key in the address", "prompt", _text("a"), (*_page("now"), _key("ctrl+l")), ESCAPE),
            Kind("a new tab", "prompt", _key("ctrl+t"), _page("now"), (_key("ctrl+w"),)),
            Kind("the menu", "prompt", _key("alt+f"), _page("now"), ESCAPE),
            Kind("back", "prompt", _key("alt+Left"), (*_page("long"), *_page("now"))),
            Kind("reload", "prompt", _key("F5"), _page("long")),
            Kind("700 ms of script", "late", MIDDLE, _page("work700")),
            Kind("a transition of 1 s", "prompt", MIDDLE, _page("fade1000")),
            Kind("a link to a canvas", "prompt", MIDDLE, _page("to-canvas")),
            Kind("a link to six frames", "late", MIDDLE, _page("to-frames")),
            Kind("4000 rows", "prompt", MIDDLE, _page("rows")),
            Kind("find in the page", "prompt", _text("Chapter 200"), (*_page("long"), _key("ctrl+f")), ESCAPE),
            Kind("the context menu", "prompt", Click(at=CENTRE, button="right"), _page("long"), ESCAPE),
            Kind("the dialog to print", "late", _key("ctrl+p"), _page("now"), ESCAPE),
            Kind("the developer tools", "late", _key("F12"), _page("now"), (_key("F12"),)),
            Kind("to the end", "prompt", _key("ctrl+End"), _page("long")),
        ),
        aside=((0, 735, 640, 760),),  # where addresses are told, and fade half a second after the page is there
    ),
)
