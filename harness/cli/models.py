"""`harness models`: what is known of each model, settings included, and what the API lists."""

from __future__ import annotations

import asyncio
import json as json_text
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from harness.errors import UsageError
from harness.model.catalog import Entry, Price, find, listed
from harness.model.opening import named
from harness.model.reach import Reach
from harness.settings import Settings, read

WIDTH = 200
"""Characters of a line: enough that nothing is cut."""
_HEADS = ("model", "computer tool", "pictures", "thinking", "effort", "window", "$/million in, out", "retires")


@dataclass(frozen=True, slots=True)
class Row:
    """One model. `listed` is whether the endpoint has it; None where it was not asked."""

    name: str
    entry: Entry
    listed: bool | None = None


def models(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
    remote: Annotated[bool, typer.Option("--remote", help="Ask the API as well; that needs its key.")] = False,
) -> None:
    """List models: tools, pictures, thinking, prices; what settings override is as they have it."""
    settings = read()
    rows = asyncio.run(_remote(settings)) if remote else _known(settings.reach)
    if json:
        typer.echo(json_text.dumps({"models": [_told(row) for row in rows]}, indent=2))
        return
    console = Console(width=max(Console().width, WIDTH))  # a line that is too long for a terminal is broken by it
    console.print(_table(rows), highlight=False)


def _known(reach: Reach, found: Mapping[str, Entry] | None = None) -> list[Row]:
    """The catalog, what settings add to it, and what was found besides."""
    names = dict.fromkeys((*listed(), *reach.models, *(found or {})))
    rows = []
    for name in names:
        entry = find(name, reach.models) or (found or {})[name]
        rows.append(Row(name, entry, None if found is None else name in found))
    return rows


async def _remote(settings: Settings) -> list[Row]:
    """The same, and what the endpoint lists. Raises UsageError, ModelError."""
    from harness.model.clients import connected  # noqa: PLC0415 - the SDK is slow to load
    from harness.model.lookup import all_listed, told  # noqa: PLC0415 - the same

    provider = named(settings.model).provider
    if provider is None:
        raise UsageError("--remote: the model of the settings is a script; name one of a provider as HARNESS_MODEL")
    async with connected(provider, settings.api) as line:
        found = {model.id: told(model) async for model in all_listed(line)}
    return _known(settings.reach, found)


def _table(rows: list[Row]) -> Table:
    asked = any(row.listed is not None for row in rows)
    table = Table(box=None, pad_edge=False)
    for head in (*_HEADS, *(["listed"] if asked else [])):
        table.add_column(head, no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row.name, row.entry), *(["yes" if row.listed else "no"] if asked else []))
    return table


def _cells(name: str, entry: Entry) -> tuple[str, ...]:
    tools = [tool.removeprefix("computer_") for tool in entry.computer]
    efforts = f"{entry.effort} ({entry.efforts[0]} to {entry.efforts[-1]})" if entry.efforts else "none"
    return (
        name,
        ", ".join(tools),
        entry.pictures,
        ", ".join(entry.thinking),
        efforts,
        f"{entry.window // 1000}k",
        _price(entry.price),
        str(entry.retires or ""),
    )


def _price(price: Price | None) -> str:
    if price is None:
        return "unknown"
    above = price.above
    more = f" ({above.input:g}, {above.output:g} above {above.tokens // 1000}k)" if above else ""
    return f"{price.input:g}, {price.output:g}{more}"


def _told(row: Row) -> dict[str, object]:
    return {"name": row.name, **row.entry.model_dump(mode="json"), "listed": row.listed}
