"""What all wire types share, and the limits of the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_REQUEST_BYTES = 16 << 20
"""Largest JSON request body the server reads; a longer one is refused before it is parsed."""

MAX_COORDINATE = 32_767
"""X11 speaks of places in signed 16-bit integers."""

MAX_TEXT = 100_000
"""Longest text one `type` action takes, in characters."""

MAX_DEADLINE_MS = 3_600_000

FRAME_TYPE = "application/vnd.harness.frame"
"""Media type of a reply frame: big-endian u32 length, that many bytes of JSON, then the picture."""

EVENTS_TYPE = "application/x-ndjson"
"""Media type of a streamed shell reply: one `ShellEvent` in JSON a line."""

BOOT_HEADER = "harness-boot"
"""Request header naming the server instance the host means; another instance refuses with `restarted`."""


class Message(BaseModel):
    """What all wire types share: immutable, no unknown fields, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Done(Message):
    """The action happened and has nothing to tell."""

    kind: Literal["done"] = "done"


RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]

DeadlineMs = Annotated[int, Field(ge=1, le=MAX_DEADLINE_MS)]
