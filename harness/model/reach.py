"""How models are reached, as plain data: where the API is, through which network, and what differs in the catalog.

Keys are no part of it: the SDK takes them from its own environment variables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from harness.model.catalog import Entry
from harness.sandbox.spec import Seconds

KEYS_ONLY_FROM_ENVIRONMENT = (
    "keys come from the environment only, as ANTHROPIC_API_KEY; docs/agent.md names the variables of each provider"
)
_KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token"})
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _url(told: object, what: str) -> SplitResult:
    """The parts of an address. Raises ValueError without showing it whole: there may be a password in it."""
    parts = urlsplit(told) if isinstance(told, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{what} is an address such as http://HOST:PORT")
    return parts


def _address(told: object) -> object:
    if told is not None and _url(told, "this").username is not None:
        raise ValueError(f"there is a user or a password in this address; {KEYS_ONLY_FROM_ENVIRONMENT}")
    return told


def _proxy(told: object) -> object:
    if told is not None and not isinstance(told, SecretStr):
        _url(told, "a proxy")
    return told


def _headers(told: object) -> object:
    for name, value in told.items() if isinstance(told, Mapping) else ():
        if not isinstance(name, str) or not _HEADER.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a header")
        if name.lower() in _KEY_HEADERS:
            raise ValueError(f"{name} carries a key; {KEYS_ONLY_FROM_ENVIRONMENT}")
        if isinstance(value, str) and not (value.isascii() and value.isprintable()):
            raise ValueError(f"{name}: the value of a header is one line of printable ASCII")
    return told


class Api(BaseModel):
    """Where the Messages API is, and the network on the way. What is left out is as the SDK and its variables have it.

    Headers and proxies may hold passwords, so their values are never shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: Annotated[str | None, BeforeValidator(_address)] = None
    """The API's address, in place of the provider's own."""
    proxy: Annotated[SecretStr | None, BeforeValidator(_proxy)] = None
    """A forward proxy for all requests, such as `http://USER:PASSWORD@HOST:PORT`."""
    ca_bundle: Path | None = None
    """A file of certificates (PEM) that are trusted beside the system's own."""
    headers: Annotated[dict[str, SecretStr], BeforeValidator(_headers)] = Field(default_factory=dict)
    """Headers that go with every request."""
    connections: int = Field(default=100, ge=1, le=10_000)
    """Connections at one time; further requests wait for one that is free."""
    timeout: Annotated[Seconds, Field(gt=0)] | None = None
    """The longest that anything may take, in seconds, where effort and length of the answer would allow more."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of it must never be told."""
        proxy = self.proxy.get_secret_value() if self.proxy else ""
        password = urlsplit(proxy).password or ""
        headers = (value.get_secret_value() for value in self.headers.values())
        return tuple(filter(None, (proxy, password, unquote(password), *headers)))


@dataclass(frozen=True, slots=True)
class Reach:
    """All that decides how a model's name becomes a model that answers."""

    api: Api = field(default_factory=Api)
    models: Mapping[str, Entry] = field(default_factory=dict)
    """What differs from the catalog, or is added to it: only the fields that were set count."""
    fallback: str | None = None
    """The model to ask while the API is overloaded with the first one."""
    notes: tuple[str, ...] = ()
    """What is to be said of all this before a model is asked, a line each."""
