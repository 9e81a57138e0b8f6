from __future__ import annotations

from pathlib import Path

import pytest

from sandbox_image import fingerprint
from sandbox_image.fingerprint import recipe_files, recipe_hash, wire_fingerprint


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small package as in a checkout: the Dockerfile beside it."""
    folder = tmp_path / "checkout" / "sandbox_image"
    (folder / "session").mkdir(parents=True)
    (folder / "wire").mkdir()
    (folder / "wire" / "failure.py").write_text("a = 1\n")
    (folder / "session" / "programs.json").write_text("{}")
    (folder.parent / "Dockerfile.sandbox").write_text("FROM x\n")
    return folder


def hashed(package: Path, architecture: str = "amd64") -> str:
    return recipe_hash(architecture, recipe_files(package))


def test_the_wire_fingerprint_changes_with_the_wire_and_with_nothing_else(package: Path) -> None:
    before = wire_fingerprint(package)
    (package / "server.py").write_text("b = 2\n")
    assert wire_fingerprint(package) == before
    (package / "wire" / "failure.py").write_text("a = 2\n")
    assert wire_fingerprint(package) != before


def test_an_installed_wheel_and_a_checkout_have_the_same_recipe(package: Path, tmp_path: Path) -> None:
    installed = tmp_path / "site-packages" / "sandbox_image"
    for path in package.rglob("*"):
        if path.is_file():
            copy = installed / path.relative_to(package)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (installed / "Dockerfile.sandbox").write_bytes((package.parent / "Dockerfile.sandbox").read_bytes())
    assert recipe_files(installed) == recipe_files(package)


def test_caches_and_hidden_files_are_no_part_of_the_recipe(package: Path) -> None:
    before = hashed(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "wire.cpython-313.pyc").write_bytes(b"\0")
    (package / "session" / ".programs.json.swp").write_bytes(b"\0")
    assert hashed(package) == before


@pytest.mark.parametrize("name", ["../Dockerfile.sandbox", "wire/failure.py", "session/programs.json", "session/new"])
def test_every_file_of_the_recipe_counts(package: Path, name: str) -> None:
    before = hashed(package)
    (package / name).write_text("changed")
    assert hashed(package) != before


def test_a_file_moved_is_another_recipe(package: Path) -> None:
    before = hashed(package)
    (package / "session" / "programs.json").rename(package / "programs.json")
    assert hashed(package) != before


def test_each_architecture_has_its_own_recipe(package: Path) -> None:
    assert hashed(package, "amd64") != hashed(package, "arm64")


def test_without_a_dockerfile_there_is_no_recipe(package: Path) -> None:
    (package.parent / "Dockerfile.sandbox").unlink()
    with pytest.raises(FileNotFoundError, match="beside it"):
        recipe_files(package)


def test_the_recipe_of_this_checkout_holds_what_the_sandbox_needs() -> None:
    names = recipe_files()
    assert {"Dockerfile.sandbox", "sandbox_image/wire/__init__.py", "sandbox_image/requirements.txt"} <= set(names)
    assert list(names) == sorted(names)
    assert fingerprint.PACKAGE.name == "sandbox_image"
