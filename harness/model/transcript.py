"""A conversation with a model, as requests see it: only ever added to, so that what was cached and thought stays true.

An assistant's turns go back exactly as they came. What is older may leave, by rule and in batches: pictures, where the
model's thinking is not bound to all that came before; results that the API itself takes out of a request, where it is;
whole turns, where nothing else makes room. `thrift.py` says when. Marks for the cache move along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pydantic import JsonValue

from harness.model.sizes import Size, weight, words
from harness.model.turn import Turn
from harness.tools.call import HALTED, Call, Json, Result, calls
from harness.tools.computer import TOOL

Ttl: TypeAlias = Literal["5m", "1h"]
GONE: Json = {"type": "text", "text": "[an older picture, no longer shown]"}
DOT: Json = {
    "type": "image",
    "source": {
        "type": "base64",
        "media_type": "image/png",
        "data": (
            "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAABXZoBIAAAAFklEQVR42mM8wYAbMDGMSo5KjkpCAQDVsgEA+rCF1wAAAABJRU5ErkJggg=="
        ),
    },
}
"""The smallest picture, one token, beside the words where an answer has to hold a picture."""
LEFT_OUT: Json = {"type": "text", "text": "[earlier turns are left out here; what was done in them stays done]"}
UNKNOWN = (
    "It is not known whether this was done, nor what else you called for in the same turn: the program that did it "
    "ended. Look at the screen before you go on."
)
NOT_DONE = "Not executed: the turn was over."
GOING_ON = frozenset({"tool_use", "pause_turn", "compaction"})
"""Reasons to stop after which a conversation goes on with what was said."""
THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_LOOKS = frozenset({"screenshot", "zoom"})
"""Members of the toolset whose results have to hold a picture."""

_Blocks: TypeAlias = list[JsonValue]
_Place: TypeAlias = tuple[int, _Blocks, int, str | None]
"""Of a picture: in which message, in which list of blocks, where in it, in answer to which call."""


@dataclass(slots=True)
class Transcript:
    """What was said so far."""

    messages: list[Json] = field(default_factory=list)
    cleared: int = 0
    """Answers of the computer, the oldest ones, that the API takes out of every request."""
    _written: frozenset[int] = frozenset()
    """Messages that the last request wrote to the cache, up to their ends, and that are as they were."""
    _sizes: list[Size] = field(default_factory=list)
    """Of messages from the beginning, as they are."""

    @classmethod
    def resumed(cls, asked: Json, answer: Json | None = None) -> Transcript:
        """The conversation of a request's body, as it was sent, and of the answer to it, if there was one.

        Calls that nobody answered any more are answered with words that say so.
        """
        messages = asked["messages"]
        told = messages if isinstance(messages, list) else []
        transcript = cls([_unmarked(message) for message in told if isinstance(message, dict)])
        if asked.get("context_management"):
            transcript.cleared = max(0, transcript.actions - _kept(asked))
        turn = Turn(answer or {})
        if turn.stop in GOING_ON:
            transcript.answered(turn)
        if owed := transcript.owed(UNKNOWN):
            transcript.say(*owed)
        return transcript

    def say(self, *content: Json) -> None:
        """A user's turn. Where calls were left open, it answers them first, as the API asks."""
        known = {block.get("tool_use_id") for block in content}
        owed = [block for block in self.owed(NOT_DONE) if block["tool_use_id"] not in known]
        self.messages.append({"role": "user", "content": [*owed, *content]})

    def add(self, content: Json) -> None:
        """One more block at the end of the user's turn, a new one where the last turn is not the user's."""
        if not self.messages or self.messages[-1]["role"] != "user":
            self.say(content)
        else:
            _content(self.messages[-1]).append(content)
            del self._sizes[len(self.messages) - 1 :]

    def answered(self, turn: Turn) -> None:
        """The model's turn, as it came. One without content the API would not take back."""
        self._written = frozenset(self._marks())
        if turn.content:
            self.messages.append({"role": "assistant", "content": turn.content})

    def owed(self, said: str) -> list[Json]:
        """Results for calls that nobody answered: what is said, and for more actions the API's own words."""
        last = self.messages[-1] if self.messages else None
        if last is None or last["role"] != "assistant":
            return []
        found, halted = [], False
        for call in calls(_content(last)):
            acts = TOOL in (call.toolset, call.name)
            found.append(Result(HALTED if acts and halted else said, failed=True).block(call))
            halted = halted or acts
        return found

    # --- the cache -----------------------------------------------------------------------------------------------

    def marked(self, ttl: Ttl = "5m") -> list[Json]:
        """The messages with marks for the cache: three at most."""
        marks = self._marks()
        return [_marked(message, ttl) if index in marks else message for index, message in enumerate(self.messages)]

    def _marks(self) -> set[int]:
        """Messages whose ends are marked.

        What the last request wrote is read, wherever it ended, so that it does not matter how many blocks came since.
        Up to where no picture is shown any more all will stay, so that is what is left when more pictures leave. The
        end is for the next request.
        """
        ends = [index for index, message in enumerate(self.messages) if self._ends_turn(index, message)]
        read = {max(self._written)} if self._written else set(ends[-2:-1])
        shown = self.first_shown
        settled = [index for index in ends if index < shown < len(self.messages)]
        return read | set(settled[-1:]) | set(ends[-1:])

    def _ends_turn(self, index: int, message: Json) -> bool:
        following = self.messages[index + 1 : index + 2]
        return message["role"] == "user" and all(other["role"] != "user" for other in following)

    def _edited(self, first: int) -> None:
        """From this message on nothing is as it was in the last request."""
        self._written = frozenset(index for index in self._written if index < first)
        del self._sizes[first:]

    @property
    def sizes(self) -> Sequence[Size]:
        """How large each message is. What stayed as it was is not looked at again: a run may have hundreds of turns."""
        self._sizes += (Size(words(message), weight(message)) for message in self.messages[len(self._sizes) :])
        return self._sizes

    # --- what leaves ---------------------------------------------------------------------------------------------

    @property
    def pictures(self) -> int:
        """Pictures that are still shown."""
        return sum(1 for _ in self._shown())

    @property
    def images(self) -> int:
        """All pictures of a request, those that the API takes out among them."""
        return sum(1 for message in self.messages for _ in _pictures(message))

    def prune(self, keep: int) -> int:
        """Put words in place of all pictures but the last so many; how many went."""
        held = list(self._held())
        going = held[: max(0, len(held) - keep)]
        looks = {call.id for call in self._actions() if call.toolset and call.name in _LOOKS}
        for _, blocks, at, owner in reversed(going):
            blocks[at : at + 1] = [deepcopy(GONE), deepcopy(DOT)] if owner in looks else [deepcopy(GONE)]
        if going:
            self._edited(going[0][0])
        return len(going)

    def clear(self, keep: int) -> int:
        """Have the API take out what the computer answered before the last so many pictures; how many of them go."""
        shown, actions = list(self._shown()), [call.id for call in self._actions()]
        going = shown[: max(0, len(shown) - keep)]
        upto = max((actions.index(owner) + 1 for *_, owner in going if owner in actions), default=0)
        if upto <= self.cleared:
            return 0
        self.cleared = upto
        self._edited(going[0][0])
        return len(going)

    def shorten(self, keep: int) -> int:
        """Leave out the older half of the model's turns, but not the last so many; how many went."""
        starts = [
            index
            for index, message in enumerate(self.messages)
            if message["role"] == "assistant" and self.messages[index - 1]["role"] == "user"
        ]
        going = min(-(-len(starts) // 2), len(starts) - keep)
        if going <= 0:
            return 0
        first, upto = starts[0], starts[going]
        gone = self.messages[first:upto]
        actions = [call.id for call in _calls_of(gone) if TOOL in (call.toolset, call.name)]
        self.cleared = max(0, self.cleared - len(actions))
        said = [message for message in gone if message["role"] == "user" and not _has_results(message)]
        self.messages[first:upto] = said
        if LEFT_OUT not in (task := _content(self.messages[0])):
            task.append(dict(LEFT_OUT))
            first = 0
        self._edited(first)
        return going

    def forget_thoughts(self) -> None:
        """Take out all that was thought: it is bound to what came before, and that is not what it was."""
        for message in self.messages:
            if message["role"] == "assistant":
                message["content"] = [block for block in _content(message) if _kind(block) not in THOUGHTS]
        self.messages = [message for message in self.messages if message["content"]]
        self._edited(1)

    def replace_pictures(self, change: Callable[[Json], Json]) -> None:
        """Put what `change` makes of it in place of each picture."""
        for index, message in enumerate(self.messages):
            for blocks, at, _ in _pictures(message):
                picture = blocks[at]
                if isinstance(picture, dict) and (other := change(picture)) is not picture:
                    blocks[at] = other
                    self._edited(index)

    @property
    def first_shown(self) -> int:
        """The message with the first picture that is still shown; their number where none is."""
        return next((index for index, *_ in self._shown()), len(self.messages))

    @property
    def actions(self) -> int:
        """Calls of the computer so far."""
        return len(self._actions())

    def _held(self) -> Iterator[_Place]:
        """Pictures that are there."""
        for index, message in enumerate(self.messages):
            for blocks, at, owner in _pictures(message):
                if blocks[at] != DOT:
                    yield index, blocks, at, owner

    def _shown(self) -> Iterator[_Place]:
        """Pictures that the model sees."""
        gone = {call.id for call in self._actions()[: self.cleared]} if self.cleared else frozenset[str]()
        return (place for place in self._held() if place[-1] not in gone)

    def _actions(self) -> list[Call]:
        """All calls of the computer."""
        return [call for call in _calls_of(self.messages) if TOOL in (call.toolset, call.name)]


def _calls_of(messages: Iterable[Json]) -> Iterator[Call]:
    for message in messages:
        if message["role"] == "assistant":
            yield from calls(_content(message))


def _pictures(message: Json) -> Iterator[tuple[_Blocks, int, str | None]]:
    """The list of blocks that holds a picture, where in it, and the call that it answers."""
    if message["role"] != "user":
        return
    content = _content(message)
    for at, block in enumerate(content):
        if _kind(block) == "image":
            yield content, at, None
        elif isinstance(block, dict) and _kind(block) == "tool_result":
            inner = block.get("content")
            for place, part in enumerate(inner if isinstance(inner, list) else []):
                if _kind(part) == "image" and isinstance(inner, list):
                    yield inner, place, str(block.get("tool_use_id"))


def _content(message: Json) -> _Blocks:
    """The blocks of a message, which are lists in all that are made here."""
    content = message["content"]
    if not isinstance(content, list):
        content = message["content"] = [{"type": "text", "text": content}]
    return content


def _kind(block: JsonValue) -> str:
    return str(block.get("type")) if isinstance(block, dict) else ""


def _has_results(message: Json) -> bool:
    return any(_kind(block) == "tool_result" for block in _content(message))


def _marked(message: Json, ttl: Ttl) -> Json:
    """The message with a mark on its last block."""
    content = message["content"]
    if not isinstance(content, list) or not content or not isinstance(content[-1], dict):
        return message
    return {**message, "content": [*content[:-1], {**content[-1], "cache_control": mark(ttl)}]}


def _unmarked(message: Json) -> Json:
    """A copy without marks."""
    bare: list[JsonValue] = [
        {key: value for key, value in block.items() if key != "cache_control"} if isinstance(block, dict) else block
        for block in _content(deepcopy(message))
    ]
    return {**message, "content": bare}


def _kept(asked: Json) -> int:
    """How many answers of the computer a request had the API leave in."""
    match asked.get("context_management"):
        case {"edits": [{"keep": {"value": int(keep)}}, *_]}:
            return keep
        case _:
            return 0


def mark(ttl: Ttl) -> Json:
    """A mark for the cache; the short one is the API's own default."""
    return {"type": "ephemeral"} if ttl == "5m" else {"type": "ephemeral", "ttl": ttl}
