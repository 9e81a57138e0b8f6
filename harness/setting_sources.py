"""Where settings come from: variables, and files found from the working folder upwards."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, InitSettingsSource

from harness.errors import UsageError
from harness.model.reach import KEYS_ONLY_FROM_ENVIRONMENT

Table: TypeAlias = Mapping[str, Any]
NAME = "harness.toml"
PREFIX = "HARNESS_"
_KEY = "sk-ant-"
"""What the API's keys begin with."""
_PATHS = (("runs",), ("api", "ca_bundle"))
"""Settings that are paths: in a file they begin at its folder."""


class Environment(EnvSettingsSource):
    """`HARNESS_*` variables. What is no JSON is the text that it is; whether that fits, its field tells."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: D102 - the base's
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class SettingsFile(InitSettingsSource):
    """One file."""

    def __init__(self, settings: type[BaseSettings], path: Path) -> None:
        super().__init__(settings, init_kwargs=dict(contents(path) or {}))


def files(folder: Path | None = None, environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The files that hold settings here: the nearest one from the folder upwards, and the user's own."""
    home = Path(environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "harness" / NAME
    return tuple(path for path in (project_file(folder), home) if path and path.is_file())


def project_file(folder: Path | None = None) -> Path | None:
    """The nearest file from the folder upwards, which others may have written."""
    return next(_upwards(folder or Path.cwd()), None)


def _upwards(folder: Path) -> Iterator[Path]:
    for place in (folder, *folder.parents):
        for path in (place / NAME, place / "pyproject.toml"):
            if path.is_file() and (path.name == NAME or contents(path) is not None):
                yield path


def contents(path: Path) -> Table | None:
    """The settings in a file; None where it is a pyproject.toml that has none. Raises UsageError."""
    try:
        told: Table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read as settings: {error}") from None
    found = told if path.name == NAME else told.get("tool", {}).get("harness")
    if found is None:
        return None
    if where := next(_keys(found), None):
        raise UsageError(
            f"{path}: {where}: there is a key in this file; {KEYS_ONLY_FROM_ENVIRONMENT}. Take it out, and make a new "
            "one if others may have seen it"
        )
    return _beside(path.parent, found)


def _keys(told: object, place: tuple[str, ...] = ()) -> Iterator[str]:
    """Where in a table somebody wrote down a key."""
    if isinstance(told, Mapping):
        for name, value in told.items():
            yield from _keys(value, (*place, name))
    elif isinstance(told, list):
        for index, value in enumerate(told):
            yield from _keys(value, (*place, str(index)))
    elif isinstance(told, str) and _KEY in told:
        yield ".".join(place)


def _beside(folder: Path, told: Table) -> Table:
    """The same, with paths that begin at the file's folder."""
    for first, *rest in _PATHS:
        value = told.get(first)
        if rest and isinstance(value, Mapping) and isinstance(value.get(rest[0]), str):
            told = {**told, first: {**value, rest[0]: folder / Path(value[rest[0]]).expanduser()}}
        elif not rest and isinstance(value, str):
            told = {**told, first: folder / Path(value).expanduser()}
    return told
