from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness.sandbox.image.progress import Progress, Steps, hold


def test_a_step_is_told_at_its_beginning_and_end() -> None:
    heard: list[Progress] = []
    steps = Steps(heard.append)
    with steps.step("base", "pulling"):
        steps.tell("layer", count=1, total=2)
    assert [(one.step, one.text, one.count, one.total, one.done) for one in heard] == [
        ("base", "pulling", 0, 0, False),
        ("base", "layer", 1, 2, False),
        ("base", "pulling", 0, 0, True),
    ]


def test_a_step_that_failed_is_never_told_as_done() -> None:
    heard: list[Progress] = []
    with pytest.raises(ValueError, match="no"), Steps(heard.append).step("base", "pulling"):
        raise ValueError("no")
    assert [one.done for one in heard] == [False]


def test_who_comes_second_is_told_so_and_waits(tmp_path: Path) -> None:
    heard: list[Progress] = []
    waiting, order = threading.Event(), []

    def hear(progress: Progress) -> None:
        heard.append(progress)
        waiting.set()

    def second() -> None:
        with hold(tmp_path / "build.lock", Steps(hear)):
            order.append("second")

    with hold(tmp_path / "build.lock", Steps(heard.append)):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(20)
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]
    assert "waiting" in heard[0].text
