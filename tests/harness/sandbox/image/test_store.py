"""Finding and making the image; what the built one holds, asked of containers made from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harness.errors import ImageMissing, UsageError
from harness.sandbox import image
from harness.sandbox.connection import connect
from harness.sandbox.image import Recipe
from harness.sandbox.image.progress import Progress
from sandbox_image.fingerprint import recipe_files, recipe_hash, wire_fingerprint
from tests.support.bare_engine import bare_engine
from tests.support.bare_engine import image as engines_image

if TYPE_CHECKING:
    from docker import DockerClient


@pytest.fixture(scope="module")
def client() -> Iterator[DockerClient]:
    client = connect()
    yield client
    client.close()


def ask(client: DockerClient, script: str, user: str = "user") -> str:
    """What a shell in a container of the image prints, under the read-only root that sandboxes have."""
    container = client.containers.run(
        image.lookup(client).name,
        ["sh", "-c", script],
        detach=True,
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        user=user,
    )
    try:
        status = container.wait()["StatusCode"]
        told = container.logs().decode()
    finally:
        container.remove(force=True)
    assert status == 0, told
    return told


@pytest.mark.container
async def test_the_image_of_this_version_is_found_and_speaks_its_wire() -> None:
    found = await image.find()
    assert found.current
    assert found.wire == wire_fingerprint()
    assert found.name == f"harness-sandbox:{found.recipe[:12]}"


@pytest.mark.container
async def test_an_image_that_is_there_is_not_built_again() -> None:
    heard: list[Progress] = []
    assert await image.ensure_image(heard.append) == await image.find()
    assert heard == []


@pytest.mark.container
async def test_a_name_that_nobody_has_is_missing() -> None:
    with pytest.raises(ImageMissing, match="no image 'harness-nobody:has'"):
        await image.find("harness-nobody:has")


@pytest.mark.container
def test_another_architecture_than_the_engines_is_refused(client: DockerClient) -> None:
    with pytest.raises(UsageError, match="builds nothing else"):
        image.build(client, lambda _: None, architecture="s390x")


@pytest.mark.container
def test_the_images_in_the_engine_are_listed_with_the_current_one_marked(client: DockerClient) -> None:
    assert image.lookup(client) in image.images(client)
    plain = [one.name for one in image.images(client) if one.current and not one.apps]
    assert plain == [image.lookup(client).name]


def test_an_image_is_current_stale_or_derived() -> None:
    recipe = Recipe(recipe_hash("amd64", recipe_files()), wire_fingerprint(), "amd64", {})
    apps = recipe.with_apps(("gimp",))
    images = [
        engines_image(recipe.hash[:12], recipe=recipe.hash),
        engines_image(apps.hash[:12], recipe=apps.hash, apps="gimp"),
        engines_image("0" * 12, recipe="0" * 64),
        engines_image("1" * 12, recipe="1" * 64, apps="gimp"),
        engines_image("mine", recipe=recipe.hash) | {"RepoTags": ["mine:1"]},
        engines_image("gone", recipe=recipe.hash) | {"RepoTags": []},
    ]
    with bare_engine(*images) as address:
        client = connect(environ={"DOCKER_HOST": address})
        found = image.images(client)
        client.close()
    standings = [(one.standing, one.apps) for one in found]
    current = [("current", ()), ("current", ("gimp",))]
    assert standings == [*current, ("stale", ()), ("stale", ("gimp",)), ("derived", ()), ("stale", ())]


@pytest.mark.container
def test_each_folder_belongs_to_one_user_alone(client: DockerClient) -> None:
    told = ask(client, "stat -c '%n %U:%G %a' /home/user /run/user/1000 /run/control /run/display", user="root")
    assert told.splitlines() == [
        "/home/user user:user 700",
        "/run/user/1000 user:user 700",
        "/run/control control:control 700",
        "/run/display display:display 700",
    ]


@pytest.mark.container
def test_users_have_the_numbers_the_mounts_count_on(client: DockerClient) -> None:
    assert ask(client, "id -u user; id -u control; id -u display").split() == ["1000", "1001", "1002"]


@pytest.mark.container
def test_what_the_server_imports_is_there_compiled_and_from_its_own_folder(client: DockerClient) -> None:
    script = (
        "import os, sandbox_image.wire as wire, pydantic, starlette, uvicorn, websockets, mss, PIL.Image, fpng, Xlib\n"
        "for module in (wire, pydantic, starlette, uvicorn, websockets, mss, PIL, fpng, Xlib):\n"
        "    assert module.__file__.startswith('/opt/harness/'), module\n"
        "    assert os.path.exists(module.__cached__), module\n"
        "print(fpng.from_bytes(bytes(3), 1, 1, 3)[:4])"
    )
    assert ask(client, f'python3 -I -c "{script}"', user="control").strip() == r"b'\x89PNG'"


@pytest.mark.container
def test_the_programs_of_session_and_panel_are_there(client: DockerClient) -> None:
    session = json.loads(recipe_files()["sandbox_image/session/programs.json"])
    names = {program["argv"][0] for program in session["programs"]}
    names |= {"Xvnc", "tini", "socat", "tesseract", "pcmanfm", "mousepad", "lxterminal", "xterm", "chromium"}
    script = "".join(f"command -v {name} >/dev/null || echo {name}\n" for name in sorted(names))
    script += "for icon in $(sed -n 's/^Icon=//p' /usr/share/harness/panel/*.desktop); do ls $icon >/dev/null; done"
    assert ask(client, script) == ""


@pytest.mark.container
@pytest.mark.parametrize(
    ("asked", "font"),
    [
        ("sans-serif", "DejaVu Sans"),
        ("monospace", "DejaVu Sans Mono"),
        ("sans-serif:lang=ja", "Noto Sans CJK"),
        ("emoji", "Noto Color Emoji"),
    ],
)
def test_fonts_are_fixed(client: DockerClient, asked: str, font: str) -> None:
    assert ask(client, f"fc-match {asked} family").startswith(font)


@pytest.mark.container
def test_the_viewers_files_are_in_the_image(client: DockerClient) -> None:
    assert ask(client, "ls /usr/share/novnc/vnc.html /usr/share/novnc/core/rfb.js").count("\n") == 2
