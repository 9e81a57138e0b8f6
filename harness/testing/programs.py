"""Programs of the fake desktop. One runs for as long as its window is open; without a window it ends at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from harness.testing.files import FakeFiles, absolute
from harness.testing.held import Held
from harness.testing.manager import FakeManager
from harness.testing.windows import FakeWindow
from sandbox_image.wire import (
    ErrorCode,
    Launch,
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

Factory: TypeAlias = Callable[[tuple[str, ...]], FakeWindow | None]
"""From an argv to the window the program opens, if any."""
TERMINATED = -15


@dataclass(eq=False)
class FakeProgram:
    """A program that was started; `output` is what it has written, `code` how it ends."""

    pid: int
    argv: tuple[str, ...]
    window: FakeWindow | None
    output: str = ""
    code: int = 0

    @property
    def running(self) -> bool:
        """Whether its window is open."""
        return self.window is not None and not self.window.closed

    def told(self) -> Program:
        """As the wire tells it."""
        log, code = f"/tmp/launch-{self.pid}.log", None if self.running else self.code  # noqa: S108 - as in the sandbox
        return Program(pid=self.pid, argv=self.argv, log=log, running=self.running, code=code)


class FakePrograms:
    """Programs by the first word of their command lines; `openers` names one for a suffix or the scheme of a URL."""

    def __init__(
        self,
        manager: FakeManager,
        held: Held,
        files: FakeFiles,
        *,
        apps: Mapping[str, Factory],
        openers: Mapping[str, str],
    ) -> None:
        self._manager = manager
        self._held = held
        self._files = files
        self._apps = apps
        self._openers = openers
        self.started: dict[int, FakeProgram] = {}

    async def do(self, action: ProgramAction) -> Launched | Program | ProgramList | ProgramOutput:
        """One action of this room."""
        async with self._held.during(action):
            match action:
                case Launch():
                    return self._launch(action.argv)
                case Open():
                    return self._launch((self._opener(action.target), action.target))
                case ListPrograms():
                    return self.listed()
                case ReadOutput():
                    return ProgramOutput(text=_cut(self._find(action.pid).output, action.max_output))
                case WaitExit():
                    return await self._wait(self._find(action.pid), action.timeout_ms)
                case StopProgram():
                    return self._stop(self._find(action.pid))
                case _:
                    assert_never(action)

    def listed(self) -> ProgramList:
        """All that were started, the oldest first."""
        return ProgramList(programs=tuple(program.told() for program in self.started.values()))

    def _launch(self, argv: tuple[str, ...]) -> Launched:
        factory = self._apps.get(argv[0])
        if factory is None:
            known = ", ".join(sorted(self._apps)) or "none"
            raise Refused(ErrorCode.LAUNCH_FAILED, f"no program named {argv[0]!r}; this fake has: {known}")
        program = FakeProgram(1000 + len(self.started), argv, factory(argv))
        self.started[program.pid] = program
        if program.window:
            self._manager.show(program.window, program.pid)
        return Launched(pid=program.pid, log=program.told().log)

    def _opener(self, target: str) -> str:
        scheme, is_address, _ = target.partition("://")
        name = absolute(target)
        if not is_address and not self._files.exists(name):
            raise Refused(ErrorCode.LAUNCH_FAILED, f"there is no {name}: name a file, a folder or an address")
        kind = scheme if is_address else "." + name.rpartition(".")[2]
        if kind not in self._openers:
            raise Refused(ErrorCode.LAUNCH_FAILED, f"no program is set to open {kind} ({target})")
        return self._openers[kind]

    def _find(self, pid: int) -> FakeProgram:
        if pid not in self.started:
            raise Refused(ErrorCode.NO_SUCH_PROGRAM, f"no program {pid} is known: it was not launched here")
        return self.started[pid]

    async def _wait(self, program: FakeProgram, timeout_ms: int) -> Program:
        if await self._manager.until(lambda: None if program.running else True, timeout_ms):
            return program.told()
        message = f"{program.argv[0]!r} ({program.pid}) still runs after {timeout_ms} ms"
        raise Refused(ErrorCode.DEADLINE, message)

    def _stop(self, program: FakeProgram) -> Program:
        if program.running and program.window:
            program.window.closed, program.code = True, TERMINATED
        return program.told()


def _cut(text: str, limit: int) -> str:
    gone = len(text) - limit
    notice = f"\n[... {gone} bytes of output left out ...]\n"
    return f"{text[: limit // 2]}{notice}{text[gone + limit // 2 :]}" if gone > 0 else text
