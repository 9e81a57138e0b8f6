"""One bash process that runs commands one after the other and tells the exact end of each.

Bash reads short lines of ours from a pipe and runs each command by `eval`, at its own top level, so that `cd`,
variables, functions and `set` last as they do at a terminal. The exit status comes over a pipe of its own, which no
program started by a command inherits: neither background jobs that hold the output open nor anything a command
prints is mistaken for its end. Every command gets fresh standard streams: an `exec >file` ends with the command.

A command is stopped in its tracks without losing the session: bash is halted, the command's processes are killed,
and on waking bash finds a signal whose trap makes it skip, by a DEBUG trap, whatever is left of the command. One
thing of the rest may still happen: the redirection of a `{ group; } >file` opens its file.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from sandbox_image import procfs
from sandbox_image.files import home
from sandbox_image.outlet import READ, Outlet, pipe_above

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Sink = Callable[[bytes], None]

_STOP = signal.SIGRTMAX
_SKIP = (
    "if [[ $BASH_COMMAND == *{mark}:* ]]; then trap - DEBUG; shopt -u extdebug; else ! break 999 2>/dev/null; fi"
    # false where it skips, also when `break` has just made the shell leave its loops
)


class Command(NamedTuple):
    """What bash is to run; `env` and `cwd` hold for this command alone, `cwd` is absolute."""

    text: str
    env: Mapping[str, str] = {}
    cwd: str | None = None
    separate: bool = False  # standard error goes a way of its own


class Bash:
    """A running bash. Its futures and readers belong to the event loop it was made in."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._number = 0
        self._silence = ""
        self._last = 0  # exit status of the last command, for `$?` in the next
        self._script = bytearray()
        self._loop = asyncio.get_running_loop()
        self._status: asyncio.Future[int] = self._loop.create_future()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._start()

    def _start(self) -> None:
        script, self._script_in = os.pipe2(os.O_CLOEXEC)
        self._out, self._errors = Outlet(), Outlet()
        self._told, self._told_in = pipe_above()
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-s"],
            cwd=home(),
            env={"TERM": "dumb", **os.environ, procfs.MARK: f"{self._mark}:"},
            stdin=script,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._out.inner, self._errors.inner, self._told_in),
            start_new_session=True,
        )
        for done_with in (script, self._out.inner, self._errors.inner, self._told_in):
            os.close(done_with)
        self._death = os.pidfd_open(self._process.pid)
        self._family = procfs.Family(self._mark, self._process.pid, command=0, began=0)
        for descriptor in (self._told, self._script_in):
            os.set_blocking(descriptor, False)
        self._loop.add_reader(self._told, self._on_status)
        self._loop.add_reader(self._death, self._on_death)
        skip = shlex.quote(_SKIP.format(mark=self._mark))
        self._feed(f"trap {shlex.quote(f'shopt -s extdebug; trap {skip} DEBUG')} {_STOP:d}\n")

    @property
    def family(self) -> procfs.Family:
        """Whom to look for in the process table."""
        return self._family

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def run(self, command: Command, output: Sink, errors: Sink, late: Sink) -> asyncio.Future[int]:
        """Start a command; the future is its exit status.

        Until `mute`, `output` gets what is printed, and `errors` the standard error of a command that has it apart;
        `late` gets what was printed since the last command.
        """
        self._number += 1
        pid = self._process.pid
        self._family = procfs.Family(self._mark, pid, self._number, procfs.ticks(), procfs.children(pid))
        self._status = self._loop.create_future()
        if waited := self._out.listen(output) + self._errors.listen(errors):
            late(waited)
        self._feed(self._lines(command))
        return self._status

    def mute(self) -> None:
        """Take what was printed so far; what comes from now on waits for the next command, bounded."""
        if not self.ended.done():
            self._out.mute()
            self._errors.mute()

    def forget(self) -> None:
        """Drop what was printed since `mute`, and what bash has to say of the jobs that were killed."""
        if not self.ended.done():
            self.mute()
        self._out.forget()
        self._errors.forget()
        self._silence = "(:); builtin jobs\n"  # reap them, report them: these lines print into the void

    def halt(self) -> None:
        """Stop bash where it is, so that it starts nothing new."""
        self._signal(signal.SIGSTOP)

    def skip(self) -> None:
        """Wake it and make it leave out the rest of its command."""
        self._signal(_STOP)
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """Kill bash and let go of everything."""
        self._signal(signal.SIGKILL)
        self._on_death()

    def _lines(self, command: Command) -> str:
        """What bash reads to run a command. The first and the last line carry the mark, so `_SKIP` lets them pass.

        Variables hold for `eval` alone where they stand before it, and before nothing else.
        """
        mark, out, told = f"{self._mark}:{self._number}", self._out.inner, self._told_in
        errors, own = self._errors.inner, [f"{name}={shlex.quote(value)} " for name, value in command.env.items()]
        silence, self._silence = self._silence, ""
        return (
            f"builtin export {procfs.MARK}={mark}\n{silence}"
            f"{f'builtin pushd {shlex.quote(command.cwd)}' if command.cwd else ''}\n"
            f"{f'(exit {self._last})' if self._last else ''}\n"
            f"{''.join(own) or 'builtin '}eval {shlex.quote(command.text)} </dev/null >&{out} "
            f"2>&{errors if command.separate else 1} {out}>&- {errors}>&- {told}>&-\n"
            f"builtin printf '%s %d\\n' {mark} \"$?\" >&{told}\n"
            f"{'builtin popd; builtin :' if command.cwd else ''}\n"
        )

    def _signal(self, number: int) -> None:
        if not self.ended.done():
            signal.pidfd_send_signal(self._death, number)

    def _feed(self, lines: str = "") -> None:
        """Write to bash what fits now and the rest when there is room."""
        self._script += lines.encode("utf-8", "surrogateescape")
        try:
            while self._script:
                del self._script[: os.write(self._script_in, self._script)]
        except BlockingIOError:
            self._loop.add_writer(self._script_in, self._feed)
            return
        except BrokenPipeError:  # its death is told by other means
            self._script.clear()
        self._loop.remove_writer(self._script_in)

    def _on_status(self) -> None:
        told = os.read(self._told, READ)
        if not told:
            self._loop.remove_reader(self._told)
        for line in told.decode("ascii", "replace").splitlines():
            number, _, status = line.partition(" ")
            if number == f"{self._mark}:{self._number}" and status.isdigit() and not self._status.done():
                self._last = int(status)
                self._out.drain()
                self._errors.drain()
                self._status.set_result(self._last)

    def _on_death(self) -> None:
        if self.ended.done():
            return
        code = self._process.wait()
        self._out.close()
        self._errors.close()
        for descriptor in (self._told, self._death):
            self._loop.remove_reader(descriptor)
        self._loop.remove_writer(self._script_in)
        for descriptor in (self._told, self._death, self._script_in):
            os.close(descriptor)
        self.ended.set_result(code if code >= 0 else 128 - code)
