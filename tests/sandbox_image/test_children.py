from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

import pytest

from sandbox_image.children import (
    KEPT_LINES,
    LONGEST_LINE,
    Account,
    Budget,
    Child,
    Lines,
    Output,
    Program,
    Restarts,
    end_all,
    exit_text,
    start,
)

ME = Account(os.getuid(), os.getgid(), "/", umask=0o027)


def python(source: str, *, account: Account = ME, environment: dict[str, str] | None = None) -> Program:
    return Program("test", (sys.executable, "-I", "-c", source), account, environment or {})


def printed(child: Child) -> list[str]:
    """All it prints until the end of its output; it is reaped as well."""
    lines: list[str] = []
    while True:
        select.select([child.output.descriptor], [], [])
        records = child.output.read(0.0)
        if records is None:
            break
        lines += [str(record["line"]) for record in records]
    child.output.close()
    os.waitpid(child.pid, 0)
    return lines


def test_a_program_gets_its_environment_directory_and_umask_and_leads_its_own_session() -> None:
    source = "import os; print(os.getcwd(), oct(os.umask(0)), dict(os.environ), os.getsid(0) == os.getpid())"
    (line,) = printed(start(python(source, environment={"NAME": "value"})))
    assert line.startswith("/ 0o27 {'NAME': 'value'")
    assert line.endswith("True")


def test_a_program_starts_with_signals_as_the_kernel_has_them() -> None:
    source = "print(*[line for line in open('/proc/self/status') if line.startswith(('SigBlk', 'SigIgn'))])"
    blocked, ignored = (int(line.split()[1], 16) for line in printed(start(python(source))))
    assert blocked == 0
    assert not ignored & 1 << signal.SIGTERM - 1


def test_a_program_inherits_what_it_is_passed_and_nothing_else() -> None:
    passed, kept = os.pipe()
    for descriptor in (passed, kept):
        assert not os.get_inheritable(descriptor)
    source = f"import os; os.fstat({passed}); print('passed')\ntry: os.fstat({kept})\nexcept OSError: print('not kept')"
    assert printed(start(python(source), [passed])) == ["passed", "not kept"]
    os.close(passed)
    os.close(kept)


def test_a_program_that_does_not_exist_says_so_in_its_output() -> None:
    child = start(Program("ghost", ("/no/such/program",), ME, {}))
    assert printed(child) == ["cannot start /no/such/program: [Errno 2] No such file or directory: '/no/such/program'"]


def test_the_score_that_says_whom_to_kill_when_memory_is_short_is_set_before_the_program_runs() -> None:
    account = ME._replace(oom_score=900)
    assert printed(start(python("print(open('/proc/self/oom_score_adj').read())", account=account))) == ["900"]


def test_ending_takes_programs_that_ignore_it_and_programs_that_are_stopped(tmp_path: Path) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('set', flush=True); signal.pause()"
    children = [start(python(stubborn)), start(python("import signal; print('set', flush=True); signal.pause()"))]
    for child in children:
        select.select([child.output.descriptor], [], [])
    children[1].signal(signal.SIGSTOP)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    end_all(children, patience=0.2)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    for child in children:
        child.output.close()
        assert not Path(f"/proc/{child.pid}").exists()
    assert tmp_path.exists()


def test_a_signal_to_a_program_that_is_gone_is_no_error() -> None:
    child = start(python("pass"))
    printed(child)
    child.signal(signal.SIGTERM)


def test_lines_are_cut_where_they_end_and_where_they_grow_too_long() -> None:
    lines = Lines()
    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.feed(b"o\n\n") == ["two"]
    assert lines.feed(b"x" * (LONGEST_LINE + 1)) == ["x" * LONGEST_LINE]
    assert lines.feed(b"\xff\n") == ["\ufffd"]


def test_a_budget_counts_what_it_drops_and_says_so_with_the_next_line() -> None:
    budget = Budget(limit=2, window=10.0)
    assert [budget.take(0.0), budget.take(1.0), budget.take(2.0), budget.take(9.9)] == [0, 0, None, None]
    assert budget.take(10.0) == 2
    assert budget.take(10.0) == 0


def test_a_chatty_program_is_read_to_the_end_but_not_reported_line_by_line() -> None:
    reading, writing = os.pipe()
    output = Output("chatty", reading)
    reported = 0
    for number in range(1000):
        os.write(writing, b"line %d\n" % number)
        reported += len(output.read(0.0) or ())
    os.write(writing, b"unfinished")
    os.close(writing)
    assert output.read(20.0) == []
    assert output.read(20.0) == [{"log": "chatty", "dropped": 1000 - reported}, {"log": "chatty", "line": "unfinished"}]
    assert output.read(20.0) is None
    assert reported == 200
    assert list(output.last)[-2:] == ["line 999", "unfinished"]
    assert len(output.last) == KEPT_LINES
    output.close()


def test_exits_are_forgiven_one_by_one_but_not_in_a_row() -> None:
    restarts = Restarts(limit=3, window=10.0)
    assert [restarts.allowed(now) for now in (0.0, 6.0, 12.0, 18.0)] == [True, True, True, True]
    assert restarts.allowed(19.0) is False


@pytest.mark.parametrize(
    ("status", "text"),
    [(0, "exited with code 0"), (1 << 8, "exited with code 1"), (9, "was ended by SIGKILL"), (40, "signal 40")],
)
def test_how_a_program_ended_is_said_in_words(status: int, text: str) -> None:
    assert text in exit_text(status)
