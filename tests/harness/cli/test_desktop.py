"""`harness desktop`, as it is typed."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from harness.cli import execute
from tests.support.sandboxes import Leftovers

SMALL = ("--screen", "640x480", "--memory", "512m")


def harness(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    program = "from harness.cli import main; main()"
    return subprocess.run([sys.executable, "-c", program, *words], input=given, capture_output=True, check=False)


def asked(*words: str) -> dict[str, object]:
    """What a command that has to work answers with --json."""
    done = harness(*words, "--json") if words[1] != "shell" else harness(*words[:2], "--json", *words[2:])
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.mark.container
def test_a_desktop_in_the_background_from_start_to_stop(leftovers: Leftovers, tmp_path: Path) -> None:
    desktop = str(asked("desktop", "start", *SMALL)["id"])
    assert asked("desktop", "ls")["desktops"] != []

    assert asked("desktop", "shell", "cd /tmp; pwd")["output"] == "/tmp\n"  # noqa: S108 - the guest's own
    assert harness("desktop", "shell", "pwd").stdout == b"/tmp\n"  # the session went on
    assert harness("desktop", "shell", desktop[:4], "sh", "-c", "'exit 3'").returncode == 3
    assert harness("desktop", "shell", desktop, "--", "pwd").stdout == b"/tmp\n"
    apart = harness("desktop", "shell", "printf '\\xff\\0'; echo wrong >&2")
    assert (apart.stdout, apart.stderr) == (b"\xff\0", b"wrong\n")
    lines = harness("desktop", "shell", given=b"echo one\n\necho two; false\n")
    assert (lines.stdout, lines.returncode) == (b"one\ntwo\n", 1)
    assert harness("desktop", "shell", "--timeout", "200ms", "sleep 60").returncode == 124

    picture = tmp_path / "look.png"
    assert asked("desktop", "screenshot", desktop, str(picture))["size"] == {"width": 640, "height": 480}
    assert Image.open(io.BytesIO(picture.read_bytes())).size == (640, 480)
    part = harness("desktop", "screenshot", "-", "--region", "0,0,100,50", "--size", "50x25")
    assert Image.open(io.BytesIO(part.stdout)).size == (50, 25)

    assert asked("desktop", "stop", desktop) == {"stopped": [desktop]}
    assert leftovers.nothing()


@pytest.mark.container
def test_a_desktop_ends_by_itself_when_its_time_is_over(leftovers: Leftovers) -> None:
    assert harness("desktop", "start", *SMALL, "--for", "1s").returncode == 0
    leftovers.wait_until_gone()
    assert leftovers.containers() == []


@pytest.mark.container
def test_stop_all_ends_every_desktop_in_the_background(leftovers: Leftovers) -> None:
    started = {str(asked("desktop", "start", *SMALL)["id"]) for _ in range(2)}
    refused = harness("desktop", "stop")
    assert refused.returncode == 2
    assert b"name one" in refused.stderr
    stopped = asked("desktop", "stop", "--all")["stopped"]
    assert isinstance(stopped, list)
    assert set(stopped) == started
    assert leftovers.nothing()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("desktop", "start", "--memory", "10m"), "memory"),
        (("desktop", "start", "--screen", "wide"), "WIDTHxHEIGHT"),
        (("desktop", "start", "--for", "long"), "a span of time"),
        (("desktop", "stop"), "harness desktop start"),
        (("desktop", "shell", "true"), "harness desktop start"),
        (("desktop", "screenshot"), "harness desktop start"),
        (("desktop", "put", "x"), "harness desktop start"),
        (("desktop", "get", "x"), "harness desktop start"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_message_with_exit_code_2(
    leftovers: Leftovers, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    assert leftovers.nothing()
    assert execute([*words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


def test_an_error_is_json_for_those_who_asked_for_json(
    leftovers: Leftovers, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leftovers.nothing()
    assert execute(["desktop", "stop", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["kind"] == "UsageError"


def test_listing_says_what_to_do_where_there_is_nothing(
    leftovers: Leftovers, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leftovers.nothing()
    assert execute(["desktop", "ls"]) == 0
    assert "harness desktop start" in capsys.readouterr().out


def test_without_an_engine_the_places_tried_are_told_with_exit_code_3(
    leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    assert execute(["desktop", "start"]) == 3
    assert "/nowhere/docker.sock" in capsys.readouterr().err
    assert leftovers.folders() == []


def test_output_that_cannot_be_written_is_told_in_one_message() -> None:
    program = "from harness.cli import main; main()"
    with Path("/dev/full").open("wb") as full:
        told = subprocess.run(
            [sys.executable, "-c", program, "desktop", "ls"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert told.returncode != 0
    assert told.stderr.startswith(b"error: [Errno 28] No space left on device\n")
    assert b"most recent call last" not in told.stderr


def test_help_and_version_are_told_with_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["--help"]) == 0
    assert "harness desktop start" in capsys.readouterr().out
    assert execute(["--version"]) == 0
    assert capsys.readouterr().out.startswith("harness ")
    assert execute(["nosuch"]) == 2
