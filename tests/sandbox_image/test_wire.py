"""Whatever is sent comes back equal; whatever else arrives is a WireError and nothing more."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sandbox_image.wire import (
    MAX_COORDINATE,
    SHELL_EVENT,
    ActOnNode,
    Answer,
    ButtonDown,
    ButtonUp,
    Cancel,
    Click,
    CloseWindow,
    Done,
    Drag,
    Effect,
    ErrorCode,
    Exit,
    Failure,
    FileInfo,
    FindNodes,
    FocusNode,
    FocusWindow,
    FrameInfo,
    Frames,
    Health,
    KeyDown,
    KeyUp,
    Launch,
    Launched,
    Lease,
    Listen,
    ListPrograms,
    ListWindows,
    LiveFrame,
    Message,
    Move,
    MoveWindow,
    Node,
    NodeFocus,
    NodeFound,
    NodeQuery,
    NodeScope,
    NodesFound,
    NodeText,
    NodeTree,
    Ok,
    Open,
    Output,
    Perform,
    Picture,
    PictureFormat,
    PictureInfo,
    PointerState,
    Press,
    Program,
    ProgramList,
    ProgramOutput,
    ReadFile,
    ReadFocus,
    ReadNode,
    ReadOutput,
    ReadPointer,
    ReadText,
    ReadTree,
    Region,
    ReleaseAll,
    Reply,
    ResizeWindow,
    ScreenPoint,
    Scroll,
    SetNodeText,
    SetNodeValue,
    Settle,
    SetWindowState,
    Shell,
    Size,
    StopProgram,
    TextRead,
    TypeText,
    WaitChange,
    Waited,
    WaitExit,
    WaitNode,
    WaitPrograms,
    WaitStill,
    WaitWindow,
    WaitWindowGone,
    Window,
    WindowFound,
    WindowList,
    WireError,
    Word,
    WriteFile,
    decode,
    decode_event,
    decode_frame,
    encode,
    encode_event,
    encode_frame,
)

places = st.integers(-MAX_COORDINATE - 1, MAX_COORDINATE)
lengths = st.integers(1, MAX_COORDINATE)
texts = st.text(min_size=1, max_size=50)
numbers = st.integers(-(2**53), 2**53)
durations = st.floats(0, 1e9)
names = st.from_regex(r"[^=\x00]{1,20}", fullmatch=True)
ids = st.from_regex(r"[A-Za-z0-9_-]{8,64}", fullmatch=True)
deadlines = st.integers(1, 3_600_000)
buttons = st.sampled_from(["left", "middle", "right", "back", "forward"])
states = st.sampled_from(["normal", "maximized", "minimized", "fullscreen"])
points = st.builds(ScreenPoint, x=places, y=places)
sizes = st.builds(Size, width=lengths, height=lengths)
regions = st.builds(Region, x=places, y=places, width=lengths, height=lengths)
maybe_points, maybe_regions = st.none() | points, st.none() | regions


def many(items: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, min_size=least, max_size=4).map(tuple)


node_refs = st.from_regex(r":[0-9]{1,3}\.[0-9]{1,5}(/[A-Za-z0-9_]{1,9}){1,3}", fullmatch=True)
node_states = st.sampled_from(["focused", "showing", "has-popup", "read-only"])
scopes = st.builds(NodeScope, app=st.none() | texts, window=st.none() | texts, pid=st.none() | numbers)
queries = st.builds(NodeQuery, role=st.none() | texts, name=st.none() | texts, states=many(node_states))
node_texts = st.builds(
    NodeText,
    text=st.text(),
    start=st.integers(0, 99),
    length=st.integers(0, 99),
    caret=st.none() | numbers,
    selection=st.none() | st.tuples(numbers, numbers),
)
nodes: st.SearchStrategy[tuple[Node, ...]] = st.recursive(
    st.just(()),
    lambda children: many(
        st.builds(
            Node,
            ref=node_refs,
            app=texts,
            role=texts,
            name=st.text(),
            description=st.text(),
            states=many(node_states),
            text=st.none() | st.text(),
            value=st.none() | st.floats(-1e9, 1e9),
            box=maybe_regions,
            actions=many(texts),
            children=children,
            omitted=st.integers(0, 99),
        )
    ),
    max_leaves=4,
)
accessibility_actions = st.one_of(
    st.builds(ReadTree, scope=scopes, node=st.none() | node_refs, depth=st.integers(0, 60), limit=st.integers(1, 5000)),
    st.builds(FindNodes, scope=scopes, query=queries, limit=st.integers(1, 1000)),
    st.builds(WaitNode, scope=scopes, query=queries, timeout_ms=deadlines),
    st.builds(ReadNode, node=node_refs, start=st.integers(0, 99), limit=st.integers(1, 99)),
    st.builds(ReadFocus),
    st.builds(FocusNode, node=node_refs),
    st.builds(ActOnNode, node=node_refs, action=st.none() | texts),
    st.builds(SetNodeText, node=node_refs, text=st.text(max_size=50)),
    st.builds(SetNodeValue, node=node_refs, value=st.floats(-1e9, 1e9)),
)
actions = st.one_of(
    accessibility_actions,
    st.builds(Move, to=points),
    st.builds(Click, at=maybe_points, button=buttons, count=st.integers(1, 3), modifiers=many(texts)),
    st.builds(Drag, path=many(points, 2), button=buttons, modifiers=many(texts)),
    st.builds(Scroll, at=maybe_points, dx=st.integers(-1000, 1000), dy=st.integers(1, 1000), modifiers=many(texts)),
    st.builds(ButtonDown, at=maybe_points, button=buttons),
    st.builds(ButtonUp, at=maybe_points, button=buttons),
    st.builds(ReleaseAll),
    st.builds(ReadPointer),
    st.builds(Press, keys=texts, repeat=st.integers(1, 100)),
    st.builds(KeyDown, keys=texts),
    st.builds(KeyUp, keys=texts),
    st.builds(TypeText, text=texts),
    st.builds(Launch, argv=many(texts, 1), cwd=st.none() | texts, env=st.dictionaries(names, st.text())),
    st.builds(Open, target=texts),
    st.builds(ListPrograms),
    st.builds(ReadOutput, pid=numbers, max_output=st.integers(1000, 250_000)),
    st.builds(WaitExit, pid=numbers, timeout_ms=deadlines),
    st.builds(StopProgram, pid=numbers, grace_ms=st.integers(0, 60_000)),
    st.builds(WaitWindow, title=st.none() | texts, pid=st.none() | numbers, timeout_ms=deadlines),
    st.builds(ListWindows),
    st.builds(ReadText, region=maybe_regions, languages=many(st.sampled_from(["eng", "chi_sim"]), 1)),
    st.builds(WaitChange, region=maybe_regions, since=st.none() | texts, timeout_ms=deadlines),
    st.builds(WaitStill, region=maybe_regions, quiet_ms=st.integers(1, 60_000), timeout_ms=deadlines),
    st.builds(WaitWindowGone, window=st.none() | numbers, title_regex=st.none() | texts),
    st.builds(FocusWindow, window=numbers),
    st.builds(MoveWindow, window=numbers, to=points),
    st.builds(ResizeWindow, window=numbers, size=sizes),
    st.builds(SetWindowState, window=numbers, state=states),
    st.builds(CloseWindow, window=numbers, force=st.booleans(), timeout_ms=deadlines),
)
windows = st.builds(
    Window,
    id=numbers,
    title=st.text(),
    window_class=st.tuples(texts, texts),
    pid=st.none() | numbers,
    region=regions,
    active=st.booleans(),
    state=states,
)
words = st.builds(Word, text=texts, box=regions, confidence=st.floats(0, 100), line=numbers)
effects = st.builds(
    Effect,
    changed=st.booleans(),
    box=maybe_regions,
    share=st.floats(0, 1),
    still=st.booleans(),
    waited_ms=durations,
)
first_nodes: st.SearchStrategy[Node] = nodes.filter(bool).map(lambda found: found[0])
programs = st.builds(Program, pid=numbers, argv=many(texts), log=texts, running=st.booleans(), code=st.none() | numbers)
results = st.one_of(
    st.builds(NodeTree, nodes=nodes, silent=many(texts)),
    st.builds(NodesFound, nodes=nodes, more=st.booleans(), silent=many(texts)),
    st.builds(NodeFound, node=first_nodes),
    st.builds(NodeFocus, node=st.none() | first_nodes, text=st.none() | node_texts),
    node_texts,
    st.builds(Done),
    st.builds(PointerState, at=points, buttons=many(buttons), keys=many(texts)),
    st.builds(Launched, pid=numbers, log=texts),
    programs,
    st.builds(ProgramList, programs=many(programs)),
    st.builds(ProgramOutput, text=st.text()),
    st.builds(WindowFound, window=windows),
    st.builds(WindowList, windows=many(windows)),
    st.builds(TextRead, words=many(words), seen=texts),
    st.builds(Waited, effect=effects),
)
failures = st.builds(Failure, code=st.sampled_from(ErrorCode), message=st.text(), action=st.none() | st.integers(0, 99))
formats: list[PictureFormat] = ["png", "jpeg", "webp"]
shown_sizes = st.builds(Size, width=st.integers(1, 4000), height=st.integers(1, 4000))
pictures = st.builds(
    Picture,
    region=maybe_regions,
    size=st.none() | shown_sizes,
    format=st.sampled_from(["auto", *formats]),
    pointer=st.booleans(),
) | st.builds(Picture, format=st.just("webp"), lossless=st.booleans())
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
        picture=st.none() | pictures,
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
    st.builds(
        Listen,
        frames=st.builds(Frames, picture=pictures, fps=st.floats(0.01, 30)),
        windows=st.booleans(),
        programs=st.booleans(),
    ),
    st.builds(WaitPrograms, before=st.none() | st.dictionaries(texts, st.booleans(), max_size=3)),
)
frame_infos = st.builds(
    FrameInfo,
    sequence=st.integers(1, 2**53),
    time_ms=numbers,
    changed=maybe_regions,
    picture=st.builds(PictureInfo, region=regions, size=sizes, format=shown, length=st.integers(1, 200)),
)


@st.composite
def live_frames(draw: st.DrawFn) -> LiveFrame:
    info = draw(frame_infos)
    return LiveFrame(info, draw(st.binary(min_size=info.picture.length, max_size=info.picture.length)))


events = (
    live_frames()
    | st.builds(WindowList, windows=many(windows))
    | st.builds(ProgramList, programs=many(programs))
    | failures
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
    with pytest.raises(WireError, match="is announced"):
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


@given(regions, regions)
def test_a_clipped_region_holds_exactly_the_pixels_of_both(one: Region, other: Region) -> None:
    both = one.clipped(other)
    assert both == other.clipped(one)
    across = range(max(one.x, other.x), min(one.x + one.width, other.x + other.width))
    down = range(max(one.y, other.y), min(one.y + one.height, other.y + other.height))
    if not across or not down:
        assert both is None
    else:
        assert both == Region(x=across.start, y=down.start, width=len(across), height=len(down))


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ({"lossless": True, "format": "jpeg"}, "lossless is for webp"),
        ({"size": {"width": 16_384, "height": 1}}, "at most 16383 pixels a side"),
        ({"size": {"width": 8192, "height": 4097}}, "33554432 in all"),
        ({"only_changes": True, "size": {"width": 10, "height": 10}}, "native pixels"),
        ({"only_changes": True}, "give settle as well"),
    ],
)
def test_a_picture_that_cannot_be_is_refused(picture: dict[str, object], message: str) -> None:
    with pytest.raises(WireError, match=message):
        decode(Perform, json.dumps({"id": "12345678", "picture": picture}).encode())


def test_a_request_that_only_looks_is_told_from_one_that_acts() -> None:
    region = Region(x=0, y=0, width=1, height=1)
    looks = (ReadText(), WaitChange(region=region), WaitStill(), ListWindows(), WaitWindow())
    assert not Perform(id="12345678").acts
    assert not Perform(id="12345678", actions=looks).acts
    assert Perform(id="12345678", actions=(*looks, Move(to=region.center))).acts


@given(events)
def test_every_event_comes_back_equal(event: LiveFrame | WindowList | ProgramList | Failure) -> None:
    assert decode_event(encode_event(event)) == event


@given(events, st.data())
def test_an_event_that_is_cut_or_has_more_than_it_announces_is_an_error(
    event: LiveFrame | WindowList | ProgramList | Failure, data: st.DataObject
) -> None:
    body = encode_event(event)
    with pytest.raises(WireError):
        decode_event(body[: data.draw(st.integers(0, len(body) - 1))])
    with pytest.raises(WireError):
        decode_event(body + b"x")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "to frames, to windows, to programs"),
        ({"frames": {"fps": 0}}, "fps"),
        ({"frames": {"fps": 31}}, "fps"),
        ({"frames": {"picture": {"only_changes": True}}}, "live frames are whole"),
    ],
)
def test_what_cannot_be_listened_to_is_refused(body: dict[str, object], message: str) -> None:
    with pytest.raises(WireError, match=message):
        decode(Listen, json.dumps(body).encode())
