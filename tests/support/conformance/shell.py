"""Commands."""

from __future__ import annotations

from harness.sandbox.desktop import Desktop
from tests.support.conformance.checks import check


@check
async def commands_give_output_and_exit_code_and_are_stopped_in_time(desktop: Desktop) -> None:
    result = await desktop.bash("echo hello  world")
    assert (result.output, result.exit_code, result.timed_out, result.omitted) == ("hello world\n", 0, False, 0)
    assert (await desktop.bash("false")).exit_code == 1
    late = await desktop.bash("sleep 1000", timeout=0.2)
    assert (late.timed_out, late.exit_code) == (True, None)
    assert (await desktop.bash("echo on", restart=True)).output == "on\n"
