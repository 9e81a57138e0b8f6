from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from harness.events import (
    EVENT,
    MASK,
    Answered,
    Called,
    Event,
    FrameCaptured,
    Output,
    RunFinished,
    Speaking,
    StepFailure,
    StepFinished,
    masked,
)
from sandbox_image.wire import Region, ScreenPoint

BOX = Region(x=1, y=2, width=3, height=4)


def test_an_event_survives_its_json() -> None:
    event = StepFinished(
        step="steps.1", status="failed", points=(ScreenPoint(x=1, y=2),), box=BOX, failure=StepFailure(message="no")
    )
    assert EVENT.validate_json(event.model_dump_json()) == event


def test_the_bytes_of_a_frame_stay_out_of_its_json() -> None:
    frame = FrameCaptured(step="steps.1", moment="after", frame="0" * 64, format="png", region=BOX, data=b"\x89PNG")
    assert "data" not in frame.model_dump()
    assert EVENT.validate_json(frame.model_dump_json()) == frame.model_copy(update={"data": b""})


def test_an_event_knows_when_it_was() -> None:
    now = datetime.now(UTC)  # noqa: TID251 - it is a date
    assert abs((now - RunFinished(outcome="passed", seconds=1).at).total_seconds()) < 60


def through(event: Event, *secrets: str) -> Event:
    passed: list[Event] = []
    masked(passed.append, secrets)(event)
    (one,) = passed
    return one


def test_a_secret_is_covered_in_every_text() -> None:
    event = StepFinished(step="steps.1", status="failed", failure=StepFailure(message="no pa55 here", window="pa55"))
    covered = through(event, "pa55")
    assert isinstance(covered, StepFinished)
    assert covered.failure
    assert (covered.failure.message, covered.failure.window) == (f"no {MASK} here", MASK)
    assert covered.at == event.at


def test_a_secret_that_is_a_word_of_the_stream_does_not_break_it() -> None:
    event = StepFinished(step="steps.1", status="failed", failure=StepFailure(message="failed in steps.1"))
    covered = through(event, "failed", "steps.1", "step_finished", "2")
    assert isinstance(covered, StepFinished)
    assert (covered.step, covered.status) == ("steps.1", "failed")


def test_no_secret_is_taken_for_a_part_of_a_hash_or_of_a_name_of_ours() -> None:
    answered = through(Answered(turn=1, call="toolu_1", text="abc", failed=False, frame="abc" * 21), "abc", "toolu")
    assert isinstance(answered, Answered)
    assert (answered.frame, answered.call, answered.text) == ("abc" * 21, "toolu_1", MASK)
    spoken = through(Speaking(turn=1, what="text", text="text"), "text")
    assert isinstance(spoken, Speaking)
    assert (spoken.what, spoken.text) == ("text", MASK)


def test_a_secret_is_covered_in_what_a_call_was_given() -> None:
    called = Called(turn=1, call="a", tool="bash", action="", told="$ x", input={"command": "echo pa55", "restart": 1})
    covered = through(called, "pa55")
    assert isinstance(covered, Called)
    assert covered.input == {"command": f"echo {MASK}", "restart": 1}


def test_the_lines_of_a_long_secret_are_covered_one_by_one() -> None:
    covered = through(Output(step="a", text="x FIRST-LINE y SECOND-LINE", exit_code=0), "FIRST-LINE\nSECOND-LINE\n")
    assert isinstance(covered, Output)
    assert covered.text == f"x {MASK} y {MASK}"


@given(st.text(alphabet="ab•\n", min_size=1, max_size=6), st.text(alphabet="abc•\n ", max_size=30))
def test_no_secret_is_left_in_an_output(secret: str, text: str) -> None:
    covered = through(Output(step="s", text=text, exit_code=0), secret)
    assert isinstance(covered, Output)
    assert secret not in covered.text.replace(MASK, "\0")
