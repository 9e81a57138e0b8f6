"""Which command line opens what, by the image's own settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox_image import opening

pytestmark = pytest.mark.x11
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("name", "content", "program"),
    [
        ("plain.txt", b"text", "mousepad"),
        ("script.py", b"print()", "mousepad"),
        ("data.json", b"{}", "mousepad"),
        ("README", b"text without a suffix", "mousepad"),
        ("page.html", b"<html>", "/usr/bin/chromium"),
        ("paper.pdf", b"%PDF-1.7", "/usr/bin/chromium"),
        ("picture.png", PNG, "/usr/bin/chromium"),
        ("no suffix", PNG, "/usr/bin/chromium"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "/usr/bin/chromium"),
        ("picture.webp", b"RIFF", "/usr/bin/chromium"),
        ("picture.gif", b"GIF89a", "/usr/bin/chromium"),
    ],
)
def test_a_file_is_opened_by_the_program_for_its_kind(tmp_path: Path, name: str, content: bytes, program: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert opening.resolve(str(path)) == [program, path.as_uri()] == opening.resolve(path.as_uri())


def test_a_folder_and_an_address_are_opened(tmp_path: Path) -> None:
    assert opening.resolve(str(tmp_path)) == ["pcmanfm", tmp_path.as_uri()]
    for address in ("https://example.org/a?b=c%20d", "http://localhost:8000"):
        assert opening.resolve(address)[0] == "/usr/bin/chromium"
        assert opening.resolve(address)[1].rstrip("/") == address


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("/no/such/file", "there is no /no/such/file: name a file"),
        ("file:///no/such/file", "there is no /no/such/file: name a file"),
        ("mailto:somebody@example.org", "no program is set to open mailto: addresses"),
        ("/dev/null", r"no program is set to open inode/chardevice \(/dev/null\)"),
    ],
)
def test_what_nothing_opens_is_told(target: str, says: str) -> None:
    with pytest.raises(opening.Unopenable, match=says):
        opening.resolve(target)
    done = subprocess.run([sys.executable, opening.__file__, target], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        ("env --files %F end", ["env", "--files", "/a b", "end"]),
        ("env %u", ["env", "file:///a%20b"]),
        ("env --file=%f --name=%c %i", ["env", "--file=/a b", "--name=Some program"]),
        ('env "two words" 100%%', ["env", "two words", "100%", "/a b"]),
        ("env ''", ["env", "", "/a b"]),
    ],
)
def test_field_codes_stand_for_what_the_specification_says(tmp_path: Path, line: str, argv: list[str]) -> None:
    assert opening.command(application(tmp_path, line), "file:///a%20b", "/a b") == argv


def test_a_program_for_the_terminal_gets_one(tmp_path: Path) -> None:
    found = opening.command(application(tmp_path, "env %f", "Terminal=true"), "file:///a", "/a")
    assert found == ["x-terminal-emulator", "-e", "env", "/a"]
    assert Path("/usr/bin/x-terminal-emulator").exists()


def application(folder: Path, line: str, *more: str) -> Any:
    from gi.repository import Gio  # type: ignore[import-not-found] # noqa: PLC0415 - the image has it

    entry = folder / "some.desktop"
    entry.write_text("\n".join(["[Desktop Entry]", "Type=Application", "Name=Some program", f"Exec={line}", *more]))
    return Gio.DesktopAppInfo.new_from_filename(str(entry))
