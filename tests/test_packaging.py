"""The wheel carries all that a start needs: the recipe of the image, whole, and the same as the checkout's."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NEEDED = {
    "harness/py.typed",
    "harness/sandbox/seccomp.json",
    "sandbox_image/Dockerfile.sandbox",
    "sandbox_image/py.typed",
    "sandbox_image/requirements.txt",
    "sandbox_image/session/programs.json",
    "sandbox_image/supervisor.py",
    "sandbox_image/wire/__init__.py",
}
RECIPE = """
from sandbox_image.fingerprint import recipe_files, recipe_hash
print(recipe_hash("amd64", recipe_files()))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT, check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    return built


def tracked(folder: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(listed.stdout.splitlines())


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def recipe_from(place: Path) -> str:
    program = f"import sys; sys.path.insert(0, {str(place)!r}){RECIPE}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=place, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


def test_the_wheel_carries_what_a_start_needs(wheel: Path) -> None:
    assert names(wheel) >= NEEDED


def test_the_wheel_carries_every_file_of_both_packages(wheel: Path) -> None:
    assert names(wheel) >= tracked("harness") | tracked("sandbox_image")


def test_the_wheel_carries_no_tests_and_no_scripts(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"harness", "sandbox_image"}


def test_the_installed_wheel_asks_for_the_same_image_as_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    assert recipe_from(tmp_path) == recipe_from(ROOT)
