"""Looking from within a sandbox: what Chromium needs, fonts, OCR, accessibility, a first job."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.doctor.finding import Finding, Free
from harness.errors import AccessibilityFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.sync_api import Desktop

_IMAGE = "`harness image build --again` makes a fresh image; one of your own has to bring the package"
_LANGUAGES = {"ja": "Japanese", "ko": "Korean", "zh-cn": "Chinese"}
_NAMESPACES = "unshare --user --map-root-user --pid --net --fork /usr/sbin/chroot / true"
SWITCHES = {  # each with the value that allows user namespaces
    "kernel.apparmor_restrict_unprivileged_userns": "0",
    "kernel.unprivileged_userns_clone": "1",
    "user.max_user_namespaces": "15000",
}
_TEXT = "Hello from the harness"


def free(desktop: Desktop) -> Free:
    """Asked from inside: the root's file system is the one images lie on, and /proc tells of the machine."""
    told = desktop.bash("df -B1 --output=avail / | tail -n 1; sed -n 's/MemAvailable: *//p' /proc/meminfo").output
    disk, memory, *_ = told.split()
    return Free(int(disk), int(memory) * 1024)


def user_namespaces(desktop: Desktop) -> Finding:
    """Whether Chromium's own sandbox can work: it makes namespaces as an ordinary user."""
    check = "user namespaces"
    tried = desktop.bash(_NAMESPACES)
    if tried.exit_code == 0:
        return Finding(check, "ok", "Chromium's own sandbox can work")
    values = {name: desktop.bash(f"cat /proc/sys/{name.replace('.', '/')}").output.strip() for name in SWITCHES}
    return Finding(check, "warning", f"Chromium cannot start: {tried.output.strip()}", namespaces_advice(values))


def namespaces_advice(values: Mapping[str, str]) -> str:
    """What to switch on the engine's machine, by the values found there; one that it lacks is no number."""
    wrong = [f"{name}={good}" for name, good in SWITCHES.items() if values[name].isdigit() and _off(values[name], good)]
    if not wrong:
        return "the machine of the engine forbids it: see its security modules, such as SELinux"
    return f"on the machine of the engine: sudo sysctl -w {' '.join(wrong)}"


def _off(value: str, good: str) -> bool:
    return value == "0" if good != "0" else value != "0"


def fonts(desktop: Desktop) -> Finding:
    """Whether East Asian text and emoji are more than boxes."""
    found = {
        what: desktop.bash(f"fc-list :lang={language} family | sort | head -n 1").output.strip()
        for language, what in {**_LANGUAGES, "und-zsye": "emoji"}.items()
    }
    if missing := [what for what, font in found.items() if not font]:
        return Finding("fonts", "warning", f"none for {', '.join(missing)}: such text shows as boxes", _IMAGE)
    return Finding("fonts", "ok", "; ".join(f"{what}: {font}" for what, font in found.items()))


def ocr(desktop: Desktop) -> Finding:
    """Whether text on the screen can be read."""
    told = desktop.bash("tesseract --list-langs 2>&1 | tail -n +2")
    languages = told.output.split()
    if "eng" not in languages:
        found = f"no English data for Tesseract; found {', '.join(languages) or 'none'}"
        return Finding("OCR", "warning", found, _IMAGE)
    return Finding("OCR", "ok", f"languages: {', '.join(languages)}")


def accessibility(desktop: Desktop) -> Finding:
    """Whether what programs tell of their windows can be read."""
    try:
        desktop.accessibility_tree(depth=0)
    except AccessibilityFailed as error:
        return Finding("accessibility", "warning", str(error), _IMAGE)
    return Finding("accessibility", "ok", "AT-SPI and its bus answer")


LOOKS: tuple[Callable[[Desktop], Finding], ...] = (user_namespaces, fonts, ocr, accessibility)


def work(desktop: Desktop) -> Finding:
    """A first job: open a window, type, read it back in two ways, take a picture."""
    began = time.monotonic()
    launched = desktop.launch("mousepad", "--disable-server", "doctor.txt")
    window = desktop.wait_for_window(pid=launched.pid)
    desktop.type(_TEXT)
    desktop.press("ctrl+s")
    written = desktop.bash("cat doctor.txt").output.strip()
    seen = [word.text for word in desktop.read_text(window.region)]
    desktop.screenshot()
    spent = time.monotonic() - began
    if written != _TEXT or not set(_TEXT.split()) & set(seen):
        found = f"{_TEXT!r} was typed; the file has {written!r}, the screen shows {' '.join(seen)!r}"
        return Finding("self test", "failed", found, _IMAGE)
    return Finding("self test", "ok", f"opened a window, typed, read it back, took a picture in {spent:.1f} s")
