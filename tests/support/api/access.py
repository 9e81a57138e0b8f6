"""Headers: version, key, and which beta lets what in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tests.support.api.problems import Problem
from tests.support.api.shapes import Adaptive, Compact, Counted, Enabled

if TYPE_CHECKING:
    from tests.support.api.reading import Request

VERSION = "2026-10-21"
TOOL_BETAS = {
    "computer_20241022": "computer-use-2024-10-22",
    "computer_20250124": "computer-use-2025-01-24",
    "computer_20251124": "computer-use-2025-11-24",
}
BETA_ONLY_TOOLS = frozenset({*TOOL_BETAS, "bash_20241022", "text_editor_20241022"})
CONTEXT_MANAGEMENT = "context-management-2025-06-27"
COMPACT = "compact-2026-01-12"
BINDING = "thinking-binding-controls-2026-08-01"
UPDATES = "thinking-display-updates-2026-08-18"
FINE_GRAINED = "fine-grained-tool-streaming-2025-05-14"
COUNTING = "token-counting-2024-11-01"  # old, but the SDK's counting twin sends it
DEPRECATED = frozenset({
    "token-efficient-tools-2025-02-19",
    "prompt-caching-2024-07-31",
    COUNTING,
    "extended-cache-ttl-2025-04-11",
    "pdfs-2024-09-25",
    "message-batches-2024-09-24",
    "cache-diagnosis-2026-04-07",
})  # fmt: skip
KNOWN = DEPRECATED | {
    *TOOL_BETAS.values(),
    CONTEXT_MANAGEMENT,
    COMPACT,
    BINDING,
    UPDATES,
    FINE_GRAINED,
    "context-1m-2025-08-07",
    "interleaved-thinking-2025-05-14",
    "output-300k-2026-03-24",
    "structured-outputs-2025-11-13",
}


def key_of(headers: Mapping[str, str]) -> str | None:
    """The key, in either of the two forms."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key") or (token if scheme.lower() == "bearer" else None) or None


def denied(headers: Mapping[str, str], keys: frozenset[str] | None) -> Iterator[Problem]:
    """Why a request is not let in. With `keys` None every key will do."""
    key = key_of(headers)
    if key is None:
        yield Problem("", "authentication is missing: send x-api-key, or Authorization: Bearer", status=401)
    elif keys is not None and key not in keys:
        yield Problem("", "invalid x-api-key", status=401)


def wrong_headers(headers: Mapping[str, str], betas: frozenset[str]) -> Iterator[Problem]:
    """Headers that no request may come with."""
    version = headers.get("anthropic-version")
    if version is None:
        yield Problem("", "anthropic-version: header is required")
    elif version != VERSION:
        yield Problem("", f"anthropic-version: {version} is not a version this server speaks, which is {VERSION}")
    if headers.get("content-type", "").partition(";")[0] != "application/json":
        yield Problem("", "content-type: must be application/json")
    for beta in sorted(betas - KNOWN):
        yield Problem("", f"anthropic-beta: unexpected value {beta}")


def betas_of(headers: Mapping[str, str]) -> frozenset[str]:
    """The betas that are asked for."""
    return frozenset(beta for beta in headers.get("anthropic-beta", "").split(",") if beta)


def unasked_betas(request: Request) -> Iterator[Problem]:
    """Fields that need a beta which was not asked for."""
    for path, need in _needs(request.asked):
        if need is not None and need not in request.betas:
            yield Problem(path, f"needs the header anthropic-beta: {need}")
        elif need is None and not request.beta:
            yield Problem(path, "is known to the beta namespace only: send anthropic-beta")
    if FINE_GRAINED in request.betas and any(tool.type == "computer_toolset_20260801" for tool in request.asked.tools):
        yield Problem("", f"anthropic-beta: {FINE_GRAINED} cannot be combined with a toolset")


def _needs(asked: Counted) -> Iterator[tuple[str, str | None]]:
    """Each field that is beta, with the name of the beta if it has one."""
    for index, tool in enumerate(asked.tools):
        if tool.type in BETA_ONLY_TOOLS:
            yield f"tools.{index}.{tool.type}", TOOL_BETAS.get(tool.type)
    if asked.context_management is not None:
        yield "context_management", CONTEXT_MANAGEMENT
        for index, edit in enumerate(asked.context_management.edits):
            if isinstance(edit, Compact):
                yield f"context_management.edits.{index}", COMPACT
    if isinstance(asked.thinking, Adaptive | Enabled):
        if asked.thinking.display == "updates":
            yield "thinking.display", UPDATES
        if asked.thinking.block_binding is not None:
            yield "thinking.block_binding", BINDING


def deprecated_betas(betas: frozenset[str], *, counting: bool) -> Iterator[str]:
    """Headers that do nothing any more."""
    for beta in sorted(betas & DEPRECATED - ({COUNTING} if counting else frozenset())):
        yield f"anthropic-beta: {beta} is deprecated"
