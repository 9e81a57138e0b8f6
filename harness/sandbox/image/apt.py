"""What the host's own apt says about Debian mirrors, so that a base made here uses the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

APT = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_CARRIED = re.compile(r'^Acquire::Check-[\w-]+ "[^"]*";$', re.MULTILINE)
_PROXY = re.compile(r'^Acquire::(https?)::Proxy "([^"]+)";$', re.MULTILINE)


class Source(NamedTuple):
    """One mirror with what it is asked for."""

    url: str
    suites: tuple[str, ...]
    keyring: Path | None = None


class Mirror(NamedTuple):
    """Where Debian comes from; an empty url means debootstrap's own default."""

    url: str = ""
    security: str = ""
    keyring: Path | None = None


def mirror(apt: Path = APT) -> Mirror:
    """The Debian mirror of the host's apt; on a host that is no Debian, the default one."""
    found = list(sources(apt))
    main = next((source for source in found if _ends(source.url) == "debian"), None)
    security = next((source for source in found if _ends(source.url) == "debian-security"), None)
    if main is None:
        return Mirror()
    return Mirror(main.url, security.url if security else "", main.keyring)


def sources(apt: Path = APT) -> Iterator[Source]:
    """All enabled binary sources of apt's configuration, in both of its formats."""
    folder = apt / "sources.list.d"
    for path in (apt / "sources.list", *sorted(folder.glob("*.list"))):
        if path.is_file():
            yield from _one_line(path.read_text(encoding="utf-8", errors="replace"))
    for path in sorted(folder.glob("*.sources")):
        yield from _paragraphs(path.read_text(encoding="utf-8", errors="replace"))


def configure(root: Path, suite: str, source: Mirror) -> None:
    """Give a new root the mirror for the release, its updates and its security, and what lets this host reach it."""
    keyring = source.keyring or KEYRING
    url = source.url or _debootstrapped(root)
    # The default mirror and most others keep the security archive next door; a host's own mirror is asked of apt.
    security = source.security or ("" if source.url else f"{url.rstrip('/')}-security")
    wanted = [(url, f"{suite} {suite}-updates"), (security, f"{suite}-security")]
    text = "\n".join(
        f"Types: deb\nURIs: {url}\nSuites: {suites}\nComponents: main\nSigned-By: {keyring}\n"
        for url, suites in wanted
        if url
    )
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d/debian.sources").write_text(text, encoding="utf-8")
    inside = root / keyring.relative_to("/")
    if not inside.exists():
        inside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(keyring, inside)
    if carried := _CARRIED.findall(_dump()):
        (root / "etc/apt/apt.conf.d/90harness").write_text("\n".join(carried) + "\n", encoding="utf-8")


def proxies() -> dict[str, str]:
    """Apt's proxies as environment variables."""
    return {f"{scheme}_proxy": url for scheme, url in _PROXY.findall(_dump()) if url != "DIRECT"}


def _one_line(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)", line)
        if match:
            signed = re.search(r"signed-by=(/\S+)", match[1] or "")
            yield Source(match[2], (match[3],), _existing(signed[1] if signed else ""))


def _paragraphs(text: str) -> Iterator[Source]:
    for paragraph in re.split(r"\n\s*\n", text):
        lines = (line for line in paragraph.splitlines() if ":" in line and line[0] not in "# \t")
        fields = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in {"no", "false"}:
            for url in fields.get("uris", "").split():
                yield Source(url, tuple(fields.get("suites", "").split()), _existing(fields.get("signed-by", "")))


def _existing(path: str) -> Path | None:
    return Path(path) if path.startswith("/") and Path(path).is_file() else None


def _ends(url: str) -> str:
    """The last part of a mirror's path, which by custom names the archive."""
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]


def _debootstrapped(root: Path) -> str:
    """The mirror debootstrap chose by itself."""
    return next(_one_line((root / "etc/apt/sources.list").read_text(encoding="utf-8"))).url


def _dump() -> str:
    """Apt's whole configuration; empty on a host without apt."""
    if not shutil.which("apt-config"):
        return ""
    return subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
