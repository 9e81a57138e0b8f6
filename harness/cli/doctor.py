"""`harness doctor`: whether all is there that a sandbox needs, and what to do where it is not."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli import INFRASTRUCTURE
from harness.doctor import Finding, examine

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "bold red"}


def doctor(
    *,
    image: Annotated[str | None, typer.Option(help="Look into another image than that of this version.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Look at the engine, the image and a sandbox of it, and say what to do about what is wrong.

    Exit code 0 where nothing failed, warnings or not; 3 where something did.
    """
    console = Console(stderr=as_json)
    findings: list[Finding] = []
    with console.status("looking") as status, closing(examine(image)) as told:
        for one in told:
            if isinstance(one, str):
                status.update(one)
            else:
                findings.append(one)
                console.print(line(one))
    failed = any(one.status == "failed" for one in findings)
    if as_json:
        typer.echo(json.dumps({"ok": not failed, "findings": [one._asdict() for one in findings]}))
    raise typer.Exit(INFRASTRUCTURE if failed else 0)


def line(finding: Finding) -> Table:
    """One finding for people."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=7)
    table.add_column(width=15)
    table.add_column(ratio=1, overflow="fold")
    advice = f"\n-> {finding.advice}" if finding.advice else ""
    table.add_row(Text(finding.status, style=_COLOURS[finding.status]), finding.check, Text(f"{finding.found}{advice}"))
    return table
