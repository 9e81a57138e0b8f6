from __future__ import annotations

import io
import json

from rich.console import Console
from rich.progress import Progress as Bars

from harness.cli.image_view import Live, Plain, print_json
from harness.sandbox.image.progress import Progress


def test_a_log_gets_beginning_end_and_a_line_now_and_then() -> None:
    out = io.StringIO()
    plain = Plain(out)
    for seconds, text in ((0.0, "building"), (0.1, "skipped"), (4.9, "skipped"), (5.1, "halfway"), (5.2, "skipped")):
        plain(Progress("image", text, seconds, 3, 9))
    plain(Progress("image", "building", 6.0, done=True))
    assert out.getvalue().splitlines() == [
        "image    0.0 s 3/9 building",
        "image    5.1 s 3/9 halfway",
        "image    6.0 s building (done)",
    ]


def test_programs_get_one_json_object_a_line() -> None:
    out = io.StringIO()
    print_json(Progress("base", "pulling", 1.23456, 1, 2), out)
    assert json.loads(out.getvalue()) == {
        "step": "base",
        "text": "pulling",
        "seconds": 1.235,
        "count": 1,
        "total": 2,
        "done": False,
    }


def test_a_terminal_shows_square_brackets_as_they_are() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    bars = Bars(console=console)
    live = Live(bars)
    live(Progress("image", "Get:1 [160 kB]", 1.0, 2, 9))
    live(Progress("image", "building", 2.0, done=True))
    assert [task.description for task in bars.tasks] == ["image  building"]
    assert bars.finished
