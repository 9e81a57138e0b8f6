"""An engine with hardly anything in it: it tells about itself and which images it has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from harness.sandbox.image.recipes import REPOSITORY

VERSION = {"Version": "99.0", "ApiVersion": "1.41", "Arch": "amd64", "Components": [{"Name": "Engine"}]}
INFO = {
    "NCPU": 8,
    "MemTotal": 16_000_000_000,
    "DockerRootDir": "/nowhere",
    "SecurityOptions": ["name=rootless"],
    "MemoryLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
}


def image(tag: str, **labels: str) -> dict[str, Any]:
    """An image as an engine tells of it."""
    told = {f"harness.{name}": value for name, value in labels.items()}
    return {
        "Id": f"sha256:{tag}",
        "RepoTags": [f"{REPOSITORY}:{tag}"],
        "Config": {"Labels": told},
        "Labels": told,
        "Architecture": "amd64",
        "Created": "2026-01-02T03:04:05Z",
        "Size": 1_300_000_000,
    }


@contextmanager
def bare_engine(*images: Mapping[str, Any], **version: str) -> Iterator[str]:
    """Such an engine; the address for DOCKER_HOST."""
    answers: dict[str, object] = {"version": VERSION | version, "info": INFO, "images/json": list(images)}
    answers |= {f"images/{one['Id']}/json": one for one in images}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].removeprefix("/v1.41").lstrip("/")
            body = json.dumps(answers.get(path, {"message": f"no such thing: {path}"})).encode()
            self.send_response(200 if path in answers else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody wants to read it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
