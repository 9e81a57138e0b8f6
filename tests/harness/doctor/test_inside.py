from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.doctor import inside
from harness.doctor.finding import Finding, Free
from harness.sync_api import Desktop
from harness.testing.sync_api import fake_desktop
from sandbox_image.wire import Action, ErrorCode, Refused

Look = Callable[[Desktop], Finding]


def looked(look: Look, answer: Callable[[str], tuple[str, int]]) -> Finding:
    with fake_desktop(bash=answer) as desktop:
        return look(desktop)


def test_what_is_free_is_told_in_bytes() -> None:
    with fake_desktop(bash=lambda _: ("79717322752\n23734948 kB\n", 0)) as desktop:
        assert inside.free(desktop) == Free(disk=79_717_322_752, memory=23_734_948 * 1024)


def test_forbidden_user_namespaces_are_told_with_the_switch_that_allows_them() -> None:
    def answer(command: str) -> tuple[str, int]:
        if "unshare" in command:
            return "unshare: unshare failed: Operation not permitted\n", 1
        return ("1\n", 0) if "apparmor" in command else ("cat: No such file or directory\n", 1)

    found = looked(inside.user_namespaces, answer)
    assert found.status == "warning"
    assert "Operation not permitted" in found.found
    assert found.advice.endswith("sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0")


def test_a_desktop_whose_accessibility_bus_does_not_answer_is_a_warning() -> None:
    async def broken(_: Action) -> None:
        raise Refused(ErrorCode.ACCESSIBILITY_FAILED, "the desktop has no accessibility bus")

    with fake_desktop() as desktop:
        assert inside.accessibility(desktop).status == "ok"
        desktop.guest.hook = broken
        found = inside.accessibility(desktop)
    assert (found.status, found.found) == ("warning", "the desktop has no accessibility bus")
    assert "harness image build --again" in found.advice


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("user.max_user_namespaces", "0", "user.max_user_namespaces=15000"),
        ("kernel.unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user.max_user_namespaces", "96365", "SELinux"),
    ],
)
def test_the_advice_names_only_switches_that_are_off(name: str, value: str, told: str) -> None:
    missing = dict.fromkeys(inside.SWITCHES, "cat: No such file or directory")
    assert told in inside.namespaces_advice(missing | {name: value})


@pytest.mark.parametrize(
    ("look", "answer", "told"),
    [
        (inside.fonts, lambda command: ("" if ":lang=ko" in command else "Noto\n", 0), "Korean"),
        (inside.ocr, lambda _: ("osd\n", 0), "no English data for Tesseract; found osd"),
    ],
)
def test_what_an_image_lacks_is_a_warning_with_the_command_that_makes_a_fresh_one(
    look: Look, answer: Callable[[str], tuple[str, int]], told: str
) -> None:
    found = looked(look, answer)
    assert (found.status, told in found.found) == ("warning", True)
    assert "harness image build --again" in found.advice
