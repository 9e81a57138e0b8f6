"""Every code the sandbox may send has a class here, and every class says what happened."""

from __future__ import annotations

import inspect

import pytest

from harness import errors
from harness.errors import ActionFailed, HarnessError, Restarted, StartFailed, from_failure
from sandbox_image.wire import ErrorCode, Failure, Reply

CLASSES = {
    ErrorCode.RESTARTED: "Restarted",
    ErrorCode.DEADLINE: "DeadlinePassed",
    ErrorCode.OFF_SCREEN: "NotOnScreen",
    ErrorCode.UNKNOWN_KEY: "UnknownKey",
    ErrorCode.UNTYPABLE: "Untypable",
    ErrorCode.NO_SUCH_WINDOW: "NoSuchWindow",
    ErrorCode.HELD: "WrongHold",
    ErrorCode.MISSING: "NotInstalled",
    ErrorCode.WINDOW_STAYED: "WindowStayed",
    ErrorCode.NO_SUCH_NODE: "NoSuchNode",
    ErrorCode.NODE_REFUSED: "NodeRefused",
    ErrorCode.ACCESSIBILITY_FAILED: "AccessibilityFailed",
    ErrorCode.LAUNCH_FAILED: "LaunchFailed",
    ErrorCode.NO_SUCH_PROGRAM: "NoSuchProgram",
    ErrorCode.NOT_FOUND: "FileFailed",
    ErrorCode.DENIED: "FileFailed",
    ErrorCode.FILE_ERROR: "FileFailed",
}


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_becomes_its_class_with_the_message(code: ErrorCode) -> None:
    error = from_failure(Failure(code=code, message="what was found"))
    assert type(error).__name__ == CLASSES.get(code, "ActionFailed")
    assert str(error) == "what was found"


def test_a_failed_action_carries_what_was_done_before_it_and_the_picture() -> None:
    failure = Failure(code=ErrorCode.OFF_SCREEN, message="off", action=1)
    reply = Reply(id="12345678", failure=failure, took_ms=1)
    error = from_failure(failure, reply, b"picture")
    assert isinstance(error, ActionFailed)
    assert (error.code, error.failure, error.reply, error.picture) == (failure.code, failure, reply, b"picture")


def test_a_restart_is_no_failed_action() -> None:
    assert not isinstance(from_failure(Failure(code=ErrorCode.RESTARTED, message="anew")), ActionFailed)
    assert not issubclass(Restarted, ActionFailed)


def test_a_failed_start_tells_the_step_and_the_last_log_lines() -> None:
    error = StartFailed("display", "no answer in 30 s", ["first", "second"])
    assert str(error).splitlines() == [
        "the sandbox did not start: display: no answer in 30 s",
        "last log lines:",
        "  | first",
        "  | second",
    ]
    assert (error.step, error.log) == ("display", ("first", "second"))


def test_a_failed_start_without_a_log_is_one_line() -> None:
    assert str(StartFailed("create", "refused")) == "the sandbox did not start: create: refused"


def test_the_tree_at_the_top_of_the_file_names_every_class() -> None:
    classes = [name for name, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, HarnessError)]
    assert errors.__doc__ is not None
    assert set(classes) - set(errors.__doc__.split()) == set()
