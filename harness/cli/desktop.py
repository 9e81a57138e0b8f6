"""`harness desktop`: a desktop in the background, and hands on it from the command line."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from harness.cli.copying import get, put
from harness.cli.targets import Json, meant, read_as, run
from harness.errors import UsageError, WireMismatch, from_failure
from harness.sandbox.desktop import Desktop
from harness.sandbox.ownership import runtime_root
from harness.sandbox.registry import Record, connected, pick, records
from harness.sandbox.spec import SandboxSpec, parse_screen, parse_seconds
from sandbox_image.wire import Exit, Output, Refused, Region, Shell, Size

TIMED_OUT = 124

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Start a desktop in the background and work at it.

`ID` may be shortened to four digits, and left out while there is only one.
""",
)


@app.command()
def start(
    *,
    screen: Annotated[str, typer.Option(help="Width and height in pixels.")] = "1280x800",
    memory: Annotated[str, typer.Option(help="Memory limit; home, tmp and shm live in it.")] = "2g",
    cpus: Annotated[float, typer.Option(help="Cores it may use.")] = 2.0,
    image: Annotated[str | None, typer.Option(help="Another image than the one built from the recipe.")] = None,
    apps: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,...", help="The image that was built with these (`harness image build --apps`)."),
    ] = None,
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="End by itself after so long, such as 2h.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start a desktop and print its id. It goes on until `desktop stop`, or for as long as `--for` says."""
    from harness.cli import background  # noqa: PLC0415 - the engine's library is slow to import

    added = () if apps is None else ",".join(apps)
    spec = SandboxSpec.of(screen=screen, memory=memory, cpus=cpus, image=image, apps=added)
    console = Console(stderr=True)
    with console.status("starting") as status:
        record = background.start(spec, _seconds(lasting), lambda step: status.update(f"starting: {step}"))
    if as_json:
        typer.echo(record.model_dump_json())
        return
    typer.echo(record.id)
    size = record.screen
    console.print(f"A desktop of {size.width}x{size.height} is up. Try [b]harness desktop screenshot[/b].")


@app.command("ls")
def list_all(*, as_json: Json = False) -> None:
    """List the desktops of this user that are up, those of running scripts and flows too."""
    found = records(runtime_root())
    if as_json:
        typer.echo(json.dumps({"desktops": [record.model_dump(mode="json") for record in found]}))
        return
    table = Table("id", "screen", "age", "ends in", "owner", "image", box=None)
    now = time.time()  # noqa: TID251 - ages are told to people
    for one in found:
        ends = _span(one.ends - now) if one.ends else ""
        owner = "background" if one.kept else f"process {one.pid}"
        table.add_row(
            one.id, f"{one.screen.width}x{one.screen.height}", _span(now - one.created), ends, owner, one.image
        )
    Console().print(table if found else "no desktop is up: start one with `harness desktop start`")


app.command()(put)
app.command()(get)


@app.command(context_settings={"allow_interspersed_args": False})
def shell(
    words: Annotated[list[str] | None, typer.Argument(metavar="[ID] [COMMAND]...", show_default=False)] = None,
    *,
    timeout: Annotated[str, typer.Option(help="End a command after so long.")] = "2m",
    session: Annotated[str, typer.Option(help="Commands of one session share directory and variables.")] = "main",
    as_json: Json = False,
) -> None:
    """Run a command as the desktop's user and exit with its code; without one, run lines from standard input.

    The session stays between calls: `desktop shell cd /tmp`, then `desktop shell pwd`.
    """
    record, rest = meant(words or [])
    milliseconds = round((_seconds(timeout) or 0) * 1000)
    separate = not (sys.stdout.isatty() and sys.stderr.isatty())  # in their true order only where they meet
    code = 0
    for line in [" ".join(rest)] if rest else _lines():
        request = Shell(
            id=uuid4().hex, command=line, timeout_ms=milliseconds, session=session, separate=separate and not as_json
        )
        code = run(_shell(record, request, as_json=as_json))
    raise typer.Exit(code)


@app.command()
def screenshot(
    words: Annotated[list[str] | None, typer.Argument(metavar="[ID] [FILE]", show_default=False)] = None,
    *,
    size: Annotated[str | None, typer.Option(help="Scale the picture to WIDTHxHEIGHT.")] = None,
    region: Annotated[str | None, typer.Option(help="A part of the screen: X,Y,WIDTH,HEIGHT.")] = None,
    as_json: Json = False,
) -> None:
    """Save a picture of the screen; FILE is `-` for standard output, `screenshot-ID.png` where not given."""
    record, rest = meant(words or [])
    if len(rest) > 1:
        raise UsageError(f"a desktop and a file are all there is to say; found {' '.join(rest)!r}")
    target = rest[0] if rest else f"screenshot-{record.id}.png"
    form: Literal["jpeg", "png"] = "jpeg" if target.lower().endswith((".jpg", ".jpeg")) else "png"
    where, scaled = _region(region), _size(size)

    async def take() -> dict[str, Any]:
        async with connected(record) as client:
            picture = await Desktop(client, record.screen).screenshot(region=where, size=scaled, format=form)
        if target == "-":
            sys.stdout.buffer.write(picture.data)
        else:
            picture.save(target)
        return {"file": target, "bytes": len(picture.data), "size": picture.size.model_dump()}

    told = run(take())
    if target != "-":
        typer.echo(json.dumps(told) if as_json else target)


@app.command()
def stop(
    wanted: Annotated[str | None, typer.Argument(metavar="[ID]", show_default=False)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that run in the background.")] = False,
    as_json: Json = False,
) -> None:
    """End a desktop and wait until nothing is left of it."""
    from harness.cli import background  # noqa: PLC0415 - the engine's library is slow to import

    found = records(runtime_root())
    if everything:
        chosen = [record for record in found if record.kept]
    else:
        chosen = [pick([one for one in found if one.kept] if wanted is None else found, wanted)]
    for record in chosen:
        run(background.stop(record))
        if not as_json:
            typer.echo(record.id)
    if as_json:
        typer.echo(json.dumps({"stopped": [record.id for record in chosen]}))


async def _shell(record: Record, request: Shell, *, as_json: bool) -> int:
    """Run one command, its output shown as it comes; the exit code for it."""
    printed: list[str] = []
    try:
        async with connected(record) as client, contextlib.aclosing(client.shell(request)) as events:
            async for event in events:
                if isinstance(event, Output):
                    printed.append(event.text) if as_json else _print(event)
                    continue
                if as_json:
                    typer.echo(json.dumps({"output": "".join(printed), **event.model_dump(exclude={"kind"})}))
                elif event.timed_out:
                    typer.echo(f"ended after {request.timeout_ms / 1000:g} s (--timeout)", err=True)
                return _code(event)
    except Refused as refused:
        raise from_failure(refused.failure) from None
    raise WireMismatch("the command's answer ended without saying how the command ended")


def _print(output: Output) -> None:
    """Byte by byte, to where it belongs."""
    typer.echo(output.data, nl=False, err=output.stream == "stderr")


def _code(end: Exit) -> int:
    """As a shell tells it."""
    if end.timed_out:
        return TIMED_OUT
    return 1 if end.code is None else end.code % 256


def _lines() -> Iterator[str]:
    """Lines of standard input, with a prompt where a person types them."""
    while True:
        if sys.stdin.isatty():
            typer.echo("$ ", nl=False, err=True)
        if not (line := sys.stdin.readline()):
            return
        if line.strip():
            yield line.rstrip("\n")


def _span(seconds: float) -> str:
    """A length of time for people."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{rest} s"


def _seconds(written: str | None) -> float | None:
    return None if written is None else read_as(parse_seconds, written)


def _size(written: str | None) -> Size | None:
    return None if written is None else Size.model_validate(read_as(parse_screen, written))


def _region(written: str | None) -> Region | None:
    if written is None:
        return None
    try:
        x, y, width, height = map(int, written.split(","))
        return Region(x=x, y=y, width=width, height=height)
    except ValueError:
        raise UsageError(
            f"a region is X,Y,WIDTH,HEIGHT in screen pixels, such as 0,0,640,400; found {written!r}"
        ) from None
