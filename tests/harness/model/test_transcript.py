from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from harness.model.transcript import GONE, Transcript
from harness.model.turn import Turn
from harness.tools.call import Json

IMAGE: Json = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}}


def text(said: str) -> Json:
    return {"type": "text", "text": said}


def result(*content: Json) -> Json:
    return {"type": "tool_result", "tool_use_id": "a", "content": list(content)}


def conversation(turns: int) -> Transcript:
    transcript = Transcript()
    transcript.say(text("do it"))
    for turn in range(turns):
        transcript.answered(Turn({"content": [text(f"turn {turn}")]}))
        transcript.say(result(text("done"), deepcopy(IMAGE)))
    return transcript


def test_the_ends_of_the_last_two_user_turns_are_marked() -> None:
    marked = conversation(3).marked()
    assert [("cache_control" in str(message)) for message in marked] == [False, False, False, False, True, False, True]
    assert marked[-1]["content"] == [{**result(text("done"), IMAGE), "cache_control": {"type": "ephemeral"}}]


def test_marks_for_an_hour_say_so() -> None:
    assert "'ttl': '1h'" in str(conversation(1).marked("1h"))


def test_marking_changes_nothing_in_the_conversation() -> None:
    transcript = conversation(2)
    before = deepcopy(transcript.messages)
    transcript.marked()
    assert transcript.messages == before


def test_answers_go_back_as_they_came() -> None:
    strange: list[Json] = [{"type": "brand_new", "x": [1]}, {"type": "thinking", "thinking": "", "signature": "s"}]
    transcript = Transcript()
    transcript.answered(Turn({"content": list(strange)}))
    assert transcript.marked() == [{"role": "assistant", "content": strange}]


@given(st.integers(0, 8), st.integers(0, 9))
def test_pruning_keeps_the_newest_pictures_and_all_else(turns: int, keep: int) -> None:
    transcript = conversation(turns)
    assert transcript.prune(keep) == max(0, turns - keep)
    assert transcript.pictures == min(turns, keep)
    assert str(transcript.messages).count(str(GONE)) == max(0, turns - keep)
    assert len(transcript.messages) == 1 + 2 * turns
    results = [message["content"] for message in transcript.messages if "tool_result" in str(message)]
    assert [("iVBORw0K" in str(content)) for content in results] == [False] * (turns - keep) + [True] * min(turns, keep)
