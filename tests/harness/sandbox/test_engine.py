"""The engine's few words, on a real one."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from harness.errors import EngineError
from harness.sandbox import image
from harness.sandbox.engine import Engine, ending
from harness.sandbox.tunnel import Demux
from tests.support.sandboxes import Leftovers

NAME = "harness-test-engine"


def die(code: str) -> dict[str, object]:
    return {"Action": "die", "Actor": {"Attributes": {"exitCode": code}}}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([{"Action": "start"}, {"Action": "oom"}, die("137")], "out of memory"),
        ([{"Action": "start"}, {"Action": "kill"}, die("137")], "stopped from outside"),
        ([{"Action": "start"}, die("3")], "exit code 3"),
    ],
)
def test_the_end_of_a_container_is_read_from_its_events(events: list[dict[str, object]], told: str) -> None:
    assert told in (ending(events) or "")


def test_without_an_end_there_is_nothing_to_tell() -> None:
    assert ending([{"Action": "start"}]) is None


@pytest.fixture
async def engine(leftovers: Leftovers) -> AsyncIterator[Engine]:
    engine = await Engine.open()
    yield engine
    await engine.remove(NAME)
    await engine.aclose()
    assert leftovers.nothing()


async def settings(engine: Engine, *command: str) -> dict[str, object]:
    found = await engine.run(image.lookup)
    return {"Image": found.name, "Entrypoint": list(command), "HostConfig": {"NetworkMode": "none"}}


async def everything(engine: Engine, container: str) -> bytes:
    """What the container prints until it ends."""
    stream, early = await engine.attach(container)
    reader, writer = await asyncio.open_connection(sock=stream)
    await engine.start(container)
    data = early + await reader.read()
    writer.close()
    await writer.wait_closed()
    return b"".join(piece for _, piece in Demux().feed(data))


@pytest.mark.container
async def test_what_a_container_prints_is_heard_from_the_first_byte_to_its_end(engine: Engine) -> None:
    container = await engine.create(NAME, await settings(engine, "sh", "-c", "echo one; echo two >&2; exit 4"))
    began = time.monotonic()
    assert sorted((await everything(engine, container)).split()) == [b"one", b"two"]
    assert await engine.ending(container, time.monotonic() - began) == "it ended with exit code 4"


@pytest.mark.container
async def test_a_command_in_a_container_is_spoken_with_over_a_socket(engine: Engine) -> None:
    container = await engine.create(NAME, await settings(engine, "sleep", "60"))
    await engine.start(container)
    stream, early = await engine.dial(container, ("cat",), "user")
    reader, writer = await asyncio.open_connection(sock=stream)
    writer.write(b"hello")
    writer.write_eof()
    data = early + await reader.read()
    assert list(Demux().feed(data)) == [(1, b"hello")]
    writer.close()
    await writer.wait_closed()


@pytest.mark.container
async def test_removing_what_is_not_there_is_no_error_and_removing_twice_at_once_neither(engine: Engine) -> None:
    await engine.remove("harness-never-was")
    container = await engine.create(NAME, await settings(engine, "sleep", "60"))
    await engine.start(container)
    await asyncio.gather(engine.remove(container), engine.remove(NAME))


@pytest.mark.container
async def test_a_refusal_says_what_was_wanted_and_what_the_engine_said(engine: Engine) -> None:
    with pytest.raises(EngineError, match=r"could not create the container: .*nosuch"):
        await engine.create(NAME, {"Image": "nosuch:image"})
    with pytest.raises(EngineError, match="could not open a connection into the container"):
        await engine.dial("harness-never-was", ("cat",), "user")


@pytest.mark.container
async def test_a_creation_that_is_cancelled_is_seen_through_so_that_it_can_be_undone(engine: Engine) -> None:
    wanted = await settings(engine, "sleep", "60")
    creating = asyncio.create_task(engine.create(NAME, wanted))
    await asyncio.sleep(0)
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating
    found = await engine.run(lambda client: client.containers.get(NAME).status)
    assert found == "created"
