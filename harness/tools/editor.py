"""The editor that a model works with: view, create, replace, insert, and for older models undo."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, model_validator

from harness.errors import ActionFailed, UsageError
from harness.sandbox.desktop import Desktop
from harness.tools.call import Call, Json, Result, by_name, understood

NAMES = {
    "text_editor_20250124": "str_replace_editor",
    "text_editor_20250429": "str_replace_based_edit_tool",
    "text_editor_20250728": "str_replace_based_edit_tool",
}
"""What each version of the tool has to be called."""


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    path: str


class View(_Command):
    """A file with line numbers, or a folder."""

    command: Literal["view"]
    view_range: tuple[int, int] | None = None


class Create(_Command):
    """A file, new or in place of another."""

    command: Literal["create"]
    file_text: str


class Replace(_Command):
    """One place in a file."""

    command: Literal["str_replace"]
    old_str: str
    new_str: str = ""


class Insert(_Command):
    """Lines after a line."""

    command: Literal["insert"]
    insert_line: int
    insert_text: str

    @model_validator(mode="before")
    @classmethod
    def _older(cls, told: Json) -> Json:
        """Older versions of the tool say `new_str`."""
        return {"insert_text": told["new_str"], **told} if "new_str" in told else told


class Undo(_Command):
    """The last edit of a file."""

    command: Literal["undo_edit"]


Command: TypeAlias = View | Create | Replace | Insert | Undo
KINDS = by_name("command", View, Create, Replace, Insert, Undo)


class Editor:
    """Edits files of the desktop's user."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop

    async def do(self, call: Call) -> Result:
        """One call; what goes wrong is in the result."""
        try:
            return Result(await self._do(understood(KINDS, "command", call.input)))
        except (UsageError, ActionFailed) as error:
            return Result(str(error), failed=True)

    async def _do(self, command: _Command) -> str:
        desktop = self._desktop
        match command:
            case View(path=path, view_range=lines):
                return await desktop.edit_view(path, lines)
            case Create(path=path, file_text=text):
                return await desktop.edit_create(path, text)
            case Replace(path=path, old_str=old, new_str=new):
                return await desktop.edit_replace(path, old, new)
            case Insert(path=path, insert_line=line, insert_text=text):
                return await desktop.edit_insert(path, line, text)
            case Undo(path=path):
                return await desktop.edit_undo(path)
            case _:
                raise UsageError(f"{command!r} is no command")
