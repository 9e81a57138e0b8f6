"""Where a request marks what is to be cached, and the rules on that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.api.problems import Json, Problem
from tests.support.api.reading import blocks, system_blocks

if TYPE_CHECKING:
    from tests.support.api.reading import Request

MOST = 4


@dataclass(frozen=True)
class Unit:
    """A piece of the prompt as the model gets it: a tool, a block of the system prompt, a block of a message.

    `part` numbers what one mark can end: a batch of results is one part. `ttl` is that of its mark, if it has one.
    """

    path: str
    block: Json
    part: int
    ttl: str | None


def units(body: Json) -> list[Unit]:
    """The prompt in its order: tools, system, messages."""
    found: list[Unit] = []
    for index, tool in enumerate(body.get("tools") or []):
        found.append(_unit(f"tools.{index}", tool, len(found)))
    for index, block in enumerate(system_blocks(body)):
        found.append(_unit(f"system.{index}", block, len(found)))
    for at, message in enumerate(body["messages"]):
        batch = len(found)
        for index, block in enumerate(blocks(message)):
            part = batch if block["type"] == "tool_result" else len(found)
            unit = _unit(f"messages.{at}.content.{index}", block, part)
            found.append(unit)
    return _with_automatic(found, body.get("cache_control"))


def _unit(path: str, block: Json, part: int) -> Unit:
    marks = list(_marks(block))
    return Unit(path, block, part, marks[-1] if marks else None)


def _with_automatic(found: list[Unit], mark: Json | None) -> list[Unit]:
    """A mark at the top of the request stands at the last block that can be cached."""
    if not mark:
        return found
    last = max(at for at, unit in enumerate(found) if unit.block.get("type") not in {"thinking", "redacted_thinking"})
    unit = found[last]
    return [*found[:last], Unit(unit.path, unit.block, unit.part, mark.get("ttl", "5m")), *found[last + 1 :]]


def _marks(block: Any) -> Iterator[str]:
    """The lifetimes that are set at a block or inside it, in order."""
    if not isinstance(block, dict):
        return
    content = block.get("content")
    for part in content if isinstance(content, list) else []:
        yield from _marks(part)
    if block.get("cache_control"):
        yield block["cache_control"].get("ttl", "5m")


def wrong_marks(request: Request) -> Iterator[Problem]:
    """Too many marks, or long ones after short ones."""
    body = request.body
    pieces = [*(body.get("tools") or []), *system_blocks(body)]
    pieces += [block for message in body["messages"] for block in blocks(message)]
    ttls = [ttl for piece in pieces for ttl in _marks(piece)]
    if body.get("cache_control"):
        ttls.append(body["cache_control"].get("ttl", "5m"))
    if len(ttls) > MOST:
        found = f"A maximum of {MOST} blocks with cache_control may be provided. Found {len(ttls)}."
        yield Problem("cache_control", found)
    if "5m" in ttls and "1h" in ttls[ttls.index("5m") :]:
        yield Problem("cache_control.ttl", "a ttl='1h' block must not come after a ttl='5m' block")
