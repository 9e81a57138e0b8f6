"""Numbers as people read them: durations, tokens, money."""

from __future__ import annotations


def seconds(value: float) -> str:
    """A duration: `0.3 s`, `12 s`, `2 min 5 s`, `1 h`."""
    if value < 9.95:  # noqa: PLR2004 - below ten, a decimal tells something
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, beyond = divmod(minutes, 60)
    parts = ((hours, "h"), (beyond, "min"), (0 if hours else rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def count(value: int) -> str:
    """A number of tokens: `950`, `12.3k`, `1.25M`."""
    if value < 1000:  # noqa: PLR2004
        return str(value)
    if value < 999_950:  # noqa: PLR2004 - what would be told as 1000k
        return f"{value / 1000:.1f}k"
    return f"{value / 1_000_000:.2f}M"


def dollars(value: float | None) -> str:
    """US dollars, with as many digits as tell something: `$1.20`, `$0.012`; `unknown` where a price is not known."""
    if value is None:
        return "unknown"
    return f"${value:.2f}" if value >= 0.995 or value == 0 else f"${value:.3f}"  # noqa: PLR2004


def share(part: float, whole: float) -> str:
    """A part in percent; a little of something is never told as nothing, nor nearly all as all."""
    if not whole or not part:
        return "0 %"
    percent = round(100 * part / whole)
    if percent == 0:
        return "<1 %"
    return ">99 %" if percent == 100 and part < whole else f"{percent} %"  # noqa: PLR2004
