from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox_image.plan import SESSION, module, xvnc


def test_the_x_server_listens_on_no_network() -> None:
    command = xvnc("1024x768")
    assert command[:4] == ("Xvnc", ":0", "-geometry", "1024x768")
    for option, value in (("-nolisten", "tcp"), ("-rfbport", "-1"), ("-rfbunixmode", "0600")):
        assert command[command.index(option) + 1] == value


@pytest.mark.parametrize(
    "screen", ["", "1280", "1280x", "x800", "1280x800x24", "63x64", "99999x800", "-1280x800", "²x²"]
)
def test_a_screen_that_cannot_be_is_refused_with_what_can(screen: str) -> None:
    with pytest.raises(ValueError, match="HARNESS_SCREEN is 64x64 to 7680x7680, not"):
        xvnc(screen)


def test_parts_of_the_package_run_isolated_from_what_the_desktops_user_writes() -> None:
    assert module("server")[1:] == ("-I", "-m", "sandbox_image.server")


def test_the_session_lists_programs_with_what_the_supervisor_reads() -> None:
    session = json.loads(Path(SESSION).read_text())
    assert session["environment"]["DISPLAY"] == ":0"
    for program in session["programs"]:
        assert isinstance(program["name"], str)
        assert all(isinstance(word, str) for word in program["argv"])
        assert isinstance(program["stays"], bool)
