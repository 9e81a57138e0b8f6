"""One bash, without a worker around it. What commands mean is tested in `test_shell.py`."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import pytest

from sandbox_image.bash import Bash, Command
from sandbox_image.procfs import kill, members, owner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@pytest.fixture
async def bash() -> AsyncIterator[Bash]:
    bash = Bash(f"{owner()}.{secrets.token_hex(4)}.main")
    yield bash
    bash.halt()
    await kill(lambda: members(bash.family, all_commands=True))
    bash.end()


def run(bash: Bash, command: str, sink: Callable[[bytes], None]) -> asyncio.Future[int]:
    return bash.run(Command(command), sink, sink, sink)


async def output(bash: Bash, command: str) -> str:
    printed: list[bytes] = []
    await run(bash, command, printed.append)
    bash.mute()
    return b"".join(printed).decode()


async def test_the_status_comes_after_all_that_was_printed(bash: Bash) -> None:
    printed: list[bytes] = []
    assert await run(bash, "seq 100000; (exit 5)", printed.append) == 5
    assert b"".join(printed).endswith(b"\n100000\n")


async def test_the_end_of_bash_comes_with_its_code_and_after_its_output(bash: Bash) -> None:
    printed: list[bytes] = []
    status = run(bash, "echo last; exit 4", printed.append)
    assert await bash.ended == 4
    assert not status.done()
    assert printed == [b"last\n"]


async def test_a_skipped_command_goes_no_further_and_the_next_one_runs(bash: Bash) -> None:
    begun = asyncio.Event()
    status = run(bash, "x=1; echo; while :; do :; done; x=2", lambda _: begun.set())
    await begun.wait()
    bash.halt()
    bash.skip()
    await status
    bash.forget()
    assert await output(bash, "echo $x; shopt -q extdebug; echo $?") == "1\n1\n"


async def test_skipping_when_nothing_runs_does_no_harm(bash: Bash) -> None:
    await run(bash, "", lambda _: None)
    bash.skip()
    assert await output(bash, "echo on") == "on\n"


async def test_traps_of_the_user_do_not_see_our_lines(bash: Bash) -> None:
    assert await output(bash, "trap 'echo debug' DEBUG; :") == "debug\n"
    assert await output(bash, "trap 'echo error' ERR; trap - DEBUG; false") == "debug\ndebug\nerror\n"
    assert await output(bash, "false") == "error\n"


async def test_what_a_background_job_prints_between_commands_is_bounded(bash: Bash) -> None:
    await run(bash, "(head -c 1000000 /dev/zero | tr '\\0' x; touch /dev/null) & job=$!", lambda _: None)
    bash.mute()
    printed = await output(bash, "wait $job")
    assert 0 < len(printed) <= 1_000_000
    assert set(printed) == {"x"}


async def test_ending_twice_is_no_error(bash: Bash) -> None:
    bash.end()
    bash.end()
    assert await bash.ended == 137
