"""Every request of a run is built again from its folder, to the byte."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import anthropic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from harness.agent.limits import Limits, Spent
from harness.agent.loop import Loop, text
from harness.agent.outcome import Finished, Outcome
from harness.agent.telling import Telling
from harness.errors import BadAnswer, ModelError, Unavailable, UsageError
from harness.geometry import Viewport, fit_model
from harness.model.asking import Asking
from harness.model.catalog import find
from harness.model.claude import Claude
from harness.model.clients import Line
from harness.model.throttle import Throttle
from harness.model.transcript import Transcript
from harness.model.turn import Counts, Request, Turn
from harness.record.conversation import Recorded, canonical, exchanges, fingerprint, last_exchange
from harness.record.folder import RunFolder
from harness.testing import FakeDesktop
from harness.tools.bash import Bash
from harness.tools.computer import Computer
from harness.tools.toolbox import Toolbox
from sandbox_image.wire import Region, Size
from tests.support import api
from tests.support.api import StandIn, call, computer, member, say, stand_in, think

SCREEN = Size(width=1280, height=800)
PNG = base64.b64encode(b"\x89PNG of a screen").decode()
Json = dict[str, JsonValue]


def picture(data: str = PNG, media: str = "image/png") -> Json:
    return {"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}


def message(*content: JsonValue, role: str = "user") -> Json:
    return {"role": role, "content": list(content)}


def request(*messages: JsonValue, **parameters: JsonValue) -> Request:
    return Request({"model": "claude-x", "max_tokens": 100, **parameters, "messages": list(messages)}, ("a-beta",))


def said(word: str) -> Turn:
    return Turn({"id": "msg", "content": [{"type": "text", "text": word}], "stop_reason": "end_turn"})


class Answering:
    """Gives answers, or raises what takes the place of one, and remembers what it was asked."""

    def __init__(self, *answers: Turn | BaseException) -> None:
        self.answers: Iterator[Turn | BaseException] = iter(answers)
        self.asked: list[Request] = []

    async def turn(self, request: Request) -> Turn:
        self.asked.append(request)
        answer = next(self.answers, None) or said("more")
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    with RunFolder.new(tmp_path, "a") as folder:
        yield folder


def lines(folder: RunFolder) -> list[Json]:
    return [json.loads(line) for line in folder.messages.path.read_bytes().splitlines()]


# --- what is written --------------------------------------------------------------------------------------------


async def test_a_line_says_what_differs_from_the_question_before(folder: RunFolder) -> None:
    recorded = Recorded(Answering(), folder)
    await recorded.turn(request(message("a"), message("b"), system="s", thinking={"type": "disabled"}))
    await recorded.turn(request(message("a"), message("b", "c"), message("d"), system="s", max_tokens=200))
    first, _, second, _ = lines(folder)
    assert first["set"] == {
        "model": "claude-x", "max_tokens": 100, "system": "s", "thinking": {"type": "disabled"},
    }  # fmt: skip
    assert (first["removed"], first["kept"], first["betas"]) == ([], 0, ["a-beta"])
    assert (second["set"], second["removed"], second["kept"]) == ({"max_tokens": 200}, ["thinking"], 1)
    assert second["messages"] == [message("b", "c"), message("d")]


async def test_pictures_are_files_that_are_named_by_their_content(folder: RunFolder) -> None:
    recorded = Recorded(Answering(), folder)
    await recorded.turn(request(message(picture(), {"type": "tool_result", "content": [picture()]})))
    (frame,) = (folder.path / "frames").iterdir()
    assert frame.read_bytes() == base64.b64decode(PNG)
    assert PNG not in folder.messages.path.read_text()
    assert folder.messages.path.read_text().count(f'"frame":"{frame.stem}"') == 2


async def test_a_question_can_be_checked_by_its_line_alone(folder: RunFolder) -> None:
    await Recorded(Answering(), folder).turn(request(message(picture())))
    asked = json.loads(folder.messages.path.read_text().splitlines()[0])
    told = {**asked["set"], "messages": asked["messages"]}
    assert asked["sha256"] == sha256(canonical(told)).hexdigest()


async def test_requests_are_counted_as_the_model_counts_and_that_is_not_written(folder: RunFolder) -> None:
    class Counting(Answering):
        async def count(self, _: Request) -> int | None:
            return 42

    counting, silent = Recorded(Counting(), folder), Recorded(Answering(), folder)
    assert isinstance(silent, Counts)
    assert (await counting.count(request()), await silent.count(request())) == (42, None)
    assert not folder.messages.path.exists()


async def test_the_file_is_its_owners_alone(folder: RunFolder) -> None:
    await Recorded(Answering(), folder).turn(request(message("a")))
    assert folder.messages.path.stat().st_mode & 0o777 == 0o600


async def test_a_question_is_on_disk_before_it_is_asked(folder: RunFolder) -> None:
    class Looking(Answering):
        async def turn(self, request: Request) -> Turn:
            assert last_exchange(folder.path) is not None
            return await super().turn(request)

    await Recorded(Looking(), folder).turn(request(message("a")))


def test_what_is_equal_as_json_has_one_fingerprint_and_nothing_else_has() -> None:
    assert canonical({"b": 1, "a": "é"}) == b'{"a":"\\u00e9","b":1}'
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert len({fingerprint({"a": value}) for value in (1, True, 1.0, "1")}) == 4


# --- what is built again ----------------------------------------------------------------------------------------

LEAVES: st.SearchStrategy[JsonValue] = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
MARKED: st.SearchStrategy[JsonValue] = st.fixed_dictionaries(
    {"type": st.sampled_from(["frame", "base64", "image"])}, optional={
    "frame": st.sampled_from(["0" * 64, "../../x"]), "media_type": st.just("image/png"),
    "data": st.sampled_from([PNG, "no base64", PNG.rstrip("=")]), "literal": st.just({"type": "frame"}),
})  # fmt: skip
PICTURES: st.SearchStrategy[JsonValue] = st.builds(
    picture, st.binary(max_size=3).map(lambda data: base64.b64encode(data).decode())
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    LEAVES | MARKED | PICTURES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["model", "system", "tools", "thinking"])
BODIES = st.builds(
    lambda parameters, messages: {**parameters, "messages": messages},
    st.dictionaries(NAMES, VALUES),
    st.lists(st.sampled_from([0, 1, 2]).map(lambda number: message(str(number))) | VALUES, max_size=5),
)


@given(st.lists(BODIES, max_size=5), st.integers(0, 5))
async def test_any_conversation_is_built_again_exactly(bodies: list[Json], left: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        with RunFolder.new(Path(root), "a") as folder:
            recorded = Recorded(Answering(), folder)
            for index, body in enumerate(bodies):
                if index == left:  # another process goes on
                    recorded = Recorded(Answering(), folder)
                await recorded.turn(Request(body))
        again = list(exchanges(folder.path))
    assert [canonical(one.request.body) for one in again] == [canonical(body) for body in bodies]
    assert all(one.whole and one.turn for one in again)


async def test_what_python_takes_for_equal_is_told_apart(folder: RunFolder) -> None:
    recorded = Recorded(Answering(), folder)
    values: list[JsonValue] = [1, True, 1.0, {"a": 0, "b": False}, {"a": False, "b": 0}]
    asked = [request(value, stream=value) for value in values]
    for one in asked:
        await recorded.turn(one)
    assert [canonical(one.request.body) for one in exchanges(folder.path)] == [canonical(one.body) for one in asked]


async def nothing(_: float) -> None:
    """Waits are told, not waited."""


async def converse(stand: StandIn, model: str, folder: RunFolder) -> tuple[Outcome, Transcript]:
    desktop, entry = FakeDesktop(SCREEN), find(model)
    assert entry is not None
    view = Viewport(Region(x=0, y=0, width=1280, height=800), fit_model(SCREEN, entry.limits))
    client = anthropic.AsyncAnthropic(base_url=stand.url, api_key="key", max_retries=0)
    claude = Claude(Line(client), Throttle(sleep=nothing), waits=lambda _: None, hears=lambda _: None)
    transcript = Transcript()
    transcript.say(text("look around"))
    tools = Toolbox(Computer(desktop, view), {"bash": Bash(desktop)})
    asking, telling = Asking(model, entry, "You work at a desktop.", SCREEN), Telling(lambda _: None, view)
    loop = Loop(Recorded(claude, folder), asking, tools, transcript, Limits(), Spent(), telling)
    return await loop.run(), transcript


NEWEST = [
    api.Turn([think("hm"), say("I look."), member("screenshot")]),
    *[api.Turn([call("bash", command=f"echo {number}"), member("screenshot")]) for number in range(4)],
    api.Turn([member("left_click", coordinate=[10, 10]), member("zoom", region=[0, 0, 50, 50])]),
    api.Turn([say("done")]),
]
OLDER = [
    *[api.Turn([computer("wait", duration=0), computer("screenshot")]) for _ in range(5)],
    api.Refuse(413, "too large"),
    api.Turn([computer("key", text="ctrl+s")]),
    api.Turn([say("done")]),
]


@pytest.mark.parametrize(("model", "replies"), [("claude-sonnet-5-5", NEWEST), ("claude-opus-4-6", OLDER)])
async def test_what_was_sent_over_the_wire_is_built_again_exactly(
    folder: RunFolder, model: str, replies: Sequence[api.Turn | api.Refuse]
) -> None:
    async with stand_in(list(replies)) as stand:
        outcome, transcript = await converse(stand, model, folder)
    again = list(exchanges(folder.path))
    assert outcome == Finished("done")
    assert stand.violations == []
    sent = [{name: value for name, value in one.body.items() if name != "stream"} for one in stand.requests]
    assert [one.request.body for one in again] == sent
    assert all(one.whole for one in again)
    assert again[-1].messages == transcript.messages[:-1]  # what was said so far, to go on from
    assert [one.turn is None for one in again] == [isinstance(reply, api.Refuse) for reply in replies]
    for before, after in pairwise(again):
        content = after.request.body["messages"]
        assert isinstance(content, list)
        if before.turn:  # an answer goes back as it came
            assert {"role": "assistant", "content": before.turn.content} in content


async def test_a_long_conversation_is_written_once(folder: RunFolder) -> None:
    turns = [api.Turn([say(f"look {index}"), member("screenshot")]) for index in range(30)]
    async with stand_in([*turns, api.Turn([say("done")])]) as stand:
        await converse(stand, "claude-sonnet-5-5", folder)
    sent = sum(len(canonical(one.body)) for one in stand.requests)
    assert folder.messages.path.stat().st_size < sent / 4, sent


# --- what is left after a crash ---------------------------------------------------------------------------------


async def test_a_question_without_an_answer_is_the_last_one(folder: RunFolder) -> None:
    recorded = Recorded(Answering(said("one"), KeyboardInterrupt()), folder)
    await recorded.turn(request(message("a")))
    with pytest.raises(KeyboardInterrupt):
        await recorded.turn(request(message("a"), message(picture())))
    last = last_exchange(folder.path)
    assert last is not None
    assert (last.turn, last.error) == (None, "")
    assert last.request == request(message("a"), message(picture()))


@pytest.mark.parametrize(
    ("error", "body"),
    [(Unavailable("overloaded", "overloaded: too much"), None), (BadAnswer("no answer", "{ill"), "{ill")],
)
async def test_why_there_is_no_answer_is_told_with_what_came_instead(
    folder: RunFolder, error: ModelError, body: str | None
) -> None:
    with pytest.raises(ModelError):
        await Recorded(Answering(error), folder).turn(request(message("a")))
    last = last_exchange(folder.path)
    assert last is not None
    assert (last.turn, last.error) == (None, str(error))
    assert (lines(folder)[-1]["error"], lines(folder)[-1]["body"]) == (type(error).__name__, body)


async def test_a_crash_at_any_byte_leaves_a_conversation_that_goes_on(folder: RunFolder) -> None:
    asked = [request(message("a"), system="s"), request(message("a"), message("b", picture()))]
    recorded = Recorded(Answering(said("one"), said("two")), folder)
    for one in asked:
        await recorded.turn(one)
    folder.messages.close()
    content = folder.messages.path.read_bytes()
    ends = set()
    for end in range(len(content)):
        folder.messages.path.write_bytes(content[:end])
        left = list(exchanges(folder.path))
        assert [one.request for one in left] == asked[: len(left)]
        ends.add((len(left), bool(left) and left[-1].turn is not None))
        if end % 50 == 0:
            with RunFolder(folder.path) as again:
                await Recorded(Answering(), again).turn(request(message("z")))
            last = last_exchange(folder.path)
            assert last is not None
            assert last.request == request(message("z"))
            assert last.turn == said("more")
    assert ends == {(0, False), (1, False), (1, True), (2, False), (2, True)}


async def test_a_conversation_whose_pictures_are_gone_is_not_built_again(folder: RunFolder) -> None:
    await Recorded(Answering(), folder).turn(request(message(picture())))
    for frame in (folder.path / "frames").iterdir():
        frame.unlink()
    assert [one.whole for one in exchanges(folder.path)] == [False]
    with pytest.raises(UsageError, match="pictures are missing in frames/"):
        last_exchange(folder.path)


def test_a_folder_without_a_conversation_has_none(folder: RunFolder) -> None:
    assert last_exchange(folder.path) is None
    assert not folder.messages.path.exists()


async def test_half_a_pair_of_a_character_is_kept(folder: RunFolder) -> None:
    await Recorded(Answering(), folder).turn(request(message("\ud83d")))
    last = last_exchange(folder.path)
    assert last is not None
    assert last.whole
    assert last.request == request(message("\ud83d"))


async def test_what_fails_elsewhere_is_the_callers(folder: RunFolder) -> None:
    with pytest.raises(ValueError, match="not the model"):
        await Recorded(Answering(ValueError("not the model")), folder).turn(request(message("a")))
    assert [line["kind"] for line in lines(folder)] == ["asked"]
