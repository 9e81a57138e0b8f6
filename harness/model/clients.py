"""The SDK's clients: one for each provider, all over the same network, closed at their end.

Keys and regions come from the SDK's own variables. Its retries are off: the throttle's are enough. A redirect is not
followed, since what goes with a request is for the address that was named.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.errors import UsageError
from harness.events import MASK

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic, AsyncAnthropicBedrock, AsyncAnthropicFoundry, AsyncAnthropicVertex

    from harness.model.catalog import Provider
    from harness.model.reach import Api

    Client: TypeAlias = AsyncAnthropic | AsyncAnthropicBedrock | AsyncAnthropicFoundry | AsyncAnthropicVertex

_SHORTEST = 8
"""Characters of the shortest value that is taken for a secret: shorter ones are everywhere."""


@dataclass(frozen=True, slots=True)
class Access:
    """What opens one provider: variables with secrets, other variables, the library that its keys need, in words."""

    secrets: tuple[str, ...]
    others: tuple[str, ...]
    advice: str
    library: str = ""


_AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_AWS_WORDS = "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
ACCESS: dict[Provider, Access] = {
    "anthropic": Access(
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), ("ANTHROPIC_PROFILE",), "set ANTHROPIC_API_KEY to a valid key"
    ),
    "aws": Access(
        ("ANTHROPIC_AWS_API_KEY", *_AWS),
        ("AWS_PROFILE", "AWS_REGION", "ANTHROPIC_AWS_WORKSPACE_ID"),
        f"set ANTHROPIC_AWS_API_KEY, or {_AWS_WORDS}; and ANTHROPIC_AWS_WORKSPACE_ID and AWS_REGION",
        "botocore",
    ),
    "bedrock": Access(
        ("AWS_BEARER_TOKEN_BEDROCK", *_AWS),
        ("AWS_PROFILE", "AWS_REGION"),
        f"set AWS_BEARER_TOKEN_BEDROCK, or {_AWS_WORDS}; and AWS_REGION to where the account has the model",
        "botocore",
    ),
    "vertex": Access(
        (),
        ("GOOGLE_APPLICATION_CREDENTIALS", "ANTHROPIC_VERTEX_PROJECT_ID", "CLOUD_ML_REGION"),
        "log in (gcloud auth application-default login) or set GOOGLE_APPLICATION_CREDENTIALS; and "
        "ANTHROPIC_VERTEX_PROJECT_ID and CLOUD_ML_REGION to where the project has the model",
        "google.auth",
    ),
    "foundry": Access(
        ("ANTHROPIC_FOUNDRY_API_KEY",),
        ("ANTHROPIC_FOUNDRY_RESOURCE",),
        "set ANTHROPIC_FOUNDRY_API_KEY and ANTHROPIC_FOUNDRY_RESOURCE",
    ),
}
NO_KEY = (
    "there is no key for the Messages API: set ANTHROPIC_API_KEY, "
    "or play turns from a file with --model scripted:FILE; examples/ has one"
)


@dataclass(frozen=True, slots=True)
class Line:
    """An open client, what it is called where its limits are kept, and what must never be told of it."""

    client: Client
    provider: Provider = "anthropic"
    identity: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def hide(self, text: str) -> str:
        """The text without any secret."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text


@asynccontextmanager
async def connected(provider: Provider, api: Api, environ: Mapping[str, str] = os.environ) -> AsyncIterator[Line]:
    """A client for the block. Raises UsageError: no key, no library for it, a bundle of certificates that is none."""
    access, client = ACCESS[provider], made(provider, api)
    try:
        own = {name: environ.get(name, "") for name in (*access.secrets, *access.others)}
        told = json.dumps([provider, str(client.base_url), own], sort_keys=True)
        secrets = {*(own[name] for name in access.secrets), *api.secrets}
        hidden = sorted((one for one in secrets if len(one) >= _SHORTEST), key=len, reverse=True)
        yield Line(client, provider, sha256(told.encode()).hexdigest(), tuple(hidden))
    finally:
        await client.close()


def made(provider: Provider, api: Api) -> Client:
    """A client that has connected to nobody yet. Raises UsageError as `connected` does."""
    import anthropic  # noqa: PLC0415 - slow to load

    given: dict[str, Any] = {"max_retries": 0, "http_client": _network(api)}
    given |= {"base_url": api.base_url} if api.base_url else {}
    given |= {"default_headers": {name: value.get_secret_value() for name, value in api.headers.items()}}
    access = ACCESS[provider]
    try:
        if access.library and not (provider == "aws" and os.environ.get("ANTHROPIC_AWS_API_KEY")):
            import_module(access.library)
        client: Client = _classes(anthropic)[provider](**given)
    except ImportError as error:
        told = f"{provider} needs more of the SDK ({error.name}): pip install 'computer-use-harness[{provider}]'"
        raise UsageError(told) from None
    except (anthropic.AnthropicError, ValueError) as error:
        raise UsageError(f"{provider}: {error} To use it, {access.advice}") from None
    keys = [getattr(client, name, None) for name in ("api_key", "auth_token", "credentials")]
    if provider == "anthropic" and not any(keys):
        raise UsageError(NO_KEY)
    return client


def _classes(anthropic: Any) -> dict[Provider, Any]:
    return {
        "anthropic": anthropic.AsyncAnthropic,
        "aws": anthropic.AsyncAnthropicAWS,
        "bedrock": anthropic.AsyncAnthropicBedrock,
        "vertex": anthropic.AsyncAnthropicVertex,
        "foundry": anthropic.AsyncAnthropicFoundry,
    }


def _network(api: Api) -> httpx2.AsyncClient:
    import anthropic  # noqa: PLC0415 - slow to load
    import httpx2  # noqa: PLC0415 - the same

    trusted = _trusted(api)
    given: dict[str, Any] = {"verify": trusted}
    if api.proxy:
        address = httpx2.URL(api.proxy.get_secret_value())
        given["proxy"] = httpx2.Proxy(address, ssl_context=trusted if address.scheme == "https" else None)
    most = httpx2.Limits(max_connections=api.connections, max_keepalive_connections=api.connections)
    return anthropic.DefaultAsyncHttpxClient(limits=most, follow_redirects=False, **given)


def _trusted(api: Api) -> ssl.SSLContext:
    import httpx2  # noqa: PLC0415 - slow to load

    context = httpx2.create_ssl_context()
    if api.ca_bundle:
        try:
            context.load_verify_locations(api.ca_bundle.expanduser())
        except OSError as error:  # what is no certificate is one, too
            raise UsageError(f"api.ca_bundle: {api.ca_bundle} cannot be read as certificates (PEM): {error}") from None
    return context
