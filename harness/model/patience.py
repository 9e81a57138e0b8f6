"""How long an answer may take: longer where the model thinks more and may say more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

CONNECT_S = 15.0
"""Until there is a connection."""
SILENCE_S = {"low": 120.0, "medium": 180.0, "high": 300.0, "xhigh": 600.0, "max": 900.0}
"""Until the first byte, and between two, by effort. The API says something now and then also while it thinks."""
SLOWEST = 10.0
"""Tokens a second of a model at its slowest."""


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds: to connect, for each silence, for all of an answer once it has begun."""

    connect: float
    silence: float
    whole: float


def patience(body: Mapping[str, JsonValue], ceiling: float | None = None) -> Patience:
    """What the answer to this request may take; never more than the ceiling."""
    output, tokens = body.get("output_config"), body.get("max_tokens")
    effort = output.get("effort") if isinstance(output, dict) else None
    silence = SILENCE_S.get(str(effort), SILENCE_S["high"])
    whole = silence + (tokens if isinstance(tokens, int) else 0) / SLOWEST
    most = ceiling or whole
    return Patience(min(CONNECT_S, most), min(silence, most), min(whole, most))
