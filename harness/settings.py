"""What holds for every run unless somebody says otherwise.

In order of weight: what is given on the command line; `HARNESS_*` variables, with `__` before a part
(`HARNESS_LIMITS__STEPS=50`); `harness.toml`, or `[tool.harness]` of `pyproject.toml`, the nearest from the working
folder upwards; `$XDG_CONFIG_HOME/harness/harness.toml`; defaults. Keys of APIs are no settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from harness.agent.approvals import Rule, rule
from harness.agent.limits import Limits
from harness.agent.task import MODEL
from harness.errors import UsageError
from harness.model.catalog import Effort, Entry
from harness.model.reach import Api, Reach
from harness.sandbox.spec import SandboxSpec, Seconds
from harness.setting_errors import Problems, misspelt
from harness.setting_sources import Environment, SettingsFile, contents, files, project_file


def _unlimited(told: object) -> object:
    return None if isinstance(told, str) and told.strip().lower() == "none" else told


def _in_one_line(told: object) -> object:
    """A rule as `--approve` takes it, too."""
    if not isinstance(told, str):
        return told
    try:
        return rule(told)
    except UsageError as error:
        raise ValueError(str(error)) from None


_OR_NONE = BeforeValidator(_unlimited)


class Bounds(BaseModel):
    """What a run of a model may use; `none` is without a limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: Annotated[Annotated[int, Field(ge=1)] | None, _OR_NONE] = Limits().steps
    """Answers of the model."""
    tokens: Annotated[Annotated[int, Field(ge=1)] | None, _OR_NONE] = Limits().tokens
    """Tokens, of input and output together."""
    cost: Annotated[Annotated[float, Field(gt=0)] | None, _OR_NONE] = Limits().cost
    """US dollars, where the model's prices are known."""
    time: Annotated[Annotated[Seconds, Field(gt=0)] | None, _OR_NONE] = Limits().seconds
    """Seconds, or a span such as `90s`, `15m` or `2h`."""


class Settings(BaseSettings):
    """All of them; `read` is what makes one."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="HARNESS_", env_nested_delimiter="__", hide_input_in_errors=True
    )

    model: str = MODEL
    """The model that tasks are given to: a name, or `PROVIDER:NAME`."""
    effort: Effort | None = None
    """How hard it thinks; the model's own default where nothing is said."""
    limits: Bounds = Bounds()
    runs: Path = Path("runs")
    """Where the folders of runs go."""
    fallback: str | None = None
    """The model to ask while the API is overloaded with the first one."""
    approve: tuple[Annotated[Rule, BeforeValidator(_in_one_line)], ...] = ()
    """What needs approval, each as a table or as `--approve` takes it; the first rule that is about a call decides."""
    api: Api = Api()
    models: dict[str, Entry] = Field(default_factory=dict)
    """What differs from the catalog, by the name of the model."""
    sandbox: SandboxSpec = SandboxSpec()

    @property
    def reach(self) -> Reach:
        """How models are reached. Where a project's file decides that, it is told: the key goes along."""
        return Reach(self.api, self.models, self.fallback, tuple(_by_project(self.api)))

    @property
    def bounds(self) -> Limits:
        """What a run of a model may use."""
        return Limits(self.limits.steps, self.limits.tokens, self.limits.cost, self.limits.time)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources, the heaviest first."""
        del env_settings, dotenv_settings, file_secret_settings
        read = (SettingsFile(settings_cls, path) for path in files())
        return (init_settings, Environment(settings_cls), *read)


def _by_project(api: Api) -> Iterator[str]:
    """What the file of a project says of where requests go."""
    path = project_file()
    told = (contents(path) or {}).get("api", {}) if path else {}
    if api.base_url and told.get("base_url") == api.base_url:
        yield f"requests, and the key, go to {api.base_url}: {path} says so"
    if api.proxy and told.get("proxy") == api.proxy.get_secret_value():
        yield f"requests go through a proxy, {urlsplit(api.proxy.get_secret_value()).hostname}: {path} says so"


def read(**flags: Any) -> Settings:
    """The settings that hold here. `flags` are fields that weigh more; what is None or empty in them is not given.

    Raises UsageError naming each field that cannot be, and the file or variable that has it.
    """
    given = _given(flags)
    misspelt(Settings)
    try:
        return Settings(**given)
    except ValidationError as error:
        raise UsageError(Problems(Settings, given).told(error)) from None


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    inner = {name: _given(value) if isinstance(value, dict) else value for name, value in flags.items()}
    return {name: value for name, value in inner.items() if value not in (None, {})}
