from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.agent.approvals import Rule
from harness.agent.limits import Limits
from harness.agent.outcome import Finished
from harness.agent.task import People, Task, run_task
from harness.errors import UsageError
from harness.events import (
    Answered,
    Called,
    Event,
    Said,
    TaskFinished,
    TaskStarted,
    TurnFinished,
    TurnStarted,
)
from harness.testing import FakeDesktop, FakeWindow
from sandbox_image.wire import Size

SCRIPT = """
- say: I write.
  do:
    - type: {text: "pin {secret:PIN}"}
    - bash: {command: "echo 4711"}
- say: It is done.
"""


@pytest.fixture
async def desktop() -> FakeDesktop:
    desktop = FakeDesktop(Size(width=1920, height=1080), apps={"editor": lambda _: FakeWindow(title="editor")})
    await desktop.launch("editor")
    await desktop.wait_for_window("editor")
    return desktop


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    """Names a model that plays a script."""

    def named(text: str) -> str:
        (tmp_path / "script.yaml").write_text(text)
        return f"scripted:{tmp_path / 'script.yaml'}"

    return named


async def test_a_task_is_done_and_all_of_it_is_told(desktop: FakeDesktop, script: Callable[[str], str]) -> None:
    events: list[Event] = []
    task = Task("write my pin", model=script(SCRIPT), secrets={"PIN": "4711"})
    assert await run_task(task, desktop, events.append) == Finished("It is done.")
    kinds = [type(event) for event in events]
    assert kinds[:6] == [TaskStarted, TurnStarted, Said, Called, Called, TurnFinished]
    assert sorted(kind.__name__ for kind in kinds[6:9]) == ["Answered", "Answered", "FrameCaptured"]
    assert kinds[9:] == [TurnStarted, Said, TurnFinished, TaskFinished]
    assert "4711" in [word.text for word in await desktop.read_text()]
    assert "4711" not in "".join(event.model_dump_json() for event in events)


async def test_a_person_approves_what_a_rule_is_about(desktop: FakeDesktop, script: Callable[[str], str]) -> None:
    asked = []

    async def approve(call: object, rule: Rule) -> bool:
        asked.append((call, rule))
        return False

    events: list[Event] = []
    task = Task("write", model=script(SCRIPT), rules=[Rule(then="ask", tool="bash")], secrets={"PIN": "1"})
    await run_task(task, desktop, events.append, people=People(approve=approve))
    assert len(asked) == 1
    assert [event.failed for event in events if isinstance(event, Answered)].count(True) == 1


async def test_a_task_that_is_cancelled_says_that_it_was_stopped(
    desktop: FakeDesktop, script: Callable[[str], str]
) -> None:
    events: list[Event] = []
    called = asyncio.Event()

    def emit(event: Event) -> None:
        events.append(event)
        if isinstance(event, Called):
            called.set()

    task = Task("wait", model=script("- do: [{wait: {duration: 300}}]"), limits=Limits(steps=None))
    work = asyncio.create_task(run_task(task, desktop, emit))
    await called.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    end = events[-1]
    assert isinstance(end, TaskFinished)
    assert end.outcome == "stopped"
    assert isinstance(events[-2], Answered)


async def test_without_a_key_nothing_begins(desktop: FakeDesktop, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        monkeypatch.delenv(key, raising=False)
    events: list[Event] = []
    with pytest.raises(UsageError, match="set ANTHROPIC_API_KEY, or play turns from a file with --model scripted:FILE"):
        await run_task(Task("write"), desktop, events.append)
    assert events == []


def bash(command: str) -> str:
    """A shell of one's own."""
    return command


def price(article: str) -> float:
    """What it costs."""
    return float(len(article))


@pytest.mark.parametrize(("tools", "name"), [([bash], "bash"), ([price, price], "price")])
async def test_two_tools_of_a_name_are_told_before_anything_is_asked(
    desktop: FakeDesktop, script: Callable[[str], str], tools: list[Callable[..., object]], name: str
) -> None:
    events: list[Event] = []
    with pytest.raises(UsageError, match=f"there is a tool named {name} already"):
        await run_task(Task("look", model=script(SCRIPT), tools=tools), desktop, events.append)
    assert events == []


async def test_a_task_without_words_is_none(desktop: FakeDesktop, script: Callable[[str], str]) -> None:
    with pytest.raises(UsageError, match="the task is empty"):
        await run_task(Task(" \n", model=script(SCRIPT)), desktop)


async def test_what_a_function_of_a_person_raises_ends_the_task_and_is_told(
    desktop: FakeDesktop, script: Callable[[str], str]
) -> None:
    def approve(_: object, __: object) -> bool:
        raise RuntimeError("no such button")

    events: list[Event] = []
    task = Task("write", model=script(SCRIPT), rules=["ask:bash"], secrets={"PIN": "4711"})
    with pytest.raises(RuntimeError, match="no such button"):
        await run_task(task, desktop, events.append, people=People(approve=approve))
    end = events[-1]
    assert isinstance(end, TaskFinished)
    assert (end.outcome, end.message) == ("failed", "RuntimeError: no such button")


async def test_a_rule_that_cannot_be_is_told_before_anything_begins(
    desktop: FakeDesktop, script: Callable[[str], str]
) -> None:
    events: list[Event] = []
    with pytest.raises(UsageError, match="perhaps"):
        await run_task(Task("write", model=script(SCRIPT), rules=["perhaps:bash"]), desktop, events.append)
    assert events == []


@pytest.mark.parametrize("words", [{"text": "type hunter22 there"}, {"text": "log in", "more": "It is hunter22."}])
async def test_a_task_that_tells_a_secret_in_its_own_words_does_not_begin(
    desktop: FakeDesktop, script: Callable[[str], str], words: dict[str, str]
) -> None:
    events: list[Event] = []
    task = Task(**words, model=script(SCRIPT), secrets={"PIN": "hunter22"})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"the value of the secret PIN; write \{secret:PIN\} in its place"):
        await run_task(task, desktop, events.append)
    assert events == []
