"""An answer of the Messages API, built from the events of its stream exactly as it was told; pure.

Blocks stay the JSON that came, unknown kinds and fields included, so that a turn goes back as it was. An answer that
was not told to its end raises: nothing of it was done yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import JsonValue

from harness.errors import BadAnswer, CutShort

Json: TypeAlias = dict[str, JsonValue]
_APPENDED = {"text_delta": "text", "thinking_delta": "thinking"}
_REPLACED = {"signature_delta": ("signature",), "compaction_delta": ("content", "encrypted_content")}


@dataclass(slots=True)
class Answer:
    """An answer on its way. `take` each event; `end` gives the message once its stream is over."""

    _message: Json = field(default_factory=dict)
    _blocks: dict[int, Json] = field(default_factory=dict)
    _inputs: dict[int, str] = field(default_factory=dict)
    _over: bool = False

    def take(self, event: Mapping[str, JsonValue]) -> None:
        """One event's data. Unknown kinds are passed over, as the API asks. Raises BadAnswer."""
        try:
            self._take(event)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            told = json.dumps(event, ensure_ascii=False)
            raise BadAnswer(f"an event of the stream is not as documented ({error!r})", told) from None

    def _take(self, event: Mapping[str, JsonValue]) -> None:
        match event["type"]:
            case "message_start":
                self._message = _object(event["message"])
            case "content_block_start":
                self._blocks[_index(event)] = _object(event["content_block"])
            case "content_block_delta":
                self._change(_index(event), _object(event["delta"]))
            case "message_delta":
                self._message |= _object(event["delta"])
                self._message["usage"] = _object(self._message.get("usage") or {}) | _told(event.get("usage"))
                self._message |= {name: event[name] for name in _BESIDES if event.get(name) is not None}
            case "message_stop":
                self._over = True
            case _:
                pass

    def _change(self, index: int, delta: Json) -> None:
        block, kind = self._blocks[index], str(delta["type"])
        if name := _APPENDED.get(kind):
            block[name] = str(block.get(name) or "") + str(delta[name])
        elif names := _REPLACED.get(kind):
            block |= {name: delta[name] for name in names if name in delta}
        elif kind == "input_json_delta":
            self._inputs[index] = self._inputs.get(index, "") + str(delta["partial_json"])
        elif kind == "citations_delta":
            block["citations"] = [*_array(block.get("citations") or []), delta["citation"]]
        else:
            raise BadAnswer(f"a block of an answer changes in a way that is not known: {kind}", json.dumps(delta))

    def end(self) -> Json:
        """The whole message. Raises CutShort where the stream ended before it did, BadAnswer."""
        stop = self._message.get("stop_reason")
        if not self._over or stop is None:
            raise CutShort("the answer broke off before its end; nothing of it was done")
        for index, told in self._inputs.items():
            self._blocks[index] |= _input(told, cut=stop in _CUT)
        message = self._message | {"content": [self._blocks[index] for index in sorted(self._blocks)]}
        if _nests(message, DEEPEST):
            raise BadAnswer(f"the answer nests deeper than {DEEPEST} levels", "")
        return message


DEEPEST = 100
"""Levels of lists and objects within an answer: whatever goes through it level by level ends with the stack."""
_CUT = frozenset({"max_tokens", "model_context_window_exceeded", "refusal"})
"""Reasons to stop in the midst of a call: its input is no JSON then, and is not needed, since none of it is done."""
_BESIDES = ("context_management", "input_transformations")
"""What the last event may tell of a message beside its delta."""


def _input(told: str, *, cut: bool) -> Json:
    """A call's input, where all of it was told."""
    try:
        return {"input": _object(json.loads(told))} if told else {}
    except (TypeError, ValueError, RecursionError):
        if cut:
            return {}
        raise BadAnswer("the input of a call is no JSON object", told) from None


def _nests(value: JsonValue, levels: int) -> bool:
    """Whether it has more levels than so many."""
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_nests(one, levels - 1) for one in within)


def _index(event: Mapping[str, JsonValue]) -> int:
    index = event["index"]
    if not isinstance(index, int):
        raise TypeError(f"index {index!r}")
    return index


def _object(value: JsonValue) -> Json:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.80} where an object belongs")
    return dict(value)


def _array(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.80} where a list belongs")
    return value


def _told(usage: JsonValue) -> Json:
    """Counts are totals so far; those that are left out stand."""
    return {name: value for name, value in _object(usage or {}).items() if value is not None}
