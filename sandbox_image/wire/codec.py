"""Messages as bytes and back."""

from __future__ import annotations

import struct
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from sandbox_image.wire.base import Message
from sandbox_image.wire.perform import Answer, Reply

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
    head = encode(answer.reply)
    return b"".join((_LENGTH.pack(len(head)), head, answer.picture))


def decode_frame(body: bytes) -> Answer:
    """The reverse of `encode_frame`. Raises WireError where lengths and announcements do not agree."""
    if len(body) < _LENGTH.size:
        raise WireError(f"a frame has at least {_LENGTH.size} bytes; found {len(body)}")
    (length,) = _LENGTH.unpack_from(body)
    end = _LENGTH.size + length
    if end > len(body):
        raise WireError(f"the frame announces {length} bytes of reply; {len(body) - _LENGTH.size} follow")
    reply, picture = decode(Reply, body[_LENGTH.size : end]), body[end:]
    announced = reply.picture.length if reply.picture else 0
    if announced != len(picture):
        raise WireError(f"the reply announces a picture of {announced} bytes; {len(picture)} follow")
    return Answer(reply, picture)


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
