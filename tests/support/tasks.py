"""A task as events, one of each kind, with pictures that are drawn here."""

from __future__ import annotations

import io
from collections.abc import Iterator
from hashlib import sha256

from PIL import Image, ImageDraw

from harness.events import (
    Answered,
    Bounds,
    Called,
    Event,
    FileCollected,
    FrameCaptured,
    Said,
    SandboxStarted,
    Speaking,
    TaskFinished,
    TaskStarted,
    TurnFinished,
    TurnStarted,
    Waited,
)
from sandbox_image.wire import Region, ScreenPoint, Size

SCREEN = Size(width=1280, height=800)
WHOLE = Region(x=0, y=0, width=1280, height=800)
STARTED = TaskStarted(
    task="Write a shopping list\nand save it as list.txt",
    model="claude-sonnet-5-5",
    effort="high",
    limits=Bounds(steps=100, seconds=3600),
    secrets=("PIN",),
    screen=SCREEN,
    shown=Size(width=1280, height=800),
    version="1.2",
)
ANSWER = "The list is saved as <b>list.txt</b>."


def frame(call: str, colour: str = "white", region: Region = WHOLE) -> FrameCaptured:
    """A picture of a window in a colour, as the answer to a call."""
    image = Image.new("RGB", (320, 200), "#336")
    ImageDraw.Draw(image).rectangle((40, 30, 280, 170), fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, "png")
    data = buffer.getvalue()
    return FrameCaptured(
        step=call, moment="after", frame=sha256(data).hexdigest(), format="png", region=region, data=data
    )


def answered(
    turn: int, call: str, text: str = "", *, failed: bool = False, shows: FrameCaptured | None = None
) -> Event:
    """What a call was answered with."""
    return Answered(turn=turn, call=call, text=text, failed=failed, frame=shows.frame if shows else None)


def paid(turn: int, stop: str = "tool_use", cost: float | None = 0.01) -> TurnFinished:
    """The end of an answer: 1000 tokens in, 800 of them from the cache, and 50 out."""
    return TurnFinished(
        turn=turn, stop=stop, input=50, cache_read=800, cache_write_5m=100, cache_write_1h=50, output=50, thinking=20,
        cost=cost, seconds=2.0,
    )  # fmt: skip


def finished(outcome: str = "finished", message: str = ANSWER) -> TaskFinished:
    """The end of a task."""
    return TaskFinished.model_validate(
        {
            "outcome": outcome, "message": message, "value": {"items": 3}, "turns": 3, "seconds": 65.0,
            "tokens": 3150, "cost": 0.03,
        }
    )  # fmt: skip


def task() -> Iterator[Event]:
    """A task of three turns: one looks, one acts and fails, one ends."""
    first, second, part = frame("a"), frame("c", "#fed"), frame("d", "#def", Region(x=0, y=0, width=320, height=200))
    yield SandboxStarted(image="desktop:1", sandbox="s1", container="c1", seconds=0.5)
    yield STARTED
    yield TurnStarted(turn=1)
    yield Speaking(turn=1, what="text", text="I look ")
    yield Speaking(turn=1, what="text", text="around.")
    yield Said(turn=1, thinking=True, text="First I need to see the screen.")
    yield Said(turn=1, text="I look around.")
    yield Called(turn=1, call="a", tool="computer", action="screenshot", told="look at the screen")
    yield paid(1)
    yield first
    yield answered(1, "a", shows=first)
    yield TurnStarted(turn=2)
    yield Waited(seconds=12, reason="rate limit")
    yield Called(
        turn=2, call="b", tool="bash", action="", told="$ cat <<EOF >list.txt milk bread EOF",
        input={"command": "cat <<EOF >list.txt\nmilk\nbread\nEOF"},
    )  # fmt: skip
    yield Called(
        turn=2, call="c", tool="computer", action="left_click", told="left click at 640,400",
        points=(ScreenPoint(x=640, y=400),),
    )  # fmt: skip
    yield Called(
        turn=2, call="d", tool="computer", action="left_click_drag", told="drag from 10,10 to 99,99",
        points=(ScreenPoint(x=10, y=10), ScreenPoint(x=99, y=99)),
    )  # fmt: skip
    yield Called(turn=2, call="e", tool="computer", action="key", told="press ctrl+s")
    yield paid(2)
    yield answered(2, "b", "\n".join(f"line {number} <script>" for number in range(40)))
    yield second
    yield answered(2, "c", "the screen changed", shows=second)
    yield part
    yield answered(2, "d", "(5000, 3) is not in the picture", failed=True, shows=part)
    yield answered(2, "e", "Not executed: an earlier computer action in this turn failed.", failed=True)
    yield TurnStarted(turn=3)
    yield Said(turn=3, text=ANSWER)
    yield paid(3, "end_turn")
    yield finished()
    yield FileCollected(source="/home/user/list.txt", name="list.txt")
