from __future__ import annotations

import tarfile
from collections import deque

import pytest

from harness.errors import EngineError
from harness.sandbox.image.builder import base_wanted, context, follow, proxies
from harness.sandbox.image.progress import Progress, Steps
from sandbox_image.fingerprint import DOCKERFILE, recipe_files


def test_the_base_is_the_one_the_dockerfile_names() -> None:
    assert base_wanted(recipe_files()[DOCKERFILE]) == "debian:trixie-slim"


def test_a_dockerfile_without_a_base_is_refused() -> None:
    with pytest.raises(EngineError, match="ARG BASE"):
        base_wanted(b"FROM debian\n")


def test_the_build_context_is_the_same_bytes_each_time_and_knows_nothing_of_this_host() -> None:
    contents = {"Dockerfile.sandbox": b"FROM x", "wheels/a.whl": b"\0" * 1000}
    assert context(contents).read() == context(contents).read()
    with tarfile.open(fileobj=context(contents)) as archive:
        assert {entry.name: (entry.size, entry.mode, entry.uid, entry.mtime) for entry in archive} == {
            "Dockerfile.sandbox": (6, 0o644, 0, 0),
            "wheels/a.whl": (1000, 0o644, 0, 0),
        }


def test_proxies_go_along_but_not_one_on_this_hosts_loopback() -> None:
    environ = {
        "HTTP_PROXY": "http://proxy.example:3128",
        "https_proxy": "http://127.0.0.1:3128",
        "no_proxy": "a.example",
    }
    assert proxies(environ) == {"http_proxy": "http://proxy.example:3128", "no_proxy": "a.example"}


def test_the_builders_steps_are_counted() -> None:
    heard: list[Progress] = []
    log: deque[str] = deque()
    events: list[dict[str, object]] = [
        {"stream": "Step 3/9 : RUN apt-get update\n"},
        {"stream": "Get:1 packages\n\n"},
        {"aux": {"ID": "x"}},
    ]
    follow(events, log, Steps(heard.append))
    assert [(one.text, one.count, one.total) for one in heard] == [
        ("RUN apt-get update", 3, 9),
        ("Get:1 packages", 3, 9),
    ]
    assert list(log) == ["Get:1 packages"]


def test_a_failed_build_shows_the_last_lines_before_it() -> None:
    events = [{"stream": "E: no such package\n"}, {"error": "The command returned a non-zero code: 100\n"}]
    with pytest.raises(EngineError, match=r"non-zero code: 100\n  \| E: no such package"):
        follow(events, deque(), Steps(lambda _: None))
