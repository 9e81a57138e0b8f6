"""Looking at what is left of sandboxes, from outside."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from harness.sandbox import ownership


class Leftovers:
    """What carries the labels of one runtime directory."""

    def __init__(self, client: docker.DockerClient, base: Path) -> None:
        self.base = base
        self._client = client

    @property
    def root(self) -> Path:
        """The runtime directory that harnesses use whose XDG_RUNTIME_DIR is the base."""
        return self.base / "harness"

    def containers(self) -> list[Container]:
        """Containers, running or not."""
        label = f"{ownership.SCOPE}={ownership.scope(self.root)}"
        return list(self._client.containers.list(all=True, filters={"label": label}, ignore_removed=True))

    def folders(self) -> list[str]:
        """Folders of sandboxes."""
        return [path.name for path in ownership.sandbox_folders(self.root)] if self.root.is_dir() else []

    def wait_until_gone(self) -> None:
        """Return once every container has removed itself."""
        for container in self.containers():
            try:
                container.wait(timeout=60, condition="removed")
            except docker.errors.NotFound:
                continue

    def nothing(self) -> bool:
        """Whether nothing is left at all."""
        return not self.containers() and not self.folders()


@pytest.fixture
def leftovers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Leftovers]:
    """A runtime directory of the test's own, for this process and those it starts; its containers go at the end."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="hr") as base:
        monkeypatch.setenv("XDG_RUNTIME_DIR", base)
        client = docker.from_env()
        left = Leftovers(client, Path(base))
        try:
            yield left
        finally:
            for container in left.containers():
                container.remove(force=True)
            client.close()
