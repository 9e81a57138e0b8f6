"""Bash sessions in a real worker process."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest

from sandbox_image.wire import (
    ErrorCode,
    ListSessions,
    Output,
    Refused,
    ResizeTerminal,
    SendInput,
    SessionList,
    Shell,
    TerminalSize,
)
from tests.support.guest_worker import run

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox_image.worker_link import Worker

SOON = 700  # milliseconds that a command which does not end by itself is given


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - a read of procfs
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except FileNotFoundError:
        return False


async def test_a_command_gives_its_output_and_its_exit_code(worker: Worker) -> None:
    ran = await run(worker, "echo hi; exit_with() { return 7; }; exit_with")
    assert (ran.text, ran.code, ran.exit.session_ended) == ("hi\n", 7, False)


async def test_a_session_begins_in_the_home_with_the_desktop_environment(worker: Worker, home: Path) -> None:
    assert (await run(worker, "pwd; echo $HOME $LANG")).text == f"{home}\n{home} C.UTF-8\n"


async def test_folder_variables_functions_and_the_last_status_last(worker: Worker) -> None:
    await run(worker, "x=1; declare -A m=([k]=v); f() { echo f$1; }; export E=e; cd /usr; (exit 9)")
    assert (await run(worker, "echo $? $x ${m[k]} $(f 2) $E $PWD")).text == "9 1 v f2 e /usr\n"


async def test_the_worker_gives_commands_no_variable_of_its_own_but_the_mark(worker: Worker) -> None:
    assert (await run(worker, "env | grep -o '^HARNESS[^=]*'")).text == "HARNESS_SHELL\n"


async def test_standard_error_comes_in_order_with_standard_output(worker: Worker) -> None:
    assert (await run(worker, "echo a; echo b >&2; echo c; ls /nope")).text.startswith("a\nb\nc\nls: cannot access")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("echo 'never closed", "unexpected EOF"),
        ("if true; then", "syntax error"),
        ("echo )", "syntax error"),
        ("[[ ", "unexpected"),
    ],
)
async def test_a_syntax_error_fails_and_leaves_the_session_usable(worker: Worker, command: str, says: str) -> None:
    ran = await run(worker, command)
    assert says in ran.text
    assert ran.code not in {0, None}
    assert (await run(worker, "echo on")).text == "on\n"


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("cat <<END\nin $((1+1))\nEND", "in 2\n"),
        ("printf 'no newline'", "no newline"),
        ("echo \"it's\"; echo 'a\"b'", "it's\na\"b\n"),
        ('read v; echo "$? [$v]"', "1 []\n"),
        ("cat; echo end", "end\n"),
        ("break; continue; echo on", "on\n"),
        ("exec 5>&1; echo five >&5", "five\n"),
        ("set -x; :", "++ :\n"),
        ("yes | head -n 2", "y\ny\n"),
        ("trap 'echo ended' EXIT; trap - EXIT; echo x", "x\n"),
        ("", ""),
        ("# nothing", ""),
    ],
)
async def test_commands_mean_what_they_mean_at_a_terminal(worker: Worker, command: str, text: str) -> None:
    ran = await run(worker, command)
    assert ran.text.splitlines()[-1:] == text.splitlines()[-1:]
    assert ran.code == 0


async def test_bytes_that_are_not_utf8_become_replacement_characters(worker: Worker) -> None:
    assert (await run(worker, r"printf 'a\xff\x00b\xc3'")).text == "a\ufffd\x00b\ufffd"


async def test_characters_cut_by_the_program_are_put_together(worker: Worker) -> None:
    ran = await run(worker, r"printf '\xe4'; sleep 0.05; printf '\xb8'; sleep 0.05; printf '\x96'")
    assert ran.text == "世"


async def test_a_command_may_close_or_redirect_its_own_output(worker: Worker) -> None:
    await run(worker, "exec >log 2>&1; echo kept")
    assert (await run(worker, "cat log")).text == "kept\n"
    await run(worker, "exec >&- 2>&-")
    assert (await run(worker, "echo back")).text == "back\n"


async def test_nothing_can_be_read_from_a_terminal(worker: Worker) -> None:
    ran = await run(worker, "read -p password: secret </dev/tty; echo over")
    assert ran.text.endswith("over\n")


async def test_programs_inherit_no_descriptor_of_the_session(worker: Worker) -> None:
    assert (await run(worker, "exec 5>&-; ls /proc/self/fd")).text.split() == ["0", "1", "2", "3"]


async def test_a_background_job_does_not_hold_up_its_command_and_goes_on_after_it(worker: Worker) -> None:
    ran = await run(worker, "sleep 1000 & echo $!")
    pid = int(ran.text)
    assert (await run(worker, "jobs -r | wc -l")).text.strip() == "1"
    assert alive(pid)


@pytest.mark.parametrize("separate", [False, True])
async def test_what_a_background_job_prints_between_commands_is_told_apart(worker: Worker, *, separate: bool) -> None:
    job = "(until [ -e go ]; do :; done; echo late; echo wrong >&2; touch done) &"
    await run(worker, job, separate=separate)
    await run(worker, "touch go; until [ -e done ]; do :; done", session="other")
    ran = await run(worker, "echo now")
    assert (ran.of("both"), sorted(ran.of("background").split())) == ("now\n", ["late", "wrong"])
    assert (await run(worker, "echo again")).of("background") == ""


async def test_a_background_job_that_prints_for_ever_holds_up_nothing(worker: Worker) -> None:
    await run(worker, "yes & disown", max_output=1000)
    ran = await run(worker, "kill $!; echo over", max_output=2000)
    assert ran.code == 0


async def test_what_a_background_job_prints_between_commands_is_bounded(worker: Worker) -> None:
    await run(worker, "(until [ -e go ]; do :; done; seq 100000; touch done) &")
    await run(worker, "touch go; until [ -e done ]; do :; done", session="other")
    late = (await run(worker, "true")).of("background")
    assert late.startswith("\n[... ")
    assert late.endswith("\n99999\n100000\n")
    assert len(late) < 33_000


async def test_streams_come_apart_where_that_is_asked_for(worker: Worker) -> None:
    ran = await run(worker, "echo out; echo err >&2; ls /nope", separate=True)
    assert (ran.of("stdout"), ran.of("both"), ran.code) == ("out\n", "", 2)
    assert ran.of("stderr").startswith("err\nls: cannot access")
    assert (await run(worker, "echo a; echo b >&2")).of("both") == "a\nb\n"


async def test_streams_that_are_apart_are_cut_each_in_its_middle(worker: Worker) -> None:
    ran = await run(worker, "seq 10000; seq 20000 30000 >&2", separate=True, max_output=2000)
    for stream, first, last in (("stdout", "1\n", "10000\n"), ("stderr", "20000\n", "30000\n")):
        text = ran.of(stream)
        assert text.startswith(first)
        assert text.endswith(last)
        assert len(text) < 1100
        assert "bytes of output left out" in text
    assert ran.exit.omitted == 48_894 - 1000 + 60_006 - 1000


async def test_a_command_over_its_time_with_streams_apart_tells_what_both_said(worker: Worker) -> None:
    ran = await run(worker, "echo out; echo err >&2; sleep 1000", separate=True, timeout_ms=SOON)
    assert (ran.of("stdout"), ran.of("stderr"), ran.exit.timed_out) == ("out\n", "err\n", True)
    assert (await run(worker, "echo on >&2", separate=True)).of("stderr") == "on\n"


async def test_variables_of_one_command_end_with_it(worker: Worker) -> None:
    await run(worker, 'export KEPT=kept; f() { echo "$A"; }')
    odd = "two words 'quoted' $HOME\nsecond line ü"
    ran = await run(worker, "f; sh -c 'echo \"$A\"'; echo $KEPT $?; x=set", env={"A": odd, "KEPT": "hidden"})
    assert ran.text == f"{odd}\n{odd}\nhidden 0\n"
    assert (await run(worker, "echo [$A] $KEPT $x")).text == "[] kept set\n"


async def test_the_folder_of_one_command_ends_with_it(worker: Worker, home: Path) -> None:
    await run(worker, "mkdir -p real 'o d d'; ln -s real link; cd link; (exit 7)")
    assert (await run(worker, "echo $?; pwd; cd /; x=1", cwd="o d d")).text == f"7\n{home}/o d d\n"
    assert (await run(worker, "echo $? $x; pwd; dirs -l")).text == f"0 1\n{home}/link\n{home}/link\n"
    late = await run(worker, "sleep 1000", cwd="/", timeout_ms=SOON)
    assert late.exit.timed_out
    assert (await run(worker, "pwd")).text == f"{home}/link\n"


@pytest.mark.parametrize(
    ("cwd", "code"), [("none", ErrorCode.NOT_FOUND), ("file", ErrorCode.FILE_ERROR), ("closed", ErrorCode.DENIED)]
)
async def test_a_folder_that_cannot_be_entered_is_refused_and_nothing_runs(
    worker: Worker, cwd: str, code: ErrorCode
) -> None:
    await run(worker, "touch file; mkdir -m 600 closed")
    with pytest.raises(Refused, match="cannot enter") as refused:
        await run(worker, "touch ran", cwd=cwd)
    assert refused.value.failure.code is code
    assert (await run(worker, "[ -e ran ]")).code == 1


async def test_bytes_that_are_not_utf8_are_told_as_they_are_as_well(worker: Worker) -> None:
    await run(worker, "head -c 300000 /dev/urandom > noise")
    ran = await run(worker, "printf 'caf\\xc3\\xa9 \\xef\\xbf\\xbd'; cat noise; printf '\\xe2\\x82'")
    told = b"".join(event.data for event in ran.events)
    assert told[:13] == "café \ufffd".encode() + told[9:13]
    assert (len(told), told[-2:]) == (9 + 300_000 + 2, b"\xe2\x82")
    digest = (await run(worker, "sha256sum noise")).text.split()[0]
    assert hashlib.sha256(told[9:-2]).hexdigest() == digest
    assert [event.raw for event in (await run(worker, "printf 'ü\\xef\\xbf\\xbd'")).events] == [None]


async def test_programs_find_a_terminal_where_one_is_asked_for(worker: Worker) -> None:
    await run(worker, "cd /usr; export E=e; x=1")
    ran = await run(
        worker, "tty; stty size; pwd; echo $E [$x] $TERM; cd /", terminal=TerminalSize(columns=100, rows=30)
    )
    name, *lines = ran.text.split("\r\n")
    assert name.startswith("/dev/pts/")
    assert lines == ["30 100", "/usr", "e [] xterm-256color", ""]
    assert (await run(worker, "[ -t 0 ] || [ -t 1 ] || [ -t 2 ]; echo $?; pwd")).text == "1\n/usr\n"


async def test_a_terminal_tells_all_of_the_output_and_the_exit_code(worker: Worker) -> None:
    ran = await run(worker, "seq 20000; echo err >&2; exit 5", terminal=TerminalSize())
    assert ran.text.replace("\r\n", " ").split() == [*map(str, range(1, 20_001)), "err"]
    assert (ran.code, ran.exit.session_ended) == (5, False)


async def test_what_is_typed_reaches_the_program_in_the_terminal(worker: Worker) -> None:
    program = "read -p 'name? ' name </dev/tty; echo hello $name; sleep 1000 || echo stopped; stty size"
    seen = ""
    async for event in worker.shell(Shell(id="terminal", command=program, terminal=TerminalSize())):
        if isinstance(event, Output):
            before, seen = seen, seen + event.text
            if "name? " in seen and "name? " not in before:
                await worker.do(SendInput(text="Jö\r"))
            if "hello" in seen and "hello" not in before:
                await worker.do(ResizeTerminal(columns=50, rows=10))
                await worker.do(SendInput(text="\x1a"))
                await worker.do(SendInput(text="\x03"))
        else:
            assert event.code == 130
    assert "hello Jö\r\n" in seen


async def test_a_terminal_over_its_time_is_ended_and_the_session_goes_on(worker: Worker) -> None:
    await run(worker, "x=1")
    ran = await run(worker, "echo pid $$; cat", terminal=TerminalSize(), timeout_ms=SOON)
    assert (ran.exit.timed_out, ran.exit.session_ended) == (True, False)
    assert not alive(int(ran.text.split()[1]))
    assert (await run(worker, "echo $x")).text == "1\n"


async def test_a_job_left_in_a_terminal_does_not_hold_it_up(worker: Worker) -> None:
    ran = await run(worker, "sleep 1000 & echo $!", terminal=TerminalSize())
    assert ran.code == 0


@pytest.mark.parametrize("action", [SendInput(text="x"), ResizeTerminal(columns=1, rows=1)])
async def test_there_is_no_typing_where_no_terminal_is(worker: Worker, action: SendInput | ResizeTerminal) -> None:
    for _ in range(2):
        with pytest.raises(Refused, match="'main'") as refused:
            await worker.do(action)
        assert refused.value.failure.code is ErrorCode.UNKNOWN_REQUEST
        await run(worker, "true")


async def test_the_sessions_that_are_there_are_listed(worker: Worker, home: Path) -> None:
    assert await worker.do(ListSessions()) == SessionList(sessions=())
    await run(worker, r"mkdir $'\xe9'; cd $'\xe9'", session="b")
    running = asyncio.ensure_future(run(worker, "touch ready; sleep 1000", session="a"))
    await run(worker, "until [ -e ~/ready ]; do :; done; exit", session="c")
    listed = await worker.do(ListSessions())
    assert isinstance(listed, SessionList)
    assert [(one.name, one.busy, one.folder) for one in listed.sessions] == [
        ("a", True, str(home)),
        ("b", False, rf"{home}/\xe9"),
    ]
    assert all(alive(one.pid) for one in listed.sessions)
    await run(worker, "", session="a", restart=True)
    await running
    await run(worker, "", session="b", restart=True)
    assert await worker.do(ListSessions()) == SessionList(sessions=())


async def test_long_output_is_cut_in_the_middle(worker: Worker) -> None:
    ran = await run(worker, "seq 1 1000000", max_output=10_000)
    assert ran.text.startswith("1\n2\n3\n")
    assert ran.text.endswith("999999\n1000000\n")
    assert f"[... {ran.exit.omitted} bytes of output left out ...]" in ran.text
    assert ran.exit.omitted == 6_888_896 - 10_000


async def test_output_up_to_the_limit_is_whole(worker: Worker) -> None:
    ran = await run(worker, "head -c 500000 /dev/zero | tr '\\0' x", max_output=500_000)
    assert (ran.text, ran.exit.omitted) == ("x" * 500_000, 0)


async def test_output_without_end_is_stopped_by_the_time_limit_in_bounded_memory(worker: Worker) -> None:
    ran = await run(worker, "yes", timeout_ms=SOON, max_output=100_000)
    assert ran.exit.timed_out
    assert len(ran.text) < 101_000
    used = (await run(worker, "grep VmHWM /proc/$PPID/status")).text.split()[1]
    assert int(used) < 100_000  # kB


async def test_output_streams_while_the_command_runs(worker: Worker) -> None:
    request = Shell(id="streaming", command="echo first; until [ -e go ]; do sleep 0.01; done; echo second")
    texts = []
    async for event in worker.shell(request):
        if isinstance(event, Output):
            texts.append(event.text)
            if len(texts) == 1:
                await run(worker, "touch go", session="other")
    assert "".join(texts) == "first\nsecond\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("exit 3", 3),
        ("exec true", 0),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
        ("set -e; false; echo not reached", 1),
        ("set -u; echo $unset; echo not reached", 1),
    ],
)
async def test_a_command_that_ends_the_shell_says_so_and_the_next_one_gets_a_new_session(
    worker: Worker, command: str, code: int
) -> None:
    ran = await run(worker, f"x=1; {command}")
    assert (ran.code, ran.exit.session_ended) == (code, True)
    assert "not reached" not in ran.text
    again = await run(worker, "echo [$x]")
    assert (again.text, again.exit.session_ended) == ("[]\n", False)


@pytest.mark.parametrize(("command", "code"), [("sh -c 'kill -9 $$'", 137), ("nosuchprogram", 127), ("/etc", 126)])
async def test_exit_codes_are_those_of_bash(worker: Worker, command: str, code: int) -> None:
    ran = await run(worker, command)
    assert (ran.code, ran.exit.session_ended) == (code, False)


@pytest.mark.parametrize(
    "command",
    [
        "sleep 1000",
        "while :; do :; done",
        "while true; do sleep 1000; echo leaked >> leak; done",
        "for ((;;)); do ((1)); done",
        "f() { g; echo leaked >> leak; }; g() { until false; do let a++; done; }; f",
        "sleep 1000 | cat | cat",
        "(sleep 1000; echo leaked >> leak)",
        "y=$(sleep 1000)",
        "sleep 1000 || echo leaked >> leak",
        "trap '' INT TERM; sleep 1000",
        "setsid sleep 1000",
        "bash -c 'trap \"\" TERM INT; while :; do sleep 1; done'",
        "kill -STOP $$",
        "sh -c 'kill -STOP $$'",
        "sleep 1000 & wait",
    ],
)
async def test_a_command_over_its_time_is_stopped_and_the_session_keeps_its_state(worker: Worker, command: str) -> None:
    await run(worker, "x=kept; cd /tmp")
    over = await run(worker, f"echo before; {command}\necho leaked >> ~/leak; echo leaked", timeout_ms=SOON)
    assert (over.exit.code, over.exit.timed_out, over.exit.session_ended) == (None, True, False)
    assert over.text == "before\n"
    assert (await run(worker, "echo $x $PWD; ls ~")).text == "kept /tmp\n"


async def test_a_command_over_its_time_is_dead_with_all_it_started(worker: Worker, home: Path) -> None:
    started = "sleep 1000 & echo $! >> pids; (setsid -f sh -c 'echo $$ >> pids; exec sleep 1000'); sleep 1000"
    over = await run(worker, started, timeout_ms=SOON)
    assert over.exit.timed_out
    pids = [int(line) for line in (home / "pids").read_text().split()]
    assert len(pids) == 2
    assert not any(map(alive, pids))


async def test_a_job_of_an_earlier_command_survives_the_time_limit_of_a_later_one(worker: Worker) -> None:
    pid = int((await run(worker, "(while :; do sleep 0.01; done) & echo $!")).text)
    assert (await run(worker, "sleep 1000", timeout_ms=SOON)).exit.timed_out
    assert alive(pid)


@pytest.mark.parametrize("command", ["mkfifo pipe; read x < pipe", "set -n\nsleep 1000", "set -e; sleep 1000"])
async def test_a_shell_that_cannot_be_brought_back_is_replaced(worker: Worker, command: str) -> None:
    over = await run(worker, command, timeout_ms=SOON)
    assert (over.exit.timed_out, over.exit.session_ended) == (True, True)
    assert (await run(worker, "echo on")).text == "on\n"


async def test_a_restart_kills_everything_the_session_started(worker: Worker, home: Path) -> None:
    await run(worker, "x=1; sleep 1000 & echo $! >> pids; setsid -f sh -c 'echo $$ >> pids; exec sleep 1000'")
    await run(worker, "env -i setsid sleep 1000 & echo $! >> pids; until [ $(wc -l < pids) = 3 ]; do :; done")
    fresh = await run(worker, "echo [$x]", restart=True)
    assert (fresh.text, fresh.code) == ("[]\n", 0)
    assert not any(alive(int(line)) for line in (home / "pids").read_text().split())


async def test_a_restart_reaches_what_an_ended_session_left_behind(worker: Worker) -> None:
    ended = await run(worker, "sleep 1000 & echo $!; exit")
    assert ended.exit.session_ended
    await run(worker, "", restart=True)
    assert not alive(int(ended.text))


async def test_a_restart_ends_a_command_that_runs_and_spares_other_sessions(worker: Worker) -> None:
    other = int((await run(worker, "sleep 1000 & echo $!", session="other")).text)
    hanging = asyncio.create_task(run(worker, "touch started; sleep 1000"))
    await run(worker, "until [ -e started ]; do sleep 0.01; done", session="other")
    assert (await run(worker, "", restart=True)).code == 0
    assert ((await hanging).exit.session_ended, (await hanging).code) == (True, 137)
    assert alive(other)


async def test_sessions_are_apart_and_run_at_the_same_time(worker: Worker) -> None:
    await run(worker, "x=1")
    waiting = asyncio.create_task(run(worker, "until [ -e go ]; do sleep 0.01; done; echo [$x]"))
    assert (await run(worker, "echo [$x]; touch go", session="other")).text == "[]\n"
    assert (await waiting).text == "[1]\n"


async def test_commands_of_one_session_run_one_after_the_other(worker: Worker) -> None:
    command = "echo begin >> log; sleep 0.05; echo end >> log"
    await asyncio.gather(*(run(worker, command) for _ in range(3)))
    assert (await run(worker, "cat log")).text.split() == ["begin", "end"] * 3


async def test_a_command_whose_turn_does_not_come_in_time_is_not_run(worker: Worker) -> None:
    busy = asyncio.create_task(run(worker, "touch started; until [ -e go ]; do sleep 0.01; done"))
    await run(worker, "until [ -e started ]; do sleep 0.01; done", session="other")
    with pytest.raises(Refused, match="was busy with another command") as refused:
        await run(worker, "touch leaked", timeout_ms=SOON)
    assert refused.value.failure.code is ErrorCode.DEADLINE
    await run(worker, "touch go", session="other")
    assert (await busy).code == 0
    assert "leaked" not in (await run(worker, "ls")).text


async def test_a_command_that_is_cancelled_is_dead_when_the_cancelling_returns(worker: Worker) -> None:
    await run(worker, "x=kept")
    hanging = asyncio.create_task(run(worker, "echo $BASHPID $$ > pids; sleep 1000 & echo $! > pid; wait"))
    await run(worker, "until [ -s pid ]; do sleep 0.01; done", session="other")
    pid = int((await run(worker, "cat pid", session="other")).text)
    assert alive(pid)
    hanging.cancel()
    await asyncio.wait({hanging})
    assert not alive(pid)
    assert (await run(worker, "echo $x")).text == "kept\n"


async def test_a_cancelled_command_in_the_queue_never_runs(worker: Worker) -> None:
    busy = asyncio.create_task(run(worker, "touch started; until [ -e go ]; do sleep 0.01; done"))
    await run(worker, "until [ -e started ]; do sleep 0.01; done", session="other")
    queued = asyncio.create_task(run(worker, "touch leaked"))
    await run(worker, "echo", session="other")
    queued.cancel()
    await asyncio.wait({queued})
    await run(worker, "touch go", session="other")
    await busy
    assert "leaked" not in (await run(worker, "ls")).text


async def test_a_long_command_arrives_whole(worker: Worker) -> None:
    assert (await run(worker, f"printf %s '{'x' * 300_000}' | wc -c")).text.strip() == "300000"


async def test_a_command_with_a_nul_is_refused(worker: Worker) -> None:
    with pytest.raises(Refused, match="NUL") as refused:
        await run(worker, "echo a\0b")
    assert refused.value.failure.code is ErrorCode.MALFORMED


async def test_the_shell_cannot_look_into_the_worker(worker: Worker) -> None:
    ran = await run(worker, "cat /proc/$PPID/environ; ls /proc/$PPID/fd; cat /proc/$PPID/mem")
    assert ran.text.count("Permission denied") == 3


async def test_the_program_that_replaced_the_shell_is_ended_by_the_time_limit(worker: Worker) -> None:
    over = await run(worker, "exec sleep 1000", timeout_ms=SOON)
    assert (over.exit.timed_out, over.exit.session_ended) == (True, True)
