from __future__ import annotations

import asyncio
import io
import os
import pty
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from harness import sandbox
from harness.agent.approvals import Rule
from harness.agent.outcome import Finished
from harness.agent.task import People, Task, run_task
from harness.cli.asking import KEYS, NO_ANSWER, NO_TERMINAL, STOPPED, Terminal
from harness.events import Answered, Event
from harness.tools.call import Call

RULE = Rule(then="ask", tool="bash", reason="it deletes")
OTHER = Rule(then="ask", tool="computer")
DELETE = Call("a", "bash", {"command": "rm -rf letters"})
CLICK = Call("b", "left_click", {"coordinate": [1, 2]}, "computer")


class Screen(io.StringIO):
    """What the terminal shows; tells when there is more of it."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    def write(self, text: str) -> int:
        self.news.set()
        return super().write(text)


@dataclass
class Person:
    """Sits at one end of a pseudo-terminal, and reads what the other end was asked."""

    keyboard: int
    terminal: int
    screen: Screen = field(default_factory=Screen)
    read: int = 0

    async def types(self, text: str) -> None:
        """Type once the next question stands."""
        async with asyncio.timeout(10):
            while not self.screen.getvalue()[self.read :].endswith("> "):
                self.screen.news.clear()
                await self.screen.news.wait()
        self.read = len(self.screen.getvalue())
        os.write(self.keyboard, text.encode())


@pytest.fixture
def person() -> Iterator[Person]:
    keyboard, terminal = pty.openpty()
    person = Person(keyboard, terminal)
    yield person
    os.close(person.keyboard)
    os.close(terminal)


@pytest.fixture
def stopped() -> list[str]:
    return []


@pytest.fixture
def terminal(person: Person, stopped: list[str]) -> Terminal:
    console = Console(file=person.screen, width=200)
    return Terminal(console, input=person.terminal, stop=lambda: stopped.append("stop"))


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("y\n", True),
        ("YES\n", True),
        ("n\n", False),
        ("\n", False),
        ("s\n", STOPPED),
        ("use the trash\n", "the person says: use the trash"),
        ("\x04", NO_ANSWER),  # Ctrl-D
    ],
)
async def test_a_person_decides(
    person: Person, terminal: Terminal, stopped: list[str], typed: str, answer: object
) -> None:
    _, decided = await asyncio.gather(person.types(typed), terminal.approve(DELETE, RULE))
    assert decided == answer
    assert stopped == (["stop"] if answer == STOPPED else [])
    assert "$ rm -rf letters" in person.screen.getvalue()
    assert "because: it deletes" in person.screen.getvalue()
    assert KEYS in person.screen.getvalue()


async def test_always_is_for_this_rule_alone(person: Person, terminal: Terminal) -> None:
    await asyncio.gather(person.types("a\n"), terminal.approve(DELETE, RULE))
    assert await terminal.approve(DELETE, RULE) is True
    _, decided = await asyncio.gather(person.types("n\n"), terminal.approve(CLICK, OTHER))
    assert decided is False


async def test_questions_at_the_same_time_are_put_one_after_the_other(person: Person, terminal: Terminal) -> None:
    asking = [asyncio.create_task(terminal.reply(f"question {n}")) for n in range(3)]
    for n in range(3):
        await person.types(f"answer {n}\n")
        await asyncio.wait(asking[n : n + 1])
    assert [task.result() for task in asking] == ["answer 0", "answer 1", "answer 2"]
    assert person.screen.getvalue().index("question 1") > person.screen.getvalue().index("question 0")


async def test_while_a_question_stands_everything_else_goes_on(person: Person, terminal: Terminal) -> None:
    asking = asyncio.create_task(terminal.reply("Well?"))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not asking.done()
    await person.types("yes\n")
    assert await asking == "yes"


async def test_a_question_that_is_cancelled_reads_nothing(person: Person, terminal: Terminal) -> None:
    asking = asyncio.create_task(terminal.reply("Well?"))
    await person.types("")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert person.screen.getvalue().endswith("> \n")
    os.write(person.keyboard, b"for the shell\n")
    assert os.read(person.terminal, 100) == b"for the shell\n"


async def test_what_was_typed_before_a_question_answers_nothing(person: Person, terminal: Terminal) -> None:
    os.write(person.keyboard, b"y\n")
    _, decided = await asyncio.gather(person.types("n\n"), terminal.approve(DELETE, RULE))
    assert decided is False


async def test_what_a_model_says_cannot_move_the_cursor(person: Person, terminal: Terminal) -> None:
    await asyncio.gather(person.types("n\n"), terminal.approve(Call("a", "bash", {"command": "\x1b[2Jls\r"}), RULE))
    await asyncio.gather(person.types("n\n"), terminal.reply("[bold]\x1b[1A?"))
    assert "\x1b" not in person.screen.getvalue()
    assert "[bold]\N{REPLACEMENT CHARACTER}[1A?" in person.screen.getvalue()


async def test_no_line_of_a_command_looks_like_one_of_ours(person: Person, terminal: Terminal) -> None:
    command = "rm -rf /\n  because: it is safe"
    await asyncio.gather(person.types("n\n"), terminal.approve(Call("a", "bash", {"command": command}), RULE))
    assert "\n  because: it is safe" not in person.screen.getvalue()
    assert "\n  |   because: it is safe" in person.screen.getvalue()


async def test_what_is_said_already_is_not_repeated(person: Person, terminal: Terminal) -> None:
    await asyncio.gather(person.types("n\n"), terminal.approve(DELETE, RULE))
    assert person.screen.getvalue().count("rm -rf letters") == 1


async def test_a_long_command_is_shown_whole(person: Person, terminal: Terminal) -> None:
    command = f"echo {'x' * 300}; rm -rf letters"
    await asyncio.gather(person.types("n\n"), terminal.approve(Call("a", "bash", {"command": command}), RULE))
    assert command in person.screen.getvalue()


async def test_without_a_terminal_it_is_denied_at_once() -> None:
    reading, writing = os.pipe()
    terminal = Terminal(Console(file=io.StringIO()), input=reading)
    assert await terminal.approve(DELETE, RULE) == NO_TERMINAL
    assert await terminal.reply("Well?") is None
    os.close(reading)
    os.close(writing)


async def test_a_terminal_that_is_hung_up_answers_nothing(person: Person, terminal: Terminal) -> None:
    asking = asyncio.create_task(terminal.approve(DELETE, RULE))
    await person.types("")
    hung, person.keyboard = person.keyboard, os.open(os.devnull, os.O_RDONLY)
    os.close(hung)
    assert await asking == NO_ANSWER


@pytest.mark.container
async def test_a_sandbox_lives_on_while_a_person_thinks_longer_than_its_lease(
    person: Person, terminal: Terminal, tmp_path: Path
) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("- do: [{bash: {command: echo $((40 + 2))}}]\n- say: It is done.\n")
    task = Task("count", model=f"scripted:{script}", rules=[RULE])
    events: list[Event] = []
    async with sandbox(lease=5) as desktop:
        people = People(approve=terminal.approve)
        work = asyncio.create_task(run_task(task, desktop, events.append, people=people))
        await person.types("")
        await asyncio.wait([work], timeout=9)
        assert not work.done()
        os.write(person.keyboard, b"y\n")
        assert await work == Finished("It is done.")
    assert [event.text for event in events if isinstance(event, Answered)] == ["42"]
