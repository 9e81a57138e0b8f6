"""What the image should be, told without an engine."""

from __future__ import annotations

import json

import pytest

from harness.errors import EngineError
from harness.sandbox.connection import connect
from harness.sandbox.image import Recipe, recipe
from harness.sandbox.image.recipes import addition, supported
from sandbox_image.fingerprint import recipe_files, recipe_hash
from tests.support.bare_engine import bare_engine


def test_an_image_is_named_by_the_first_twelve_digits_of_its_recipe() -> None:
    recipe = Recipe("0123456789abcdef" * 4, "wire", "amd64", {})
    assert recipe.name == "harness-sandbox:0123456789ab"
    assert recipe.labels == {
        "harness.recipe": recipe.hash,
        "harness.wire": "wire",
        "harness.architecture": "amd64",
    }


def test_applications_are_part_of_the_recipe_and_a_label_of_the_image() -> None:
    plain = Recipe("0" * 64, "wire", "amd64", {})
    with_two = plain.with_apps(("featherpad", "gimp"))
    assert with_two.labels == plain.labels | {"harness.recipe": with_two.hash, "harness.apps": "featherpad gimp"}
    names = {
        plain.name,
        with_two.name,
        plain.with_apps(("gimp",)).name,
        plain._replace(hash="1").with_apps(("gimp",)).name,
    }
    assert len(names) == 4
    assert plain.with_apps(("featherpad", "gimp")) == with_two
    assert plain.with_apps(()) is plain


def test_applications_are_added_on_top_of_the_plain_image() -> None:
    assert addition("harness-sandbox:0", ("featherpad", "gimp")).splitlines() == [
        "FROM harness-sandbox:0",
        "RUN python3 -I -m sandbox_image.packages featherpad gimp",
        "RUN fc-cache -s",
    ]


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_the_recipe_follows_the_engines_architecture(architecture: str) -> None:
    with bare_engine(Arch=architecture) as address:
        client = connect(environ={"DOCKER_HOST": address})
        made = recipe(client)
        client.close()
    assert (made.architecture, made.hash) == (architecture, recipe_hash(architecture, recipe_files()))
    assert made.labels["harness.architecture"] == architecture


def test_an_engine_of_another_architecture_is_refused_with_those_that_do() -> None:
    with pytest.raises(EngineError, match=r"this engine is riscv64.*amd64 and arm64 alone"):
        supported("riscv64")


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
