"""Whatever is sent comes back equal; whatever else arrives is a WireError and nothing more."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sandbox_image.wire import (
    MAX_COORDINATE,
    SHELL_EVENT,
    Answer,
    Cancel,
    Click,
    Done,
    Drag,
    Effect,
    ErrorCode,
    Exit,
    Failure,
    FileInfo,
    Health,
    Launch,
    Launched,
    Lease,
    ListWindows,
    Message,
    Move,
    Ok,
    Output,
    Perform,
    Picture,
    PictureInfo,
    Press,
    ReadFile,
    ReadText,
    Region,
    Reply,
    ScreenPoint,
    Scroll,
    Settle,
    Shell,
    Size,
    TextRead,
    TypeText,
    WaitWindow,
    Window,
    WindowFound,
    WindowList,
    WireError,
    Word,
    WriteFile,
    decode,
    decode_frame,
    encode,
    encode_frame,
)

places = st.integers(-MAX_COORDINATE - 1, MAX_COORDINATE)
lengths = st.integers(1, MAX_COORDINATE)
texts = st.text(min_size=1, max_size=50)
numbers = st.integers(-(2**53), 2**53)
durations = st.floats(0, 1e9)
ids = st.from_regex(r"[A-Za-z0-9_-]{8,64}", fullmatch=True)
deadlines = st.integers(1, 3_600_000)
buttons = st.sampled_from(["left", "middle", "right"])
points = st.builds(ScreenPoint, x=places, y=places)
sizes = st.builds(Size, width=lengths, height=lengths)
regions = st.builds(Region, x=places, y=places, width=lengths, height=lengths)
maybe_points, maybe_regions = st.none() | points, st.none() | regions


def many(items: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, min_size=least, max_size=4).map(tuple)


actions = st.one_of(
    st.builds(Move, to=points),
    st.builds(Click, at=maybe_points, button=buttons, count=st.integers(1, 3)),
    st.builds(Drag, path=many(points, 2), button=buttons),
    st.builds(Scroll, at=maybe_points, dx=st.integers(-1000, 1000), dy=st.integers(1, 1000)),
    st.builds(Press, keys=texts, repeat=st.integers(1, 100)),
    st.builds(TypeText, text=texts),
    st.builds(Launch, argv=many(texts, 1), cwd=st.none() | texts),
    st.builds(WaitWindow, title=st.none() | texts, pid=st.none() | numbers, timeout_ms=deadlines),
    st.builds(ListWindows),
    st.builds(ReadText, region=maybe_regions),
)
windows = st.builds(
    Window,
    id=numbers,
    title=st.text(),
    window_class=st.tuples(texts, texts),
    pid=st.none() | numbers,
    region=regions,
    active=st.booleans(),
)
words = st.builds(Word, text=texts, box=regions, confidence=st.floats(0, 100), line=numbers)
results = st.one_of(
    st.builds(Done),
    st.builds(Launched, pid=numbers, log=texts),
    st.builds(WindowFound, window=windows),
    st.builds(WindowList, windows=many(windows)),
    st.builds(TextRead, words=many(words)),
)
failures = st.builds(Failure, code=st.sampled_from(ErrorCode), message=st.text(), action=st.none() | st.integers(0, 99))
effects = st.builds(
    Effect,
    changed=st.booleans(),
    box=maybe_regions,
    share=st.floats(0, 1),
    still=st.booleans(),
    waited_ms=durations,
)
formats: list[Literal["png", "jpeg"]] = ["png", "jpeg"]
shown = st.sampled_from(formats)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    picture = draw(st.binary(max_size=200))
    info = PictureInfo(region=draw(regions), size=draw(sizes), format=draw(shown), length=max(1, len(picture)))
    reply = Reply(
        id=draw(ids),
        results=draw(many(results)),
        failure=draw(st.none() | failures),
        effect=draw(st.none() | effects),
        picture=info if picture else None,
        took_ms=draw(durations),
    )
    return Answer(reply, picture)


messages: st.SearchStrategy[Message] = st.one_of(
    actions,
    results,
    failures,
    effects,
    st.builds(
        Perform,
        id=ids,
        deadline_ms=deadlines,
        actions=many(actions),
        settle=st.none() | st.builds(Settle, limit_ms=deadlines),
        picture=st.none()
        | st.builds(Picture, region=maybe_regions, size=st.none() | sizes, format=st.sampled_from(["auto", *formats])),
    ),
    st.builds(Shell, id=ids, command=st.text(), restart=st.booleans(), timeout_ms=deadlines),
    st.builds(Output, text=st.text()),
    st.builds(Exit, code=st.none() | numbers, timed_out=st.booleans(), omitted=numbers, session_ended=st.booleans()),
    st.builds(ReadFile, path=texts),
    st.builds(WriteFile, path=texts, mode=st.integers(0, 0o777)),
    st.builds(FileInfo, path=texts, type=st.sampled_from(["file", "folder"]), bytes=st.integers(0, 2**53)),
    st.builds(Health, boot=texts, wire=texts, screen=sizes, lease_s=durations),
    st.builds(Lease, seconds=st.floats(0.001, 86_400)),
    st.builds(Cancel, id=ids),
    st.builds(Ok),
)


@given(messages)
def test_every_message_comes_back_equal(message: Message) -> None:
    assert decode(type(message), encode(message)) == message


@given(answers())
def test_every_frame_comes_back_equal(answer: Answer) -> None:
    assert decode_frame(encode_frame(answer)) == answer


@pytest.mark.parametrize("raw", ["%", "abc", "Y2Fm 6Q=="])
def test_raw_output_is_base64_and_nothing_else(raw: str) -> None:
    with pytest.raises(WireError, match="no base64"):
        decode(SHELL_EVENT, f'{{"kind": "output", "text": "x", "raw": "{raw}"}}'.encode())


@pytest.mark.parametrize("name", ["", "A B", "A=B", "1A", "A\n", "a-b"])
def test_a_variable_has_a_name_that_a_shell_takes(name: str) -> None:
    with pytest.raises(ValidationError):
        Shell(id="shell-0001", command="true", env={name: "x"})


@given(st.one_of(st.builds(Output, text=st.text()), st.builds(Exit, code=numbers), failures))
def test_shell_events_are_one_line_each(event: Output | Exit | Failure) -> None:
    assert b"\n" not in encode(event)
    assert decode(SHELL_EVENT, encode(event)) == event


@given(answers(), st.data())
def test_a_frame_cut_anywhere_is_an_error(answer: Answer, data: st.DataObject) -> None:
    frame = encode_frame(answer)
    with pytest.raises(WireError):
        decode_frame(frame[: data.draw(st.integers(0, len(frame) - 1))])


@given(answers(), st.binary(min_size=1, max_size=9))
def test_a_frame_with_more_than_it_announces_is_an_error(answer: Answer, more: bytes) -> None:
    with pytest.raises(WireError, match="announces a picture"):
        decode_frame(encode_frame(answer) + more)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_a_wire_error(body: bytes) -> None:
    for read in (decode_frame, lambda b: decode(Perform, b), lambda b: decode(SHELL_EVENT, b)):
        with suppress(WireError):
            read(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@given(json_values, st.dictionaries(st.sampled_from(sorted(Perform.model_fields)), json_values))
def test_arbitrary_json_raises_nothing_but_a_wire_error(value: object, fields: dict[str, object]) -> None:
    for body in (json.dumps(value), json.dumps(fields), json.dumps({"kind": "exit", **fields})):
        for kind in (Perform, Reply, Shell, WaitWindow):
            with suppress(WireError):
                decode(kind, body.encode())


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ScreenPoint(x=1, y=2).x = 3  # type: ignore[misc] # that it is refused is the point


def test_a_wire_error_names_the_field_and_what_was_found_and_stays_short() -> None:
    body = json.dumps({"id": "12345678", "actions": [{"kind": "type", "text": ["x" * 1000]}] * 7}).encode()
    with pytest.raises(WireError, match=r"actions\.0\.type\.text: .*found \['x") as caught:
        decode(Perform, body)
    assert "and 2 more" in str(caught.value)
    assert len(str(caught.value)) < 1200


@pytest.mark.parametrize(
    ("region", "center"),
    [((0, 0, 1, 1), (0, 0)), ((0, 0, 2, 2), (0, 0)), ((10, 20, 3, 5), (11, 22)), ((-4, -4, 4, 4), (-3, -3))],
)
def test_the_centre_of_a_region_is_its_middle_pixel(region: tuple[int, int, int, int], center: tuple[int, int]) -> None:
    x, y, width, height = region
    assert Region(x=x, y=y, width=width, height=height).center == ScreenPoint(x=center[0], y=center[1])
