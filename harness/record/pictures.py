"""Pictures within JSON: taken out to files named by their hash, and put back. What is put back is what was there."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from pydantic import JsonValue

from harness.record.disk import frame_path, keep_frame
from harness.tools.call import Json

_MEDIA = re.compile(r"image/(png|jpeg|webp|gif)")
_SOURCE = {"type", "media_type", "data"}


class Pictures:
    """Of one run.

    The source of a picture, `{"type": "base64", "media_type": …, "data": …}`, becomes `{"type": "frame",
    "media_type": …, "frame": HASH}`. An object that says by itself that it is a frame is put into
    `{"type": "frame", "literal": …}`, so that nothing anybody writes is taken for a picture.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._known: dict[str, str] = {}  # hashes by what was hashed: a conversation has the same pictures every time
        self._before: dict[str, str] = {}  # of the value before: what is in neither has left
        self.missing = False
        """Whether a picture that was to be put back is not there, or another one than it was."""

    def taken_out(self, value: JsonValue) -> JsonValue:
        """The same with hashes for pictures, which are kept as files."""
        self._before, self._known = self._known, {}
        return self._without(value)

    def _without(self, value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [self._without(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == "frame":
            return {"type": "frame", "literal": _each(self._without, value)}
        return self._reference(value) or _each(self._without, value)

    def put_back(self, value: JsonValue) -> JsonValue:
        """The same with its pictures; one that is `missing` is empty."""
        if isinstance(value, list):
            return [self.put_back(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") != "frame":
            return _each(self.put_back, value)
        literal = value.get("literal")
        return _each(self.put_back, literal) if isinstance(literal, dict) else self._source(value)

    def _reference(self, source: Json) -> Json | None:
        """What stands for a picture; None where it is none that could be put back as it was."""
        media, data = source.get("media_type"), source.get("data")
        if source.keys() != _SOURCE or source["type"] != "base64" or not isinstance(data, str):
            return None
        frame = self._kept(str(media), data)
        return {"type": "frame", "media_type": media, "frame": frame} if frame else None

    def _kept(self, media: str, data: str) -> str | None:
        if frame := self._known.get(data) or self._before.get(data):
            self._known[data] = frame
            return frame
        form = _MEDIA.fullmatch(media)
        content = _decoded(data)
        if not form or content is None:
            return None
        self._known[data] = keep_frame(self._run, content, form[1])
        return self._known[data]

    def _source(self, reference: Json) -> Json:
        media, frame = str(reference["media_type"]), str(reference["frame"])
        content = b""
        with suppress(OSError):
            content = frame_path(self._run, frame, media.removeprefix("image/")).read_bytes()
        if sha256(content).hexdigest() != frame:
            content, self.missing = b"", True
        return {"type": "base64", "media_type": media, "data": base64.b64encode(content).decode()}


def _each(change: Callable[[JsonValue], JsonValue], within: Json) -> Json:
    return {name: change(item) if isinstance(item, dict | list) else item for name, item in within.items()}


def _decoded(data: str) -> bytes | None:
    """The bytes that a text stands for; None where another text would stand for the same ones."""
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode() == data else None
