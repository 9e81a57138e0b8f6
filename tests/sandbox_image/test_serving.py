"""Uvicorn on a socket that somebody else opened."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox_image.serving import Server


async def app(_scope: object, _receive: object, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


async def asked(path: Path) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b"GET / HTTP/1.1\r\nhost: s\r\n\r\n" * 2)
    answers = await reader.readuntil(b"hi") + await reader.readuntil(b"hi")
    writer.close()
    await writer.wait_closed()
    return answers


async def test_it_answers_connections_that_came_before_it_started_and_says_that_it_has(tmp_path: Path) -> None:
    started = asyncio.Event()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        early = asyncio.create_task(asked(tmp_path / "s"))
        await asyncio.sleep(0)
        server = Server(app, started=started.set)
        serving = asyncio.create_task(server.serve([listening]))
        await started.wait()
        answers = await early
        server.should_exit = True
        await serving
    assert answers.count(b"200 OK") == 2  # on one connection, which is kept alive
    assert b"server:" not in answers


LAZY = """
import sys
import sandbox_image.routes, sandbox_image.serving
loaded = {name.partition(".")[0] for name in sys.modules}
sys.exit(f"loaded before anybody listens: {loaded & {'websockets'}}" if "websockets" in loaded else 0)
"""


def test_the_library_of_web_sockets_is_not_loaded_before_anybody_listens() -> None:
    subprocess.run([sys.executable, "-c", LAZY], check=True)
