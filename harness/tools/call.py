"""A call that a model made, and what it is answered with."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, get_args

from pydantic import BaseModel, JsonValue, ValidationError

from harness.errors import UsageError
from harness.sandbox.desktop.eyes import Screenshot

Json: TypeAlias = dict[str, JsonValue]
M = TypeVar("M", bound=BaseModel)
HALTED = "Not executed: an earlier computer action in this turn failed."
"""The API's own words for the actions of a turn that come after one that failed."""


@dataclass(frozen=True, slots=True)
class Call:
    """One `tool_use` block. `toolset` is the family that a member belongs to."""

    id: str
    name: str
    input: Json
    toolset: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a call is answered with."""

    text: str = ""
    picture: Screenshot | None = None
    failed: bool = False

    def block(self, call: Call) -> Json:
        """The `tool_result` block; never without content, which the API refuses of a failure."""
        told: list[JsonValue] = []
        if self.text or not self.picture:
            told.append({"type": "text", "text": self.text or ("it failed" if self.failed else "OK")})
        if self.picture:
            told.append(_image(self.picture))
        block: Json = {"type": "tool_result", "tool_use_id": call.id, "content": told}
        if call.toolset:
            block["toolset_name"] = call.toolset
        return block | ({"is_error": True} if self.failed else {})


def calls(content: list[JsonValue]) -> tuple[Call, ...]:
    """The calls in an assistant's turn, in order."""
    found = []
    for block in content:
        if isinstance(block, dict) and block.get("type") == "tool_use":
            given, toolset = block.get("input"), block.get("toolset_name")
            found.append(
                Call(
                    id=str(block.get("id")),
                    name=str(block.get("name")),
                    input=given if isinstance(given, dict) else {},
                    toolset=toolset if isinstance(toolset, str) else None,
                )
            )
    return tuple(found)


def by_name(field: str, *kinds: type[M]) -> dict[str, type[M]]:
    """Forms that a call can have, by what they allow in the field that tells them apart."""
    return {name: kind for kind in kinds for name in get_args(kind.model_fields[field].annotation)}


def understood(kinds: Mapping[str, type[M]], field: str, told: Json) -> M:
    """The form that a call has. Raises UsageError with what is wrong in it and what is allowed."""
    name = told.get(field)
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise UsageError(f"there is no {field} {name!r}; there are: {', '.join(kinds)}")
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, one['loc'])) or 'input'}: {one['msg']}" for one in error.errors())
        raise UsageError(f"{name}: {'; '.join(wrong)}") from None


def _image(picture: Screenshot) -> Json:
    data = base64.b64encode(picture.data).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": f"image/{picture.format}", "data": data}}
