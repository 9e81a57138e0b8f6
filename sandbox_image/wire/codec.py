"""Messages as bytes and back."""

from __future__ import annotations

import struct
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from sandbox_image.wire.base import Message
from sandbox_image.wire.events import EVENT, Event, FrameInfo, LiveFrame
from sandbox_image.wire.failure import Failure
from sandbox_image.wire.perform import Answer, Reply
from sandbox_image.wire.picture import PictureInfo

M = TypeVar("M")

_LENGTH = struct.Struct(">I")


class WireError(ValueError):
    """Bytes that are not what the wire allows; the message names the field and what was found there."""


def encode(message: Message) -> bytes:
    """One message as JSON."""
    return message.model_dump_json().encode()


def decode(kind: type[M] | TypeAdapter[M], body: bytes) -> M:
    """Parse JSON into `kind`. Raises WireError; never returns a half-read message."""
    adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise WireError(_explain(error)) from None


def encode_frame(answer: Answer) -> bytes:
    """A reply and its picture as one body, the picture not re-coded."""
    return _framed(answer.reply, answer.picture)


def decode_frame(body: bytes) -> Answer:
    """The reverse of `encode_frame`. Raises WireError where lengths and announcements do not agree."""
    head, picture = _parts(body)
    reply = decode(Reply, head)
    _check_length(reply.picture, picture)
    return Answer(reply, picture)


def encode_event(event: Event | Failure) -> bytes:
    """One message of `/events`, in the form of a frame."""
    return _framed(event.info, event.picture) if isinstance(event, LiveFrame) else _framed(event, b"")


def decode_event(body: bytes) -> Event | Failure:
    """The reverse of `encode_event`. Raises WireError."""
    head, picture = _parts(body)
    event = decode(EVENT, head)
    if isinstance(event, FrameInfo):
        _check_length(event.picture, picture)
        return LiveFrame(event, picture)
    _check_length(None, picture)
    return event


def _framed(head: Message, picture: bytes) -> bytes:
    told = encode(head)
    return b"".join((_LENGTH.pack(len(told)), told, picture))


def _parts(body: bytes) -> tuple[bytes, bytes]:
    if len(body) < _LENGTH.size:
        raise WireError(f"a frame has at least {_LENGTH.size} bytes; found {len(body)}")
    (length,) = _LENGTH.unpack_from(body)
    end = _LENGTH.size + length
    if end > len(body):
        raise WireError(f"the frame announces a head of {length} bytes; {len(body) - _LENGTH.size} follow")
    return body[_LENGTH.size : end], body[end:]


def _check_length(info: PictureInfo | None, picture: bytes) -> None:
    announced = info.length if info else 0
    if announced != len(picture):
        raise WireError(f"a picture of {announced} bytes is announced; {len(picture)} follow")


def _explain(error: ValidationError) -> str:
    """The first problems in words: where, what is wrong, what was found."""
    problems = error.errors(include_url=False, include_context=False)
    told = [f"{'.'.join(map(str, p['loc'])) or 'body'}: {p['msg']} (found {_short(p['input'])})" for p in problems[:5]]
    if len(problems) > len(told):
        told.append(f"and {len(problems) - len(told)} more")
    return "; ".join(told)


def _short(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"
