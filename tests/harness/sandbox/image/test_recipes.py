"""What the image should be, told without an engine."""

from __future__ import annotations

import json

from harness.sandbox.image import Recipe
from sandbox_image.fingerprint import recipe_files


def test_an_image_is_named_by_the_first_twelve_digits_of_its_recipe() -> None:
    recipe = Recipe("0123456789abcdef" * 4, "wire", "amd64", {})
    assert recipe.name == "harness-sandbox:0123456789ab"
    assert recipe.labels == {
        "harness.recipe": recipe.hash,
        "harness.wire": "wire",
        "harness.architecture": "amd64",
    }


def test_the_session_names_programs_and_an_environment() -> None:
    session = json.loads(recipe_files()["sandbox_image/session/programs.json"])
    assert session["environment"]["HOME"] == "/home/user"
    names = [program["name"] for program in session["programs"]]
    assert len(set(names)) == len(names)
    assert all(set(program) == {"name", "argv", "stays"} for program in session["programs"])


def test_nothing_in_the_recipe_turns_chromiums_sandbox_off() -> None:
    for name, content in recipe_files().items():
        lines = [line for line in content.splitlines() if not line.lstrip().startswith(b"#")]
        assert not any(b"--no-sandbox" in line for line in lines), name
