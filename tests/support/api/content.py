"""The blocks and messages of a conversation, closed: what is not named here is refused.

Blocks that this project has no use for, such as documents, are not named.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")]


class Shape(BaseModel):
    """Closed, and no value is turned into another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CacheControl(Shape):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class Marked(Shape):
    """Something that may end a cached prefix."""

    cache_control: CacheControl | None = None


class Text(Marked):
    type: Literal["text"]
    text: str = Field(min_length=1)


class Base64(Shape):
    type: Literal["base64"]
    media_type: Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
    data: str = Field(min_length=1)


class Address(Shape):
    type: Literal["url"]
    url: str


class Stored(Shape):
    type: Literal["file"]
    file_id: str


class Transformations(Shape):
    oversized_image: Literal["downsize", "error"] = "downsize"


class Image(Marked):
    type: Literal["image"]
    source: Annotated[Base64 | Address | Stored, Discriminator("type")]
    transformations: Transformations | None = None


def _kind_of_content(value: Any) -> str:
    return "string" if isinstance(value, str) else "blocks"


def _kind_of_block(value: Any) -> str | None:
    # In brackets, so that the place of an error does not name a field where it names an alternative.
    return f"<{value.get('type')}>" if isinstance(value, dict) else None


NonEmpty = Annotated[str, Field(min_length=1)]
Seen = Annotated[Annotated[Text, Tag("<text>")] | Annotated[Image, Tag("<image>")], Discriminator(_kind_of_block)]
SeenContent = Annotated[
    Annotated[str, Tag("string")] | Annotated[list[Seen], Tag("blocks")], Discriminator(_kind_of_content)
]


class ToolResult(Marked):
    type: Literal["tool_result"]
    tool_use_id: Name
    content: SeenContent | None = None
    is_error: bool = False
    toolset_name: str | None = None


class Caller(Shape):
    type: Literal["direct"]


class ToolUse(Marked):
    type: Literal["tool_use"]
    id: Name
    name: Name
    input: dict[str, Any]
    caller: Caller | None = None
    toolset_name: str | None = None


class Thinking(Shape):
    type: Literal["thinking"]
    thinking: str
    signature: str = Field(min_length=1)


class Redacted(Shape):
    type: Literal["redacted_thinking"]
    data: str = Field(min_length=1)


class Foreign(Shape):
    """A block of a type that only this server knows, sent back; the reader of requests puts it in its place."""

    type: Literal["foreign"]


UserBlock = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Image, Tag("<image>")] | Annotated[ToolResult, Tag("<tool_result>")],
    Discriminator(_kind_of_block),
]
AssistantBlock = Annotated[
    Annotated[Text, Tag("<text>")]
    | Annotated[ToolUse, Tag("<tool_use>")]
    | Annotated[Thinking, Tag("<thinking>")]
    | Annotated[Redacted, Tag("<redacted_thinking>")]
    | Annotated[Foreign, Tag("<foreign>")],
    Discriminator(_kind_of_block),
]
Texts = Annotated[
    Annotated[NonEmpty, Tag("string")] | Annotated[list[Text], Field(min_length=1), Tag("blocks")],
    Discriminator(_kind_of_content),
]


class UserMessage(Shape):
    role: Literal["user"]
    content: Annotated[
        Annotated[NonEmpty, Tag("string")] | Annotated[list[UserBlock], Field(min_length=1), Tag("blocks")],
        Discriminator(_kind_of_content),
    ]


class AssistantMessage(Shape):
    role: Literal["assistant"]
    content: Annotated[
        Annotated[NonEmpty, Tag("string")] | Annotated[list[AssistantBlock], Field(min_length=1), Tag("blocks")],
        Discriminator(_kind_of_content),
    ]


class SystemMessage(Shape):
    role: Literal["system"]
    content: Texts


Message = Annotated[UserMessage | AssistantMessage | SystemMessage, Discriminator("role")]
