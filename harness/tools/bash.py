"""The shell that a model works in: `bash_20250124`, one session that lasts."""

from __future__ import annotations

from harness.errors import ActionFailed, UsageError
from harness.sandbox.desktop import Desktop, ShellResult
from harness.tools.call import Call, Result

TIMEOUT = 120.0
"""Seconds a command may take."""
SHOWN = 30_000
"""Characters of output that a model is given; more loses its middle."""
NAME = "bash"


class Bash:
    """Runs what a model writes, as the desktop's user."""

    def __init__(self, desktop: Desktop, *, timeout: float = TIMEOUT, session: str = "model") -> None:
        self._desktop = desktop
        self._timeout = timeout
        self._session = session

    async def do(self, call: Call) -> Result:
        """One call; what goes wrong is in the result."""
        command, restart = call.input.get("command"), call.input.get("restart")
        if not isinstance(command, str):
            if restart is not True:
                return Result('a call of bash has {"command": TEXT} or {"restart": true}', failed=True)
            command = ""
        try:
            done = await self._desktop.bash(
                command, timeout=self._timeout, session=self._session, restart=restart is True, limit=SHOWN
            )
        except (UsageError, ActionFailed) as error:
            return Result(str(error), failed=True)
        return Result(said(done, self._timeout) or ("the shell was started anew" if not command else ""))


def said(done: ShellResult, timeout: float) -> str:
    """What became of a command, for a model to read: its output, and what is not as usual."""
    notes = []
    if done.background:
        notes.append(f"[jobs of earlier commands printed:\n{done.background.rstrip()}]")
    if done.omitted:
        notes.append(f"[{done.omitted} bytes left out of the middle; send the output to a file to have all]")
    if done.timed_out:
        notes.append(f"[killed after {timeout:g} s; what takes longer belongs in the background, its output in a file]")
    elif done.session_ended:
        notes.append("[that ended the shell; the next command gets a new one]")
    elif done.exit_code:
        notes.append(f"[exit status {done.exit_code}]")
    return "\n".join(part for part in (done.output.rstrip("\n"), *notes) if part)
