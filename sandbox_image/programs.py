"""The programs that this worker started: their output, their ends, ending them.

Standard library only, as all of the worker. What it answers are the fields of the wire's results.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox_image import procfs
from sandbox_image.channel import Fault
from sandbox_image.files import absolute, home
from sandbox_image.launch import start
from sandbox_image.program_log import Log, Pipe, adopt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Told = dict[str, Any]
LOGS = ".cache/harness/logs"
REMEMBERED = 100
"""Programs that have ended and are remembered, with their logs; those before them are forgotten."""
MAX_COMMAND = 1000
"""Characters of a command line that are told, so that the list of all fits into one answer."""
RESOLVE_S = 20.0
RESOLVER = Path(__file__).with_name("opening.py")
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class Program:
    """One that was started; `at_end` is called when it has ended."""

    def __init__(
        self,
        argv: Sequence[str],
        process: subprocess.Popen[bytes],
        log: Log,
        pipe: Pipe,
        at_end: Callable[[], None],
    ) -> None:
        self.argv = _short(argv)
        self.process = process
        self.log = log
        self.ended = asyncio.Event()
        self._pipe = pipe
        self._at_end = at_end
        self._end = os.pidfd_open(process.pid)
        asyncio.get_running_loop().add_reader(self._end, self._reap)

    def _reap(self) -> None:
        """It ended: take in what it said last, and leave no zombie."""
        asyncio.get_running_loop().remove_reader(self._end)
        os.close(self._end)
        self._pipe.drain()
        self.process.wait()
        self.ended.set()
        self._at_end()

    @property
    def silent(self) -> bool:
        """Whether it has ended, and with it all that wrote into its log."""
        return self.ended.is_set() and not self._pipe.open

    def told(self) -> Told:
        """As the wire tells it."""
        code = self.process.returncode if self.ended.is_set() else None
        log, running = str(self.log.path), not self.ended.is_set()
        return {
            "kind": "program",
            "pid": self.process.pid,
            "argv": self.argv,
            "log": log,
            "running": running,
            "code": code,
        }

    def members(self) -> set[int]:
        """The living processes of its session: it and what it started, unless that went into one of its own."""
        return {process.pid for process in procfs.table().values() if process.session == self.process.pid}

    def forget(self) -> None:
        """Give its output up."""
        self.log.close()
        self.log.path.unlink(missing_ok=True)


class Programs:
    """All that were started and are remembered, by pid."""

    def __init__(self) -> None:
        self._known: dict[int, Program] = {}
        self._numbers = itertools.count(1)
        self._news = asyncio.Event()
        adopt(home() / LOGS)

    async def do(self, request: Told) -> Told:
        """One of the wire's actions. Raises Fault."""
        match request["kind"]:
            case "launch":
                return self._launch(request["argv"], request["cwd"], request["env"])
            case "open":
                return self._launch(await _opening(request["target"]), None, {})
            case "list_programs" | "wait_programs":
                return await self._list(request.get("before"))
            case "read_output":
                output = self._find(request["pid"]).log.read(request["max_output"])
                return {"kind": "program_output", "text": output.decode(errors="replace")}
            case "wait_exit":
                return await self._wait(self._find(request["pid"]), request["timeout_ms"])
            case "stop_program":
                return await self._stop(self._find(request["pid"]), request["grace_ms"])
            case other:
                raise Fault("malformed", f"the worker does no {other!r}")

    def _launch(self, argv: Sequence[str], cwd: str | None, env: dict[str, str]) -> Told:
        self._forget()
        try:
            log = _new_log(argv[0], self._numbers)
            pipe = Pipe.new(log)
            output = pipe.writer()
        except OSError as error:
            raise Fault("launch_failed", f"no log file for {argv[0]!r}: {error}") from None
        try:
            process = start(argv, absolute(cwd) if cwd else str(home()), env, output)
        except Fault:
            pipe.close()
            log.close()
            log.path.unlink()
            raise
        finally:
            os.close(output)
        self._known.pop(process.pid, None)
        self._known[process.pid] = Program(argv, process, log, pipe, self._tell)
        self._tell()
        return {"kind": "launched", "pid": process.pid, "log": str(log.path)}

    async def _list(self, before: dict[str, bool] | None) -> Told:
        """All that are known, once they are others than before, or another one has ended."""
        while {str(known.log.path): not known.ended.is_set() for known in self._known.values()} == before:
            await self._news.wait()
        return {"kind": "program_list", "programs": [program.told() for program in self._known.values()]}

    def _tell(self) -> None:
        """Wake whoever waits for news, which may be none."""
        self._news.set()
        self._news = asyncio.Event()

    def _find(self, pid: int) -> Program:
        if pid in self._known:
            return self._known[pid]
        raise Fault(
            "no_such_program",
            f"no program {pid} is known: those are remembered that were launched since the worker started, the last"
            f" {REMEMBERED} of the ended ones among them; how one ended that an earlier worker launched nobody knows",
        )

    async def _wait(self, program: Program, timeout_ms: int) -> Told:
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                await program.ended.wait()
        except TimeoutError:
            message = (
                f"{program.argv[0]!r} ({program.process.pid}) still runs after {timeout_ms} ms: wait longer, or stop it"
            )
            raise Fault("deadline", message) from None
        return program.told()

    async def _stop(self, program: Program, grace_ms: int) -> Told:
        for pid in program.members():
            for number in (signal.SIGTERM, signal.SIGCONT):  # a stopped process takes no SIGTERM
                _signal(pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_ms / 1000):
                await program.ended.wait()
        await procfs.kill(program.members)
        await program.ended.wait()
        return program.told()

    def _forget(self) -> None:
        ended = [pid for pid, program in self._known.items() if program.silent]
        for pid in ended[: max(0, len(ended) - REMEMBERED + 1)]:
            self._known.pop(pid).forget()


def _short(argv: Sequence[str]) -> list[str]:
    """A command line up to its limit; one that is cut ends in `…`."""
    told: list[str] = []
    room = MAX_COMMAND
    for word in argv:
        if len(word) > room:
            return [*told, f"{word[:room]}…"]
        told.append(word)
        room -= len(word)
    return told


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _new_log(program: str, numbers: Iterator[int]) -> Log:
    """A new file named after the program, with a number that none had before."""
    folder = home() / LOGS
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9_.+-]", "_", Path(program).name)[:60] or "program"
    paths = (folder / f"{name}-{number}.log" for number in numbers)
    return Log(next(path for path in paths if not path.exists()))


def _named(target: str) -> str:
    """An address as it is; a path from the root, also one that looks like an address but is there."""
    path = absolute(target)
    return target if ADDRESS.match(target) and not os.path.lexists(path) else path


async def _opening(target: str) -> list[str]:
    """The command line that opens it. Raises Fault(launch_failed) where no program does, or nothing is there."""
    resolving = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(RESOLVER),
        _named(target),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(RESOLVE_S):
            told, trouble = await resolving.communicate()
    except TimeoutError:
        raise Fault("launch_failed", f"what opens {target!r} was not found within {RESOLVE_S:g} s") from None
    finally:
        if resolving.returncode is None:
            resolving.kill()
    if resolving.returncode:
        raise Fault("launch_failed", trouble.decode(errors="replace").strip().rpartition("\n")[2])
    argv: list[str] = json.loads(told)
    return argv
