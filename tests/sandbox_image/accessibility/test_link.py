"""The worker's side of the helper, with helpers that fail in every way."""

from __future__ import annotations

import asyncio
import json
import os
import select
import sys
from contextlib import suppress
from typing import Any, get_args

import pytest

from sandbox_image.accessibility.link import KINDS, Accessibility
from sandbox_image.channel import Fault
from sandbox_image.wire import AccessibilityAction

_SERVE = """
import json, os, socket, struct, sys, time
end = socket.socket(fileno=int(os.environ["HARNESS_ACCESSIBILITY_FD"]))
def read(count):
    data = b""
    while len(data) < count:
        piece = end.recv(count - len(data))
        if not piece:
            sys.exit()
        data += piece
    return data
def tell(body):
    end.sendall(struct.pack(">IB", len(body), 1) + body)
while True:
    length, _ = struct.unpack(">IB", read(5))
    request = json.loads(read(length))
    %s
"""


def helper(answer: str, **options: float) -> Accessibility:
    """A link to helpers that answer in a way of their own."""
    return Accessibility([sys.executable, "-I", "-c", _SERVE % answer], **options)


async def ask(link: Accessibility, **request: Any) -> Any:
    return json.loads(await link.ask({"kind": "read_focus", **request}))


PID = 'tell(json.dumps({"pid": os.getpid(), "kind": request["kind"]}).encode())'
WHEN_ASKED = f'{PID} if "stay" not in request else time.sleep(1000)'


def test_it_knows_every_request_of_its_room() -> None:
    assert {kind.model_fields["kind"].default for kind in get_args(AccessibilityAction)} == KINDS


async def test_a_helper_is_kept_for_the_next_request() -> None:
    link = helper(PID)
    first, second = await ask(link), await ask(link)
    assert first == second
    assert first["kind"] == "read_focus"
    await link.close()


async def test_requests_at_the_same_time_have_helpers_of_their_own() -> None:
    link = helper(PID)
    told = await asyncio.gather(*(ask(link) for _ in range(3)))
    assert len({one["pid"] for one in told}) == 3
    assert await ask(link) in told
    await link.close()


async def test_a_helper_that_ended_is_replaced() -> None:
    link = helper(f"{PID}; sys.exit()")
    first = await ask(link)
    with suppress(Fault):  # it may be on its way out when it is asked
        await ask(link)
    assert (await ask(link))["pid"] != first["pid"]
    await link.close()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("time.sleep(1000)", "did not answer in time"),
        ("sys.exit()", "the end of its channel"),
        ('end.sendall(struct.pack(">IB", 3 << 20, 1))', "a frame has at most"),
        ('end.sendall(b"nonsense")', "no kind of frame|a frame has at most"),
    ],
)
async def test_a_helper_that_does_not_answer_is_a_fault_and_ended(answer: str, told: str) -> None:
    link = helper(answer, late=0.5)
    for _ in range(2):
        with pytest.raises(Fault, match=told) as caught:
            await ask(link)
        assert caught.value.code == "accessibility_failed"
    await link.close()


async def test_a_request_that_is_cancelled_ends_with_its_helper() -> None:
    link = helper(WHEN_ASKED)
    first = await ask(link)
    waiting = asyncio.create_task(ask(link, stay=True))
    await asyncio.wait([waiting], timeout=0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    second = await ask(link)
    assert second["pid"] != first["pid"]
    await link.close()


async def test_a_free_helper_leaves_after_a_while() -> None:
    link = helper(PID, idle=0.01)
    pid = (await ask(link))["pid"]
    with suppress(ProcessLookupError):  # then it has left already
        ended = os.pidfd_open(pid)
        assert await asyncio.to_thread(select.select, [ended], [], [], 20) == ([ended], [], [])
        os.close(ended)
    await link.close()
