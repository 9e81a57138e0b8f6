"""A model that plays turns from a file: for examples, tests and demonstrations without a key.

    - say: I open the editor.
      do:
        - bash: {command: "mousepad list.txt >/dev/null 2>&1 &"}
        - screenshot: {}
    - say: It is open.

Each item is a turn. Those with `do` call tools, actions of the computer by their own name; one without ends the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from harness.errors import ModelError, UsageError
from harness.model.turn import Json, Request, Turn
from harness.tools.computer import KINDS, TOOL


class Line(BaseModel):
    """One turn of a script."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    say: str = ""
    do: tuple[dict[str, dict[str, JsonValue] | None], ...] = ()
    stop: str | None = None  # another reason to stop than the usual one


_LINES: TypeAdapter[tuple[Line, ...]] = TypeAdapter(tuple[Line, ...])


class ScriptedModel:
    """Says its lines, whatever it is asked, from where a conversation is. Raises ModelError when there are no more."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._next = 0
        self.requests: list[Request] = []

    async def turn(self, request: Request) -> Turn:
        """The next line."""
        self.requests.append(request)
        self._next = max(self._next, _answered(request))
        if self._next == len(self._lines):
            raise ModelError(f"the script is over after {self._next} turns: its last one has no `do`")
        self._next += 1
        return Turn(_message(self._lines[self._next - 1], self._next))


def read(path: Path) -> ScriptedModel:
    """The script in a file. Raises UsageError."""
    try:
        return ScriptedModel(_LINES.validate_python(YAML(typ="safe", pure=True).load(path.read_text("utf-8"))))
    except (OSError, YAMLError) as error:
        raise UsageError(f"{path} cannot be read as a script: {error}") from None
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise UsageError(f"{path} is no script: {told}") from None


def _answered(request: Request) -> int:
    """How many turns of the model there are already."""
    messages = request.body.get("messages")
    told = messages if isinstance(messages, list) else []
    return sum(1 for message in told if isinstance(message, dict) and message.get("role") == "assistant")


def _message(line: Line, number: int) -> Json:
    content: list[JsonValue] = [{"type": "text", "text": line.say}] if line.say else []
    called = [(name, given or {}) for call in line.do for name, given in call.items()]
    content += [_call(name, given, f"toolu_{number}_{index}") for index, (name, given) in enumerate(called)]
    stop = line.stop or ("tool_use" if called else "end_turn")
    return {"id": f"msg_{number}", "role": "assistant", "content": content, "stop_reason": stop, "usage": {}}


def _call(name: str, given: Json, call: str) -> Json:
    block: Json = {"type": "tool_use", "id": call, "name": name, "input": given}
    return {**block, "toolset_name": TOOL} if name in KINDS else block
