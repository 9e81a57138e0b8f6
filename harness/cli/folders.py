"""Folders of runs, as the commands make and finish them."""

from __future__ import annotations

from pathlib import Path

from harness.cli.show import Show
from harness.errors import UsageError
from harness.events import RunStarted, TaskStarted
from harness.record.folder import RunFolder, read_events
from harness.record.report import write_report
from harness.record.summary import summary


def made(runs: Path, name: str) -> RunFolder:
    """A new folder below `runs`. Raises UsageError where there can be none."""
    try:
        return RunFolder.new(runs, name)
    except OSError as error:
        told = f"--runs {runs}: no folder can be made there ({error.strerror}); name one that you may write to"
        raise UsageError(told) from None


def finished(folder: RunFolder, show: Show) -> dict[str, object]:
    """Write the report, say where it is, and sum up the run: also after an interruption, to tell how far it went.

    What ended before it began, such as where a file could not be put, has nothing to report.
    """
    events = read_events(folder.path)
    told = {**summary(events), "folder": str(folder.path)}
    if not any(isinstance(event, RunStarted | TaskStarted) for event in events):
        return told
    report = write_report(folder.path)
    show.report(report)
    return {**told, "report": str(report)}
