from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.transcript import DOT, GONE, LEFT_OUT, NOT_DONE, UNKNOWN, Transcript
from harness.model.turn import Turn
from harness.tools.call import HALTED, Json

IMAGE: Json = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}}


def text(said: str) -> Json:
    return {"type": "text", "text": said}


def result(*content: Json, call: str = "a") -> Json:
    return {"type": "tool_result", "tool_use_id": call, "content": list(content)}


def call(name: str, number: str = "a", toolset: str | None = "computer") -> Json:
    block: Json = {"type": "tool_use", "id": number, "name": name, "input": {}}
    return {**block, "toolset_name": toolset} if toolset else block


def conversation(turns: int, action: str = "left_click") -> Transcript:
    transcript = Transcript()
    transcript.say(text("do it"))
    for turn in range(turns):
        thought: Json = {"type": "thinking", "thinking": "hm", "signature": f"s{turn}"}
        transcript.answered(Turn({"content": [thought, text(f"turn {turn}"), call(action, f"c{turn}")]}))
        transcript.say(result(text("done"), deepcopy(IMAGE), call=f"c{turn}"))
    return transcript


def marks(transcript: Transcript) -> list[int]:
    return [index for index, message in enumerate(transcript.marked()) if "cache_control" in str(message)]


def blocks(transcript: Transcript, message: int) -> list[Json]:
    return transcript.messages[message]["content"]  # type: ignore[return-value]


# --- the cache -------------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_what_stays_is_settled_and_the_end_is_for_the_next_request() -> None:
    transcript = conversation(3)
    assert marks(transcript) == [0, 4, 6]
    assert transcript.marked()[-1]["content"] == [
        {**result(text("done"), IMAGE, call="c2"), "cache_control": {"type": "ephemeral"}}
    ]


def test_what_was_written_is_marked_again_however_much_came_since() -> None:
    transcript = conversation(2)
    transcript.say(text("by the way"))
    assert marks(transcript)[-1] == 5
    transcript.answered(Turn({"content": [text("yes?")]}))
    transcript.say(text("one"))
    transcript.say(text("two"))
    assert marks(transcript) == [0, 5, 8]


def test_when_pictures_leave_what_came_before_them_is_still_read() -> None:
    transcript = conversation(8)
    transcript.prune(2)
    assert marks(transcript) == [0, 12, 16]
    transcript.answered(Turn({"content": [text("on")]}))
    transcript.say(result(IMAGE))
    transcript.answered(Turn({"content": [text("on")]}))
    transcript.say(result(IMAGE))
    transcript.prune(2)
    assert marks(transcript) == [12, 16, 20]


def test_marks_for_an_hour_say_so() -> None:
    assert "'ttl': '1h'" in str(conversation(1).marked("1h"))


def test_marking_changes_nothing_in_the_conversation() -> None:
    transcript = conversation(2)
    before = deepcopy(transcript.messages)
    transcript.marked()
    assert transcript.messages == before


# --- turns -----------------------------------------------------------------------------------------------------------


def test_answers_go_back_as_they_came() -> None:
    strange: list[Json] = [{"type": "brand_new", "x": [1]}, {"type": "thinking", "thinking": "", "signature": "s"}]
    transcript = Transcript()
    transcript.answered(Turn({"content": list(strange)}))
    assert transcript.marked() == [{"role": "assistant", "content": strange}]


def test_an_answer_without_content_does_not_go_back() -> None:
    transcript = Transcript()
    transcript.answered(Turn({"content": []}))
    assert transcript.messages == []


def test_calls_left_open_are_answered_before_anything_else_is_said() -> None:
    transcript = Transcript()
    transcript.answered(Turn({"content": [call("left_click", "a"), call("screenshot", "b"), call("bash", "c", None)]}))
    transcript.say(text("go on"))
    told = [(block.get("tool_use_id"), str(block.get("content"))) for block in blocks(transcript, 1)]
    assert [number for number, _ in told] == ["a", "b", "c", None]
    assert [words in content for words, (_, content) in zip((NOT_DONE, HALTED, NOT_DONE), told, strict=False)] == [
        True
    ] * 3
    assert blocks(transcript, 1)[-1] == text("go on")


def test_a_block_is_added_to_the_users_turn_or_makes_one() -> None:
    transcript = conversation(1)
    transcript.add(text("look closely"))
    assert blocks(transcript, 2)[-1] == text("look closely")
    transcript.answered(Turn({"content": [text("hm")]}))
    transcript.add(text("go on"))
    assert transcript.messages[-1] == {"role": "user", "content": [text("go on")]}


# --- what leaves -----------------------------------------------------------------------------------------------------


@given(st.integers(0, 8), st.integers(0, 9))
def test_pruning_keeps_the_newest_pictures_and_all_else(turns: int, keep: int) -> None:
    transcript = conversation(turns)
    assert transcript.prune(keep) == max(0, turns - keep)
    assert transcript.pictures == min(turns, keep)
    assert str(transcript.messages).count(str(GONE)) == max(0, turns - keep)
    assert len(transcript.messages) == 1 + 2 * turns
    results = [message["content"] for message in transcript.messages if "tool_result" in str(message)]
    assert [("iVBORw0K" in str(content)) for content in results] == [False] * (turns - keep) + [True] * min(turns, keep)


def test_an_answer_that_must_hold_a_picture_keeps_the_smallest_there_is() -> None:
    transcript = conversation(3, "screenshot")
    transcript.prune(1)
    assert blocks(transcript, 2)[0]["content"] == [text("done"), GONE, DOT]
    assert (transcript.pictures, transcript.images) == (1, 3)
    assert transcript.prune(1) == 0


def test_clearing_leaves_all_in_place_and_says_how_much_the_api_takes_out() -> None:
    transcript = conversation(6)
    before = deepcopy(transcript.messages)
    assert transcript.clear(2) == 4
    assert (transcript.cleared, transcript.pictures, transcript.images) == (4, 2, 6)
    assert transcript.clear(2) == 0
    assert transcript.messages == before
    assert transcript.first_shown == 10


def test_the_older_half_of_the_turns_leaves_and_what_people_said_stays() -> None:
    transcript = conversation(3)
    transcript.say(text("the second one, please"))
    for turn in range(3, 6):
        transcript.answered(Turn({"content": [call("left_click", f"c{turn}")]}))
        transcript.say(result(text("done"), call=f"c{turn}"))
    transcript.clear(0)
    assert transcript.shorten(2) == 3
    assert blocks(transcript, 0) == [text("do it"), LEFT_OUT]
    assert transcript.messages[1] == {"role": "user", "content": [text("the second one, please")]}
    assert [message["role"] for message in transcript.messages[2:]] == ["assistant", "user"] * 3
    assert transcript.cleared == 0
    assert transcript.shorten(2) == 1
    assert transcript.shorten(2) == 0
    assert str(transcript.messages).count(str(LEFT_OUT["text"])) == 1


def test_thoughts_can_be_forgotten_all_at_once() -> None:
    transcript = conversation(2)
    transcript.answered(Turn({"content": [{"type": "thinking", "thinking": "", "signature": "s"}]}))
    transcript.forget_thoughts()
    assert "thinking" not in str(transcript.messages)
    assert len(transcript.messages) == 5


def test_pictures_can_be_replaced_where_they_stand() -> None:
    transcript = conversation(2)
    transcript.replace_pictures(lambda _: dict(DOT))
    assert str(transcript.messages).count(str(DOT)) == 2


# --- resumed ---------------------------------------------------------------------------------------------------------


def body(transcript: Transcript) -> Json:
    return {"messages": list(transcript.marked())}


def test_a_conversation_is_resumed_from_its_last_request_and_answer() -> None:
    transcript = conversation(3)
    answer: Json = {"stop_reason": "tool_use", "content": [call("left_click", "x"), call("key", "y")]}
    resumed = Transcript.resumed(body(transcript), answer)
    assert resumed.messages[:-2] == transcript.messages
    assert resumed.messages[-2] == {"role": "assistant", "content": answer["content"]}
    told = blocks(resumed, -1)
    assert [(block["tool_use_id"], block["is_error"]) for block in told] == [("x", True), ("y", True)]
    assert (UNKNOWN in str(told[0]), HALTED in str(told[1])) == (True, True)


@pytest.mark.parametrize("answer", [None, {"stop_reason": "max_tokens", "content": [text("blah")]}])
def test_a_request_whose_answer_was_not_whole_is_asked_again(answer: Json | None) -> None:
    transcript = conversation(2)
    assert Transcript.resumed(body(transcript), answer).messages == transcript.messages


def test_what_the_api_took_out_stays_out() -> None:
    transcript = conversation(5)
    transcript.clear(2)
    edits: list[Json] = [{"keep": {"type": "tool_uses", "value": 2}}]
    asked: Json = {**body(transcript), "context_management": {"edits": list(edits)}}
    assert Transcript.resumed(asked).cleared == 3


def test_resuming_leaves_what_was_stored_alone() -> None:
    asked = body(conversation(2))
    before = deepcopy(asked)
    Transcript.resumed(asked).prune(0)
    assert asked == before
