"""What to start: screen, limits, lease. Pure data; nothing here knows how a container is made."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from harness.errors import UsageError
from sandbox_image.wire import Size

_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", re.IGNORECASE)
_SCREEN = re.compile(r"(\d+)\s*[xX×]\s*(\d+)")  # noqa: RUF001 - people do write the multiplication sign
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+]")
_SECONDS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?", re.IGNORECASE)


def parse_bytes(value: object) -> object:
    """`512m`, `2 GiB` or a number of bytes, in bytes (k, m, g are powers of 1024)."""
    if not isinstance(value, str):
        return value
    if not (match := _AMOUNT.fullmatch(value.strip())):
        raise ValueError("an amount of memory is a number of bytes or one with a unit, such as 512m or 2g")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def parse_seconds(value: object) -> object:
    """`90`, `90s`, `15m` or `2h`, in seconds."""
    if not isinstance(value, str):
        return value
    if not (match := _SPAN.fullmatch(value.strip())):
        raise ValueError("a span of time is a number of seconds or one with a unit, such as 90s, 15m or 2h")
    return float(match[1]) * _SECONDS[(match[2] or "").lower()]


def parse_screen(value: object) -> object:
    """`1280x800`, a pair of numbers or a Size."""
    if isinstance(value, str):
        if not (match := _SCREEN.fullmatch(value.strip())):
            raise ValueError("a screen is WIDTHxHEIGHT in pixels, such as 1280x800")
        value = (int(match[1]), int(match[2]))
    if isinstance(value, list | tuple) and len(value) == 2:  # noqa: PLR2004 - width and height
        return {"width": value[0], "height": value[1]}
    return value


def parse_apps(value: object) -> object:
    """Names of Debian packages, as a list or as text with commas between; in order, each once."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        return value
    for name in names:
        if not isinstance(name, str) or not _PACKAGE.fullmatch(name.strip()):
            raise ValueError(f"an application is the name of a Debian package, such as featherpad; {name!r} is none")
    return tuple(sorted({name.strip() for name in names}))


Apps = Annotated[tuple[str, ...], BeforeValidator(parse_apps)]
Bytes = Annotated[int, BeforeValidator(parse_bytes), Field(ge=0)]
Seconds = Annotated[float, BeforeValidator(parse_seconds)]
Screen = Annotated[Size, BeforeValidator(parse_screen)]
Label = Annotated[str, Field(pattern=r"^[\x20-\x7e]{0,200}$")]
MIB = 1 << 20


class Disks(NamedTuple):
    """Sizes of the writable file systems, in bytes."""

    home: int
    tmp: int
    shm: int


class SandboxSpec(BaseModel):
    """A disposable desktop. Amounts of memory in bytes (or `"512m"`), times in seconds (or `"15m"`).

    `home`, `tmp` and `shm` are the sizes of the writable file systems. They live in memory, so together they stay
    below `memory`: a file system that outgrew the limit would end in an out-of-memory kill, not in "disk full".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str | None = None
    """An image other than the one built from the recipe; it must speak the same wire."""
    apps: Apps = ()
    """Debian packages that the image has beside its own; `harness image build --apps` adds them."""
    screen: Screen = Size(width=1280, height=800)
    """In pixels: a Size, `"1280x800"` or a pair; 320x200 to 7680x4320."""
    memory: Bytes = Field(default=2048 * MIB, ge=256 * MIB)
    """What all of its programs and its files may take together; where they need more, programs are killed."""
    cpus: float = Field(default=2.0, ge=0.1, le=1024)
    """Processors it may use, also a part of one."""
    pids: int = Field(default=512, ge=64, le=100_000)
    """Processes and threads at one time."""
    shm: Bytes | None = Field(default=None, ge=MIB)
    """Shared memory, as browsers use it; an eighth of memory where not given."""
    home: Bytes | None = Field(default=None, ge=16 * MIB)
    """Room for files in the home; a quarter of memory where not given. So is `tmp`, which is for `/tmp`."""
    tmp: Bytes | None = Field(default=None, ge=16 * MIB)
    lease: Seconds = Field(default=60.0, ge=5, le=86_400)
    """The sandbox ends by itself so many seconds after its owner last renewed it."""
    network: Literal["none"] = "none"
    """The desktop reaches no network, and no network reaches it."""
    start_timeout: Seconds = Field(default=60.0, gt=0, le=3600)
    """How long starting may take before it is a StartFailed."""
    labels: dict[str, Label] = Field(default_factory=dict)
    """More labels for the container, as tools of yours may want them."""

    @model_validator(mode="after")
    def _sane(self) -> SandboxSpec:
        wide, high = self.screen.width, self.screen.height
        if not (320 <= wide <= 7680 and 200 <= high <= 4320):  # noqa: PLR2004 - the limits are told in the message
            raise ValueError(f"a screen is 320x200 to 7680x4320 pixels; found {wide}x{high}")
        if self.image and self.apps:
            raise ValueError("an image of your own brings its own applications: give `image` or `apps`, not both")
        disks = sum(self.disks)
        if disks >= self.memory:
            raise ValueError(
                f"home, tmp and shm live in memory and together must stay below its limit: {disks // MIB}m of "
                f"{self.memory // MIB}m; raise memory or make them smaller"
            )
        return self

    @property
    def disks(self) -> Disks:
        """Sizes of the writable file systems, in bytes."""
        return Disks(
            home=self.home or self.memory // 4, tmp=self.tmp or self.memory // 4, shm=self.shm or self.memory // 8
        )

    @classmethod
    def of(cls, spec: SandboxSpec | None = None, /, **changes: Any) -> SandboxSpec:
        """A spec, or the default one, with changes. Raises UsageError naming each field that cannot be."""
        given = spec.model_dump(exclude_unset=True) if spec else {}
        try:
            return cls.model_validate(given | changes)
        except ValidationError as error:
            raise UsageError(f"this sandbox cannot be: {_told(error)}") from None


def _told(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=True)
    return "; ".join(_problem(p["loc"], p["msg"].removeprefix("Value error, "), p["input"]) for p in problems)


def _problem(place: tuple[int | str, ...], message: str, found: object) -> str:
    if not place:
        return message
    return f"{'.'.join(map(str, place))}: {message} (found {found!r})"
