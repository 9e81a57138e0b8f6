"""`harness image`: build, list and look into the sandbox image."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from harness.cli.image_view import listener
from harness.sandbox import image
from harness.sandbox.connection import connect
from harness.sandbox.image import contents
from harness.sandbox.image.builder import SILENCE_SECONDS
from harness.sandbox.spec import SandboxSpec

app = typer.Typer(help="Build, list and look into the sandbox image.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs to read.")]
_MEGABYTE = 1_000_000


@app.command()
def build(
    *,
    again: Annotated[bool, typer.Option("--again", help="Build from scratch, with the newest packages.")] = False,
    apps: Annotated[
        list[str] | None, typer.Option(metavar="NAME,...", help="Debian packages to add; may be given several times.")
    ] = None,
    architecture: Annotated[str | None, typer.Option(help="Refuse unless the engine builds for this one.")] = None,
    as_json: Json = False,
) -> None:
    """Build the sandbox image; returns at once where it is there. Progress goes to stderr, its name to stdout.

    With --apps it is an image of its own on top of the plain one: `harness desktop start --apps` with the same names,
    `SandboxSpec(apps=...)` and `desktop: {apps: [...]}` in flows start that.

    With --json, stdout has a line of JSON for each piece of progress and one for the image at the end.
    """
    wanted = () if apps is None else SandboxSpec.of(apps=",".join(apps)).apps
    with closing(connect(timeout=SILENCE_SECONDS)) as client, listener(as_json=as_json) as tell:
        built = image.build(client, tell, architecture=architecture, again=again, apps=wanted)
    sys.stdout.write(json.dumps({"image": asdict(built)}) + "\n" if as_json else f"{built.name}\n")


@app.command("ls")
def list_images(*, as_json: Json = False) -> None:
    """List the sandbox images in the engine, and what was built on them; this version starts `current` ones."""
    with closing(connect()) as client:
        found = image.images(client)
    if as_json:
        sys.stdout.write(json.dumps([asdict(one) for one in found]) + "\n")
        return
    table = Table("image", "applications", "size", "created", "", box=None, pad_edge=False)
    for one in found:
        size = f"{one.size / _MEGABYTE:.0f} MB"
        standing = one.standing if one.current else f"[dim]{one.standing}[/]"
        table.add_row(one.name, " ".join(one.apps), size, _moment(one.created), standing)
    Console().print(table if found else f"no sandbox image yet: `{image.BUILD_COMMAND}` builds it")


@app.command()
def inspect(
    name: Annotated[str | None, typer.Argument(help="An image; the one this version starts, where not given.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show an image's recipe, wire, base and the versions of what is in it."""
    with closing(connect()) as client:
        found = image.lookup(client, name)
        versions = contents.versions(client, found.id, found.apps)
    if as_json:
        sys.stdout.write(json.dumps(asdict(found) | {"packages": versions}) + "\n")
        return
    table = Table(Column(), Column(overflow="fold"), box=None, pad_edge=False, show_header=False)
    for label, value in {
        "image": found.name,
        "id": found.id,
        "recipe": f"{found.recipe or 'unknown'} ({found.standing})",
        "applications": " ".join(found.apps) or "none added",
        "wire": found.wire or "unknown",
        "base": found.base or "unknown",
        "architecture": found.architecture,
        "created": _moment(found.created),
        "size": f"{found.size / _MEGABYTE:.0f} MB",
        **versions,
    }.items():
        table.add_row(f"[bold]{label}[/]", value)
    Console().print(table)


def _moment(created: str) -> str:
    """Date and time of an RFC 3339 time stamp, to the minute."""
    return created[:16].replace("T", " ")
