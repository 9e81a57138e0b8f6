"""What becomes of programs, through a real worker process."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from sandbox_image.program_log import FULL, KEPT
from sandbox_image.wire import (
    ErrorCode,
    Launched,
    ListPrograms,
    Open,
    Program,
    ProgramAction,
    ProgramList,
    ProgramOutput,
    ReadOutput,
    Refused,
    StopProgram,
    WaitExit,
)
from sandbox_image.worker_link import Worker
from tests.support.guest_worker import launch, run, start_worker


async def ended(worker: Worker, started: Launched) -> Program:
    told = await worker.do(WaitExit(pid=started.pid, timeout_ms=20_000))
    assert isinstance(told, Program)
    return told


async def output(worker: Worker, started: Launched, limit: int = 250_000) -> str:
    told = await worker.do(ReadOutput(pid=started.pid, max_output=limit))
    assert isinstance(told, ProgramOutput)
    return told.text


async def listed(worker: Worker) -> tuple[Program, ...]:
    told = await worker.do(ListPrograms())
    assert isinstance(told, ProgramList)
    return told.programs


async def stopped(worker: Worker, started: Launched, grace_ms: int = 20_000) -> Program:
    told = await worker.do(StopProgram(pid=started.pid, grace_ms=grace_ms))
    assert isinstance(told, Program)
    return told


def alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except FileNotFoundError:
        return False


async def test_programs_of_one_name_have_logs_of_their_own(worker: Worker) -> None:
    first = await launch(worker, "true")
    second = await launch(worker, "true")
    assert first.log != second.log
    assert Path(first.log).name == "true-1.log"


async def test_a_program_that_ended_leaves_no_zombie(worker: Worker) -> None:
    started = await launch(worker, "false")
    ran = await run(worker, f"while [ -e /proc/{started.pid} ]; do sleep 0.01; done; echo gone")
    assert ran.text == "gone\n"


async def test_a_restart_of_the_shell_spares_launched_programs(worker: Worker) -> None:
    started = await launch(worker, "sleep", "1000")
    await run(worker, "true")
    await run(worker, "", restart=True)
    assert (await run(worker, f"kill {started.pid}")).code == 0


async def test_many_programs_start_at_once(worker: Worker) -> None:
    started = await asyncio.gather(*(launch(worker, "true") for _ in range(20)))
    assert len({program.log for program in started}) == 20


async def test_however_long_command_lines_are_all_programs_can_be_listed(worker: Worker) -> None:
    for _ in range(20):
        await ended(worker, await launch(worker, "true", "x" * 120_000, "y"))
    assert {program.argv for program in await listed(worker)} == {("true", "x" * 996 + "…")}
    assert len((await worker.programs(None)).programs) == 20


# --- ends -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -USR1 $$", -signal.SIGUSR1)])
async def test_how_a_program_ended_is_known(worker: Worker, script: str, code: int) -> None:
    started = await launch(worker, "sh", "-c", script)
    told = await ended(worker, started)
    assert (told.running, told.code, told.argv, told.log) == (False, code, ("sh", "-c", script), started.log)
    assert await listed(worker) == (told,)


async def test_a_program_that_still_runs_is_told_as_such(worker: Worker) -> None:
    started = await launch(worker, "sleep", "1000")
    with pytest.raises(Refused, match=rf"'sleep' \({started.pid}\) still runs after 20 ms") as refused:
        await worker.do(WaitExit(pid=started.pid, timeout_ms=20))
    assert refused.value.failure.code is ErrorCode.DEADLINE
    (told,) = await listed(worker)
    assert (told.running, told.code) == (True, None)


async def test_a_program_is_waited_for_while_others_are_asked(worker: Worker) -> None:
    started = await launch(worker, "sleep", "1000")
    waiting = asyncio.create_task(ended(worker, started))
    assert (await run(worker, f"kill {started.pid}")).code == 0
    assert (await waiting).code == -signal.SIGTERM


@pytest.mark.parametrize("act", [WaitExit(pid=1), ReadOutput(pid=1), StopProgram(pid=1)])
async def test_a_program_that_was_not_launched_is_unknown(worker: Worker, act: ProgramAction) -> None:
    with pytest.raises(Refused, match=r"no program 1 is known.*an earlier worker") as refused:
        await worker.do(act)
    assert refused.value.failure.code is ErrorCode.NO_SUCH_PROGRAM


# --- ending one -------------------------------------------------------------------------------------------------------


async def test_a_program_is_stopped_with_what_it_started(worker: Worker) -> None:
    started = await launch(worker, "sh", "-c", "sleep 1000 & echo $!; setsid -f sleep 1000; wait")
    await run(worker, f"until grep -q . {started.log}; do sleep 0.01; done")
    child = int((await output(worker, started)).split()[0])
    told = await stopped(worker, started)
    assert (told.running, told.code) == (False, -signal.SIGTERM)
    assert not alive(started.pid)
    assert not alive(child)
    await run(worker, "pkill -x sleep")


async def test_a_program_that_ignores_the_request_is_killed_when_its_time_is_up(worker: Worker) -> None:
    started = await launch(worker, "sh", "-c", "trap '' TERM; echo ready; sleep 1000 & wait; sleep 1000")
    await run(worker, f"until grep -q ready {started.log}; do sleep 0.01; done")
    assert (await stopped(worker, started, grace_ms=50)).code == -signal.SIGKILL


async def test_a_program_that_is_asked_to_end_may_end_in_its_own_way(worker: Worker) -> None:
    script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done"
    started = await launch(worker, "sh", "-c", script)
    await run(worker, f"until grep -q ready {started.log}; do sleep 0.01; done")
    assert (await stopped(worker, started)).code == 3
    assert (await output(worker, started)).endswith("bye\n")


async def test_a_stopped_program_is_ended_as_well(worker: Worker) -> None:
    started = await launch(worker, "sleep", "1000")
    os.kill(started.pid, signal.SIGSTOP)
    assert (await stopped(worker, started)).code == -signal.SIGTERM


async def test_what_an_ended_program_left_running_is_ended(worker: Worker) -> None:
    started = await launch(worker, "sh", "-c", "sleep 1000 & echo $!")
    await ended(worker, started)
    child = int(await output(worker, started))
    assert alive(child)
    assert (await stopped(worker, started)).code == 0
    assert not alive(child)


# --- output -----------------------------------------------------------------------------------------------------------


async def test_the_environment_is_that_of_the_desktop_with_what_is_added(worker: Worker, home: Path) -> None:
    started = await launch(worker, "sh", "-c", 'echo "$HOME $LANG $COLOUR"', env={"LANG": "C", "COLOUR": "dark red"})
    await ended(worker, started)
    assert await output(worker, started) == f"{home} C dark red\n"


async def test_the_output_is_there_while_the_program_runs_and_whole_when_it_has_ended(worker: Worker) -> None:
    script = "import sys; print('x' * 100_000); sys.stderr.write('late'); sys.stdout.flush(); input()"
    started = await launch(worker, "python3", "-c", script)
    assert (await ended(worker, started)).code == 1
    text = await output(worker, started)
    assert text.startswith("x" * 1000)
    assert "late" in text
    assert "EOFError" in text


async def test_a_chatty_program_keeps_both_ends_of_its_output_in_a_file_of_a_bounded_size(worker: Worker) -> None:
    script = "yes 'some line of output' | head -c 30000000; echo the end"
    started = await launch(worker, "sh", "-c", f"echo the beginning; {script}")
    assert (await ended(worker, started)).code == 0
    size = int((await run(worker, f"stat -c %s {started.log}")).text)
    assert 2 * KEPT <= size <= FULL
    text = await output(worker, started, 10_000)
    assert text.startswith("the beginning\nsome line of output\n")
    assert text.endswith("\nthe end\n")
    gone = int(text.partition("[... ")[2].partition(" bytes")[0])
    assert gone + 10_000 == len("the beginning\n") + 30_000_000 + len("the end\n")


async def test_the_oldest_of_many_ended_programs_are_forgotten_with_their_logs(worker: Worker) -> None:
    lasting = await launch(worker, "sleep", "1000")
    first = await launch(worker, "true")
    await ended(worker, first)
    for _ in range(105):
        await ended(worker, await launch(worker, "true"))
    pids = [program.pid for program in await listed(worker)]
    assert len(pids) == 101
    assert pids[0] == lasting.pid
    assert first.pid not in pids
    assert (await run(worker, f"ls {first.log}")).code != 0


async def test_programs_outlive_a_worker_and_the_next_one_reads_on(home: Path) -> None:
    first, main = start_worker(home)
    link = Worker()
    link.attach(main)
    script = "import time\nfor n in range(100_000): print(n, flush=True)\nprint('done'); time.sleep(0.1)"
    await run(link, "mkfifo go")
    held = await launch(link, "sh", "-c", f'read line < go; exec python3 -c "{script}"')
    first.kill()
    first.wait(30)
    second, main = start_worker(home)
    link.attach(main)
    await run(link, "echo > go", timeout_ms=20_000)
    ran = await run(link, f"until tail -n 1 {held.log} | grep -q done; do sleep 0.01; done; wc -l < {held.log}")
    assert int(ran.text) == 100_001
    assert await listed(link) == ()
    with pytest.raises(Refused, match="how one ended that an earlier worker launched nobody knows"):
        await link.do(WaitExit(pid=held.pid))
    link.close()
    assert second.wait(30) == 0


# --- listening --------------------------------------------------------------------------------------------------------


async def test_the_programs_are_told_when_one_starts_and_when_it_ends(worker: Worker) -> None:
    none = await worker.programs(None)
    assert none.programs == ()
    waiting = asyncio.create_task(worker.programs(none))
    started = await launch(worker, "sleep", "1000")
    (running,) = (there := await waiting).programs
    assert (running.pid, running.running, running.log) == (started.pid, True, started.log)
    waiting = asyncio.create_task(worker.programs(there))
    await stopped(worker, started)
    (told,) = (await waiting).programs
    assert (told.running, told.code) == (False, -signal.SIGTERM)


async def test_programs_that_came_and_went_before_anybody_asked_again_are_told_at_once(worker: Worker) -> None:
    none = await worker.programs(None)
    started = [await launch(worker, "sh", "-c", f"exit {code}") for code in range(3)]
    for one in started:
        await ended(worker, one)
    assert [program.code for program in (await worker.programs(none)).programs] == [0, 1, 2]


async def test_whoever_waits_for_programs_when_the_worker_ends_hears_of_those_of_the_next_one(home: Path) -> None:
    first, main = start_worker(home)
    link = Worker()
    link.attach(main)
    held = await launch(link, "sleep", "1000")
    there = await link.programs(None)
    waiting = asyncio.create_task(link.programs(there))
    await link.do(ListPrograms())
    first.kill()
    first.wait(30)
    second, main = start_worker(home)
    link.attach(main)
    assert (await waiting).programs == ()
    await run(link, f"kill {held.pid}")
    link.close()
    assert second.wait(30) == 0


# --- opening ----------------------------------------------------------------------------------------------------------


@pytest.mark.x11
async def test_what_nothing_opens_is_told_before_anything_is_started(worker: Worker) -> None:
    await run(worker, r"printf '\0\1\2' > thing.nosuchkind")
    for target, says in (
        ("nothere.txt", "there is no .*/nothere.txt"),
        ("thing.nosuchkind", "no program is set to open .*thing.nosuchkind"),
        ("nosuchscheme://there", "no program is set to open nosuchscheme: addresses"),
    ):
        with pytest.raises(Refused, match=says) as refused:
            await worker.do(Open(target=target))
        assert refused.value.failure.code is ErrorCode.LAUNCH_FAILED
    assert await listed(worker) == ()


@pytest.mark.x11
async def test_a_file_is_opened_by_the_program_of_its_kind(worker: Worker, home: Path) -> None:
    await run(worker, "echo text > 'a: file.txt'")
    started = await worker.do(Open(target="a: file.txt"))
    assert isinstance(started, Launched)
    told = await ended(worker, started)  # there is no display for it
    assert told.argv == ("mousepad", f"file://{home}/a:%20file.txt")
    assert "display" in await output(worker, started)
