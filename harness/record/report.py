"""The report of a run: one static page beside its frames, made from the folder alone.

It opens from `file://` by double click: no fetch, no script files, pictures by relative path.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.events import RunStarted, TaskStarted
from harness.record import report_flow, report_task
from harness.record.disk import write_whole
from harness.record.folder import read_events
from harness.record.numbers import count, dollars, seconds, share
from harness.record.page import Page


def write_report(run: Path) -> Path:
    """Write `report.html` into a run's folder and return its path. Works on the folder of a run that crashed."""
    page, template = _page(run)
    path = run / "report.html"
    write_whole(path, _templates().get_template(template).render(page=page).encode("utf-8", "replace"))
    return path


def _page(run: Path) -> tuple[Page, str]:
    """What is known of a run, and what shows it. Raises ValueError where not even its beginning was written."""
    events = read_events(run)
    match next((event for event in events if isinstance(event, RunStarted | TaskStarted)), None):
        case RunStarted() as started:
            return report_flow.flow_page(run, started, events), report_flow.TEMPLATE
        case TaskStarted() as started:
            return report_task.task_page(run, started, events), report_task.TEMPLATE
        case None:
            raise ValueError(f"{run} holds no run: its events.jsonl does not tell the start of one")


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("harness.record", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"seconds": seconds, "count": count, "dollars": dollars}
    templates.globals |= {"share": share, "is_long": report_task.is_long}
    return templates
