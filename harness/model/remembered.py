"""Which computer tool a model turned out to take, kept from one run to the next.

A file that cannot be read or written is as one that is not there: what it holds is found out again.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from harness.model.catalog import ComputerTool, Entry
from harness.version import __version__

_FILE: TypeAdapter[dict[str, ComputerTool]] = TypeAdapter(dict[str, ComputerTool])
MOST = 200
"""Models that are remembered; the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of one model at one address. Another version of the harness finds out anew."""

    path: Path
    name: str

    def first(self, entry: Entry) -> Entry:
        """The entry, from the tool on that the model took last."""
        tool = _read(self.path).get(self.name)
        return entry.using(tool) if tool in entry.computer else entry

    def keep(self, tool: ComputerTool) -> None:
        """Remember it."""
        known = _read(self.path)
        if known.pop(self.name, None) != tool:
            with suppress(OSError):
                _write(self.path, dict([*known.items(), (self.name, tool)][-MOST:]))


def remembered(provider: str, address: str, model: str, environ: Mapping[str, str] = os.environ) -> Remembered:
    """What is known of a model of a provider at an address."""
    cache = Path(environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return Remembered(cache / "harness" / "models.json", f"{__version__} {provider} {address} {model}")


def _read(path: Path) -> dict[str, ComputerTool]:
    try:
        return _FILE.validate_json(path.read_bytes())
    except (OSError, ValueError):
        return {}


def _write(path: Path, known: Mapping[str, ComputerTool]) -> None:
    """Whole or not at all, whoever writes at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".models-", delete=False) as file:
        file.write(json.dumps(known, indent=2))
    Path(file.name).replace(path)
