from __future__ import annotations

import array
import os
import socket
from collections.abc import Iterator

import pytest

from sandbox_image.link import (
    LINK_FD,
    LONGEST_LEASE,
    Beat,
    Display,
    DisplayEnded,
    Lease,
    Link,
    LinkError,
    Message,
    Ready,
    WorkerStarted,
    lease_seconds,
)


@pytest.fixture
def raw() -> Iterator[tuple[socket.socket, Link]]:
    """The bare socket of one end and the link of the other."""
    bare, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    link = Link(end)
    yield bare, link
    bare.close()
    link.close()


@pytest.mark.parametrize("message", [Display(":0"), DisplayEnded(), Beat(), Lease(0.25), Ready()])
def test_a_message_arrives_as_it_was_sent(raw: tuple[socket.socket, Link], message: Message) -> None:
    bare, link = raw
    Link(bare).send(message)
    received = link.receive()
    assert (type(received), received) == (type(message), message)
    assert link.receive() is None


def test_the_worker_socket_crosses_the_link_and_works_on_the_other_side(raw: tuple[socket.socket, Link]) -> None:
    bare, link = raw
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        Link(bare).send(WorkerStarted(theirs))
        message = link.receive()
        assert isinstance(message, WorkerStarted)
        with message.main:
            ours.send(b"hello")
            assert message.main.recv(10) == b"hello"
            assert not message.main.get_inheritable()


@pytest.mark.parametrize(
    "packet",
    [
        b"not json",
        b"[]",
        b'{"kind": "dance"}',
        b'{"kind": "lease"}',
        b'{"kind": "lease", "seconds": "soon"}',
        b'{"kind": "lease", "seconds": NaN}',
        b'{"kind": "lease", "seconds": -1}',
        b'{"kind": "worker"}',
        b'{"kind": "beat", "filler": "' + b"x" * 5000 + b'"}',
    ],
)
def test_what_is_no_message_breaks_the_link(raw: tuple[socket.socket, Link], packet: bytes) -> None:
    bare, link = raw
    bare.send(packet)
    with pytest.raises(LinkError):
        link.receive()


def test_a_descriptor_nobody_asked_for_breaks_the_link_and_is_closed(raw: tuple[socket.socket, Link]) -> None:
    bare, link = raw
    reading, writing = os.pipe()
    rights = array.array("i", [writing])
    bare.sendmsg([b'{"kind": "beat"}'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    os.close(writing)
    with pytest.raises(LinkError):
        link.receive()
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_the_end_of_the_stream_breaks_the_link(raw: tuple[socket.socket, Link]) -> None:
    bare, link = raw
    bare.close()
    with pytest.raises(LinkError, match="closed"):
        link.receive()
    with pytest.raises(LinkError, match="cannot send"):
        link.send(Beat())


def test_a_receiver_that_does_not_read_breaks_the_link_instead_of_blocking_the_sender(
    raw: tuple[socket.socket, Link],
) -> None:
    _, link = raw

    def send_for_ever() -> None:
        while True:
            link.send(Beat())

    with pytest.raises(LinkError, match="cannot send"):
        send_for_ever()


def test_the_inherited_end_is_found_once_and_not_passed_on(raw: tuple[socket.socket, Link]) -> None:
    bare, _ = raw
    other = bare.dup()
    other.set_inheritable(True)
    os.environ[LINK_FD] = str(other.detach())
    link = Link.inherited()
    assert LINK_FD not in os.environ
    assert not os.get_inheritable(link.fileno())
    link.close()


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon", LONGEST_LEASE + 1])
def test_a_lease_that_is_no_time_to_live_is_refused(value: str | float) -> None:
    with pytest.raises(ValueError, match=r"lease|convert"):
        lease_seconds(value)


def test_a_lease_may_come_from_the_environment_as_text() -> None:
    assert lease_seconds("0.5") == 0.5
