"""From a model's name to one that answers: Claude at one of its providers, or a script.

claude-sonnet-5-5            the Messages API, with the key in ANTHROPIC_API_KEY
bedrock:NAME, vertex:NAME    the same models at another provider, with its own credentials
foundry:NAME
scripted:FILE                turns from a file; needs no key
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from harness.errors import UsageError
from harness.model.catalog import Entry, Provider, find
from harness.model.scripted import read
from harness.model.throttle import Tell, Throttle
from harness.model.turn import Hear, Model

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE")
NO_KEY = (
    "there is no key for the Messages API: set ANTHROPIC_API_KEY, "
    "or play turns from a file with --model scripted:FILE; examples/ has one"
)
_EXTRAS = {"bedrock": "bedrock", "vertex": "vertex"}


@dataclass(frozen=True, slots=True)
class Named:
    """A model as somebody names it: where, and which."""

    provider: Provider | None  # None is a script
    name: str

    @property
    def entry(self) -> Entry:
        """What is known of it; of an unknown one, what all newest models have."""
        found = find(self.name) or Entry()
        return found.at(self.provider) if self.provider else found


def named(text: str) -> Named:
    """`PROVIDER:NAME`, or a name alone. Raises UsageError for a provider nobody knows."""
    before, colon, name = text.partition(":")
    if not colon:
        return Named("anthropic", text)
    if before == "scripted":
        return Named(None, name)
    for provider in get_args(Provider):
        if before == provider:
            return Named(provider, name)
    if before.startswith(("claude-", "us.", "eu.", "global.", "anthropic.")):  # names of one provider have colons
        return Named("bedrock", text)
    raise UsageError(f"--model {text}: there is no {before!r}; there are: scripted, {', '.join(get_args(Provider))}")


def opened(
    model: Named, throttle: Throttle, *, waits: Tell, hears: Hear, environ: Mapping[str, str] = os.environ
) -> Model:
    """A model that answers. Raises UsageError: no key, no such script, a provider whose library is not there."""
    if model.provider is None:
        return read(Path(model.name))
    if model.provider == "anthropic" and not any(environ.get(key) for key in KEYS):
        raise UsageError(NO_KEY)
    from harness.model.claude import Claude, client  # noqa: PLC0415 - the SDK is slow to load, and scripts need none

    try:
        return Claude(client(model.provider), throttle, waits=waits, hears=hears)
    except ImportError as error:
        extra = _EXTRAS.get(model.provider, model.provider)
        told = f"{model.provider} needs more of the SDK ({error.name}): pip install 'anthropic[{extra}]'"
        raise UsageError(told) from None
