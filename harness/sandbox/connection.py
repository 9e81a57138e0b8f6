"""Finding the container engine. The only module that imports `docker`; `engine` and `image` build on it.

Looked for in the order the docker command line uses, then Podman: DOCKER_HOST, the chosen docker context,
the default socket, Podman's socket of the user and of the system.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import docker
import docker.errors
from docker.context import ContextAPI
from docker.utils import kwargs_from_env

from harness.errors import EngineError, NoEngine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from docker.tls import TLSConfig

DOCKER_SOCKET = Path("/var/run/docker.sock")
EngineRefused = docker.errors.DockerException
"""Root of what the engine's library raises."""
NotFound = docker.errors.NotFound
_REFUSED = "permission denied"
_REASONS = {
    errno.ENOENT: "nothing there",
    errno.EACCES: _REFUSED,
    errno.ECONNREFUSED: "nobody listens there",
}
_DAEMONS = ("dockerd", "podman")


class Address(NamedTuple):
    """One place an engine may answer at, and what said so."""

    source: str
    url: str
    tls: TLSConfig | bool = False
    chosen: bool = False  # by the user: no other place will do


class Reached(NamedTuple):
    """An engine that answers, and where."""

    client: docker.DockerClient
    address: Address


def connect(
    *, timeout: int = 60, patience: float = 15, environ: Mapping[str, str] | None = None
) -> docker.DockerClient:
    """Connect to the first engine that answers, in the newest version of the API both sides know.

    What the user chose by DOCKER_HOST or a context is the only place tried: another engine would be a surprise.
    `timeout` is seconds for one request, `patience` for the first, which needs no work. Raises NoEngine naming
    each place tried and what to do.
    """
    return reach(timeout=timeout, patience=patience, environ=environ).client


def reach(*, timeout: int = 60, patience: float = 15, environ: Mapping[str, str] | None = None) -> Reached:
    """As `connect`, and says where."""
    reasons: dict[Address, str] = {}
    for address in addresses(os.environ if environ is None else environ):
        try:
            return Reached(_open(address, timeout, patience), address)
        except (docker.errors.DockerException, OSError) as error:
            reasons[address] = _reason(error)
    tried = [f"{address.url} ({address.source}): {reason}" for address, reason in reasons.items()]
    raise NoEngine(tried, advice([address.chosen for address in reasons], list(reasons.values()), installed()))


def installed() -> bool:
    """Whether this host has an engine at all, running or not."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # where daemons live, also for users
    return any(shutil.which(daemon, path=path) for daemon in _DAEMONS)


def advice(chosen: Sequence[bool], reasons: Sequence[str], there: bool) -> str:  # noqa: FBT001 - what was found
    """What to do where no engine answered: whether each place was chosen by the user, why not, whether one is here."""
    if _REFUSED in reasons:
        return "The engine is not open to you: `sudo usermod -aG docker $USER`, then log in again."
    if any(chosen):
        return "Start the engine there, or unset DOCKER_HOST (or `docker context use default`) for the usual places."
    if there:
        return (
            "Start Docker (`sudo systemctl start docker`, or `sudo service docker start`) or Podman "
            "(`systemctl --user start podman.socket`), or point DOCKER_HOST at an engine."
        )
    return "Install Docker or Podman (`sudo apt-get install docker.io`), or point DOCKER_HOST at an engine."


def addresses(environ: Mapping[str, str]) -> Iterator[Address]:
    """Where to look, best first. Raises EngineError for a chosen context that does not exist."""
    if environ.get("DOCKER_HOST"):
        settings = kwargs_from_env(environment=dict(environ))
        yield Address("DOCKER_HOST", settings["base_url"], settings.get("tls") or False, chosen=True)
        return
    if chosen := _context(environ.get("DOCKER_CONTEXT")):
        yield chosen
        return
    yield Address("default", f"unix://{DOCKER_SOCKET}")
    runtime = environ.get("XDG_RUNTIME_DIR")
    for folder, source in ((runtime, "Podman of this user"), ("/run", "Podman of the system")):
        if folder:
            yield Address(source, f"unix://{folder}/podman/podman.sock")


def _context(name: str | None) -> Address | None:
    """Address of the named or current docker context; None when that is the default one."""
    if name == "default":
        return None
    try:
        context = ContextAPI.get_context(name) if name else ContextAPI.get_current_context()
    except (docker.errors.DockerException, OSError, ValueError, KeyError) as error:
        raise EngineError(f"the docker context {name or '(current)'} cannot be read: {error}") from error
    if context is None:
        raise EngineError(f"there is no docker context {name!r}: `docker context ls` shows those there are")
    if context.Name == "default":
        return None
    source = f"docker context {context.Name}"
    if not context.Host:
        raise EngineError(f"{source} names no engine: `docker context inspect {context.Name}` shows what it holds")
    tls: TLSConfig | None = context.TLSConfig
    return Address(source, context.Host, False if tls is None else tls, chosen=True)


class _Api(docker.APIClient):
    """The engine's own certificates count, whatever REQUESTS_CA_BUNDLE says of the rest of the world's."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        return super().merge_environment_settings(url, proxies, stream, verify or self.verify, cert)


class _Client(docker.DockerClient):
    """The library's client over that."""

    def __init__(self, **settings: Any) -> None:
        self.api = _Api(**settings)


def _open(address: Address, timeout: int, patience: float) -> docker.DockerClient:
    """A client that has agreed on an API version with the engine, which also proves that the engine answers."""
    _knock(address.url)
    client = _Client(base_url=address.url, tls=address.tls, version="auto", timeout=patience)
    client.api.timeout = timeout
    return client


def _knock(url: str) -> None:
    """Raise OSError where nobody listens at a Unix socket: the library would wrap it in three others and leak one."""
    scheme, _, path = url.partition("://")
    if scheme.endswith("unix"):
        with socket.socket(socket.AF_UNIX) as knocker:
            knocker.connect(f"/{path.lstrip('/')}")


def _reason(error: BaseException) -> str:
    """Why an address is of no use, in a line: the library wraps an OSError several times."""
    if isinstance(error, OSError) and error.errno in _REASONS:
        return _REASONS[error.errno]
    text = str(error)
    for number, reason in _REASONS.items():
        if os.strerror(number) in text:
            return reason
    return "no answer in time" if "timed out" in text else text.partition("\n")[0] or type(error).__name__
