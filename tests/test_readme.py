"""What the README shows is true: its program, its links, its commands, its picture."""

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.support.pages import ROOT, blocks
from tests.support.programs import run_program

README = ROOT / "README.md"
PAGES = [README] + [ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md")] + sorted((ROOT / "docs").glob("*.md"))
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(?:#[^)]*)?\)")


def test_the_program_shown_is_the_example() -> None:
    (shown,) = blocks(README, "python")
    assert shown.text == (ROOT / "examples" / "desktop.py").read_text()


@pytest.mark.container
@pytest.mark.parametrize("example", ["desktop.py", "blocking.py"])
def test_the_program_shown_runs_and_so_does_its_blocking_form(example: str, tmp_path: Path) -> None:
    run_program(ROOT / "examples" / example, folder=tmp_path)
    with Image.open(tmp_path / "desktop.png") as picture:
        assert picture.size == (1280, 800)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    dead = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert dead == []


def test_the_commands_named_exist() -> None:
    named = set(re.findall(r"\bscripts/[\w-]+", README.read_text()))
    assert {"scripts/demo", "scripts/test"} <= named
    assert {name for name in named if not (ROOT / name).is_file()} == set()


@pytest.mark.parametrize("room", ["sandbox", "tools", "model", "agent", "record"])
def test_the_architecture_names_every_module_of_the_larger_rooms(room: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    told = set(re.findall(r"`(?:\w+/)?(\w+)(?:\.py|\.json|\.toml|/)`", page))
    there = {path.stem for path in (ROOT / "harness" / room).iterdir() if not path.name.startswith("__")}
    assert there - told == set()


def test_pictures_are_at_most_200_kilobytes() -> None:
    assert [path.name for path in (ROOT / "docs").glob("*.png") if path.stat().st_size > 200_000] == []


def test_the_picture_is_one_of_a_desktop() -> None:
    with Image.open(ROOT / "docs" / "desktop.png") as opened:
        assert opened.size == (1280, 800)
