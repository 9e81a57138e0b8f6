"""Tools, settings and requests, closed as well. Rules between fields are told elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from tests.support.api.content import CacheControl, Marked, Message, Name, Shape, Texts

Direct = list[Literal["direct"]]


class AnyTool(Marked):
    allowed_callers: Direct | None = None
    defer_loading: bool = False
    input_examples: list[dict[str, Any]] | None = None
    strict: bool = False


class Custom(AnyTool):
    type: Literal["custom"] | None = None
    name: Name
    description: str | None = None
    input_schema: dict[str, Any]
    eager_input_streaming: bool | None = None


class Bash(AnyTool):
    type: Literal["bash_20250124", "bash_20241022"]
    name: Literal["bash"]


class Editor(AnyTool):
    type: Literal["text_editor_20250429"]
    name: Literal["str_replace_based_edit_tool"]


class NewestEditor(AnyTool):
    type: Literal["text_editor_20250728"]
    name: Literal["str_replace_based_edit_tool"]
    max_characters: int | None = Field(default=None, ge=1)


class OldEditor(AnyTool):
    type: Literal["text_editor_20250124", "text_editor_20241022"]
    name: Literal["str_replace_editor"]


class Computer(AnyTool):
    type: Literal["computer_20250124", "computer_20241022"]
    name: Literal["computer"]
    display_width_px: int = Field(ge=1)
    display_height_px: int = Field(ge=1)
    display_number: int | None = None


class ZoomingComputer(Computer):
    type: Literal["computer_20251124"]  # type: ignore[assignment] # the same fields and one more
    enable_zoom: bool = False


class MemberConfig(Shape):
    enabled: bool | None = None
    defer_loading: bool | None = None


class MemberConfigs(Shape):
    key: MemberConfig | None = None
    hold_key: MemberConfig | None = None
    type: MemberConfig | None = None
    cursor_position: MemberConfig | None = None
    mouse_move: MemberConfig | None = None
    left_mouse_down: MemberConfig | None = None
    left_mouse_up: MemberConfig | None = None
    left_click: MemberConfig | None = None
    left_click_drag: MemberConfig | None = None
    right_click: MemberConfig | None = None
    middle_click: MemberConfig | None = None
    double_click: MemberConfig | None = None
    triple_click: MemberConfig | None = None
    scroll: MemberConfig | None = None
    wait: MemberConfig | None = None
    screenshot: MemberConfig | None = None
    zoom: MemberConfig | None = None


MEMBERS = frozenset(MemberConfigs.model_fields)


class Toolset(Marked):
    type: Literal["computer_toolset_20260801"]
    configs: MemberConfigs | None = None
    allowed_callers: Direct | None = None

    def settings(self, member: str) -> MemberConfig:
        """What is set for a member."""
        found: MemberConfig | None = getattr(self.configs, member, None)
        return found or MemberConfig()

    @property
    def enabled(self) -> frozenset[str]:
        """The members the model may call."""
        return frozenset(member for member in MEMBERS if self.settings(member).enabled is not False)


def _kind_of_tool(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    return {
        "bash_20250124": "bash",
        "bash_20241022": "bash",
        "text_editor_20250429": "editor",
        "text_editor_20250728": "newest_editor",
        "text_editor_20250124": "old_editor",
        "text_editor_20241022": "old_editor",
        "computer_20241022": "computer",
        "computer_20250124": "computer",
        "computer_20251124": "zooming_computer",
        "computer_toolset_20260801": "toolset",
        "custom": "custom",
    }.get(str(value.get("type") or "custom"))


Tool = Annotated[
    Annotated[Custom, Tag("custom")]
    | Annotated[Bash, Tag("bash")]
    | Annotated[Editor, Tag("editor")]
    | Annotated[NewestEditor, Tag("newest_editor")]
    | Annotated[OldEditor, Tag("old_editor")]
    | Annotated[Computer, Tag("computer")]
    | Annotated[ZoomingComputer, Tag("zooming_computer")]
    | Annotated[Toolset, Tag("toolset")],
    Discriminator(_kind_of_tool),
]


# --- settings ----------------------------------------------------------------------------------------------------


class BlockBinding(Shape):
    prefix_mismatch_behavior: Literal["error", "drop_block"] | None = None


class Adaptive(Shape):
    type: Literal["adaptive"]
    display: Literal["summarized", "omitted", "updates"] | None = None
    block_binding: BlockBinding | None = None


class Enabled(Shape):
    type: Literal["enabled"]
    budget_tokens: int = Field(ge=1024)
    display: Literal["summarized", "omitted", "updates"] | None = None
    block_binding: BlockBinding | None = None


class Disabled(Shape):
    type: Literal["disabled"]


class BetweenTools(Shape):
    type: Literal["between_tools"]


ThinkingConfig = Annotated[Adaptive | Enabled | Disabled | BetweenTools, Discriminator("type")]


class Auto(Shape):
    type: Literal["auto", "any"]
    disable_parallel_tool_use: bool = False


class NoTool(Shape):
    type: Literal["none"]


class OneTool(Shape):
    type: Literal["tool"]
    name: str
    disable_parallel_tool_use: bool = False


ToolChoice = Annotated[Auto | NoTool | OneTool, Discriminator("type")]


class Format(Shape):
    type: Literal["json_schema"]
    schema_: dict[str, Any] = Field(alias="schema")


class OutputConfig(Shape):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: Format | None = None


class Metadata(Shape):
    user_id: str | None = None


class Tokens(Shape):
    type: Literal["input_tokens"]
    value: int = Field(ge=1)


class Uses(Shape):
    type: Literal["tool_uses"]
    value: int = Field(ge=0)


class ClearToolUses(Shape):
    type: Literal["clear_tool_uses_20250919"]
    trigger: Annotated[Tokens | Uses, Discriminator("type")] = Tokens(type="input_tokens", value=100_000)
    keep: Uses = Uses(type="tool_uses", value=3)
    clear_at_least: Tokens | None = None
    clear_tool_inputs: bool | list[str] | None = None
    exclude_tools: list[str] | None = None


class Turns(Shape):
    type: Literal["thinking_turns"]
    value: int = Field(ge=1)


class AllTurns(Shape):
    type: Literal["all"]


class ClearThinking(Shape):
    type: Literal["clear_thinking_20251015"]
    keep: Literal["all"] | Turns | AllTurns | None = None


class LeastTokens(Shape):
    type: Literal["input_tokens"]
    value: int = Field(ge=50_000)


class Compact(Shape):
    type: Literal["compact_20260112"]
    trigger: LeastTokens | None = None
    pause_after_compaction: bool = False
    instructions: str | None = None


Edit = Annotated[ClearToolUses | ClearThinking | Compact, Discriminator("type")]


class ContextManagement(Shape):
    edits: list[Edit] = Field(default_factory=list)


# --- requests ----------------------------------------------------------------------------------------------------


class Counted(Shape):
    """What may be asked to be counted."""

    model: str = Field(min_length=1)
    messages: list[Message] = Field(min_length=1, max_length=100_000)
    system: Texts | None = None
    tools: list[Tool] = Field(default_factory=list)
    tool_choice: ToolChoice | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    cache_control: CacheControl | None = None
    context_management: ContextManagement | None = None


class Asked(Counted):
    """What may be asked of a model."""

    max_tokens: int = Field(ge=0)
    stream: bool = False
    stop_sequences: list[str] | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    inference_geo: str | None = None
