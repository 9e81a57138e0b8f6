"""Starting programs through a real worker process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox_image.wire import ErrorCode, Refused
from tests.support.guest_worker import launch, run

if TYPE_CHECKING:
    from sandbox_image.worker_link import Worker


async def log_of(worker: Worker, path: str, lines: int) -> list[str]:
    """The log, once it has so many lines."""
    ran = await run(worker, f"until [ $(wc -l < {path}) -ge {lines} ]; do sleep 0.01; done; cat {path}")
    return ran.text.splitlines()


async def test_a_program_runs_detached_with_its_output_in_a_log(worker: Worker, home: Path) -> None:
    script = "ps -o sid= -p $$; pwd; cat; echo error >&2; echo $HARNESS_SHELL; echo done"
    started = await launch(worker, "sh", "-c", script)
    lines = await log_of(worker, started.log, 5)
    assert [line.strip() for line in lines] == [str(started.pid), str(home), "error", "", "done"]


async def test_arguments_arrive_unchanged_and_the_folder_counts_from_home(worker: Worker, home: Path) -> None:
    await run(worker, "mkdir sub")
    argv = ("sh", "-c", 'pwd; printf "%s\n" "$@"', "sh", "a b", "", "*", "ü")
    started = await launch(worker, *argv, cwd="sub")
    assert await log_of(worker, started.log, 5) == [f"{home}/sub", "a b", "", "*", "ü"]


@pytest.mark.parametrize(
    ("argv", "cwd", "says"),
    [
        (("slep",), None, "no program 'slep' on PATH .* did you mean .*'sleep'"),
        (("./nothere",), None, "there is no such file"),
        (("./data",), None, "not executable"),
        (("true",), "nowhere", "/nowhere: there is no such folder"),
        (("./plain",), None, "is no program"),
        (("./script",), None, "the interpreter that its first line names is not"),
        (("true", "a\0b"), None, "null"),
        (("",), None, "no program '' on PATH"),
    ],
)
async def test_what_cannot_be_started_is_told_with_the_reason(
    worker: Worker, argv: tuple[str, ...], cwd: str | None, says: str
) -> None:
    await run(worker, "echo plain | tee data > plain; echo '#!/no/interpreter' > script; chmod +x plain script")
    with pytest.raises(Refused, match=says) as refused:
        await launch(worker, *argv, cwd=cwd)
    assert refused.value.failure.code is ErrorCode.LAUNCH_FAILED
    assert (await run(worker, "ls ~/.cache/harness/logs")).text == ""
