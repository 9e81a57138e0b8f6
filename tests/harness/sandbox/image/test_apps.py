"""Applications on top of the image, and images of a user's own on it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from harness.cli import execute
from harness.errors import ImageMissing, UsageError, WireMismatch
from harness.sandbox import image
from harness.sandbox.connection import connect
from harness.sandbox.image.progress import Progress
from harness.sandbox.image.recipes import recipe
from harness.sync_api import sandbox
from sandbox_image.fingerprint import wire_fingerprint

if TYPE_CHECKING:
    from docker import DockerClient


@pytest.fixture
def client() -> Iterator[DockerClient]:
    client = connect()
    yield client
    client.close()


@contextmanager
def built_by_a_user(client: DockerClient, lines: str) -> Iterator[str]:
    """The name of an image made by a Dockerfile that begins as docs/images.md says."""
    name = f"harness-test:{uuid4().hex}"
    dockerfile = f"ARG BASE\nFROM ${{BASE}}\n{lines}\n"
    ground = {"BASE": image.lookup(client).name}
    client.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=name, buildargs=ground, rm=True, forcerm=True)
    try:
        yield name
    finally:
        client.images.remove(name, force=True)


@pytest.mark.container
def test_applications_make_an_image_of_its_own_that_is_listed_looked_into_and_started(
    client: DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    name = recipe(client).with_apps(("hello",)).name
    try:
        assert execute(["image", "build", "--apps", "hello"]) == 0
        told = capsys.readouterr()
        assert told.out == f"{name}\n"
        assert "adding hello" in told.err
        heard: list[Progress] = []
        assert image.build(client, heard.append, apps=("hello",)).apps == ("hello",)
        assert heard == []
        found = next(one for one in image.images(client) if one.name == name)
        assert (found.standing, found.apps, found.wire) == ("current", ("hello",), wire_fingerprint())
        assert execute(["image", "inspect", name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["packages"]["hello"]
        with sandbox(apps=["hello"]) as desktop:
            assert desktop.bash("hello").output == "Hello, world!\n"
            assert desktop.bash("ls /var/lib/apt/lists").output.split() in ([], ["auxfiles", "partial"], ["partial"])
    finally:
        client.images.remove(name, force=True)


@pytest.mark.container
def test_a_package_nobody_knows_is_refused_with_those_that_are_near(client: DockerClient) -> None:
    with pytest.raises(UsageError, match=r"no Debian package is called featherpadd; .*near: featherpad"):
        image.build(client, lambda _: None, apps=("featherpadd", "hello"))


@pytest.mark.container
def test_an_image_that_was_not_built_yet_is_told_with_the_command_that_builds_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = "harness image build --apps kcalc,nobody-has-this"
    with pytest.raises(ImageMissing, match=f"`{command}`"), sandbox(apps="nobody-has-this,kcalc"):
        pytest.fail("it started")
    assert execute(["desktop", "start", "--apps", "nobody-has-this", "--apps", "kcalc"]) == 3
    assert command in " ".join(capsys.readouterr().err.split())


@pytest.mark.container
def test_an_image_that_a_user_built_on_ours_starts_and_is_listed_as_what_it_is(client: DockerClient) -> None:
    with built_by_a_user(client, "RUN echo mine > /etc/mine") as name:
        with sandbox(image=name) as desktop:
            assert desktop.bash("cat /etc/mine").output == "mine\n"
        found = next(one for one in image.images(client) if one.name == name)
        assert (found.standing, found.current, found.wire) == ("derived", False, wire_fingerprint())


@pytest.mark.container
def test_a_users_image_of_another_version_is_refused_with_what_to_build_it_from(client: DockerClient) -> None:
    with (
        built_by_a_user(client, "LABEL harness.wire=0123") as name,
        pytest.raises(WireMismatch, match=f"FROM {image.lookup(client).name}"),
        sandbox(image=name),
    ):
        pytest.fail("it started")
