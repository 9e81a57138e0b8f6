"""A real TLS connection behind a plain socket."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.sandbox.pump import plain_socket

THREAD = "harness engine pump"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key in one file."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "-", "-out", "-"]
    made = subprocess.run(
        ["openssl", "req", "-x509", *key, "-days", "2", "-subj", "/CN=engine"], capture_output=True, check=True
    )
    path.write_bytes(made.stdout)
    return path


Serve = Callable[[Callable[[ssl.SSLSocket], None]], socket.socket]


@pytest.fixture
def tls(certificate: Path) -> Iterator[Serve]:
    """Starts a TLS server over a socket pair; the plain socket that reaches it."""
    threads: list[threading.Thread] = []

    def start(serve: Callable[[ssl.SSLSocket], None]) -> socket.socket:
        near, far = socket.socketpair()
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        theirs.load_cert_chain(certificate)

        def run() -> None:
            with theirs.wrap_socket(far, server_side=True) as stream:
                serve(stream)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        ours = ssl.create_default_context(cafile=str(certificate))
        ours.check_hostname = False
        return plain_socket(ours.wrap_socket(near))

    yield start
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def read_all(stream: socket.socket | ssl.SSLSocket) -> bytes:
    return b"".join(iter(lambda: stream.recv(1 << 16), b""))


def wait_for_pumps() -> None:
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(20)
            assert not thread.is_alive()


def test_bytes_pass_both_ways(tls: Serve) -> None:
    with tls(lambda stream: stream.sendall(stream.recv(100).upper())) as plain:
        plain.sendall(b"hello")
        assert read_all(plain) == b"HELLO"


def test_the_peer_may_speak_first(tls: Serve) -> None:
    def serve(stream: ssl.SSLSocket) -> None:
        stream.sendall(b"RFB 003.008\n")
        assert read_all(stream) == b"client"

    with tls(serve) as plain:
        assert plain.recv(100) == b"RFB 003.008\n"
        plain.sendall(b"client")


def test_the_end_of_input_is_the_end_of_a_tls_connection_once_everything_was_sent(tls: Serve) -> None:
    received = bytearray()
    done = threading.Event()

    def serve(stream: ssl.SSLSocket) -> None:
        received.extend(read_all(stream))
        done.set()

    with tls(serve) as plain:
        plain.sendall(b"everything" * 1000)
        plain.shutdown(socket.SHUT_WR)
        assert read_all(plain) == b""
    assert done.wait(20)
    assert received == b"everything" * 1000


def test_half_closing_arrives_where_the_stream_can_do_it() -> None:
    """An ssh channel can, as a plain socket can."""
    near, far = socket.socketpair()
    with far, plain_socket(near) as plain:
        plain.sendall(b"everything")
        plain.shutdown(socket.SHUT_WR)
        assert read_all(far) == b"everything"
        far.sendall(b"answer")
        far.shutdown(socket.SHUT_WR)
        assert read_all(plain) == b"answer"
    wait_for_pumps()


def test_large_bodies_pass_both_ways_at_once(tls: Serve) -> None:
    body = bytes(range(256)) * 8_000

    def serve(stream: ssl.SSLSocket) -> None:
        remaining = len(body)
        while remaining:
            data = stream.recv(1 << 16)
            remaining -= len(data)
            stream.sendall(data)

    with tls(serve) as plain:
        sender = threading.Thread(target=plain.sendall, args=(body,))
        sender.start()
        assert read_all(plain) == body
        sender.join()


def test_closing_the_plain_end_ends_the_stream_and_the_thread(tls: Serve) -> None:
    ended = threading.Event()

    def serve(stream: ssl.SSLSocket) -> None:
        stream.sendall(b"hello")
        read_all(stream)
        ended.set()

    with tls(serve) as plain:
        assert plain.recv(5) == b"hello"  # its half of the handshake is over only now
    assert ended.wait(20)
    wait_for_pumps()


def test_the_thread_ends_when_the_peer_goes_away(tls: Serve) -> None:
    with tls(lambda stream: stream.sendall(b"bye")) as plain:
        assert read_all(plain) == b"bye"
        plain.shutdown(socket.SHUT_WR)
        wait_for_pumps()
