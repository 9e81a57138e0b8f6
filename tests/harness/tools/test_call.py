from __future__ import annotations

import base64

import pytest

from harness.errors import UsageError
from harness.geometry import Viewport
from harness.sandbox.desktop import Screenshot
from harness.tools.call import Call, Result, understood
from harness.tools.editor import KINDS
from sandbox_image.wire import Region, Size

SHOT = Screenshot(
    b"\x89PNG", "png", Viewport(region=Region(x=0, y=0, width=4, height=3), shown=Size(width=4, height=3))
)


def test_a_result_names_its_call_and_its_toolset() -> None:
    block = Result("done").block(Call("a", "left_click", {}, "computer"))
    assert block == {
        "type": "tool_result",
        "tool_use_id": "a",
        "toolset_name": "computer",
        "content": [{"type": "text", "text": "done"}],
    }


def test_a_call_of_no_toolset_is_answered_without_one() -> None:
    assert "toolset_name" not in Result("done").block(Call("a", "bash", {}))


def test_a_picture_goes_in_base64_with_its_type() -> None:
    block = Result(picture=SHOT).block(Call("a", "screenshot", {}))
    data = base64.b64encode(b"\x89PNG").decode()
    assert block["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    ]


def test_a_failure_is_one_and_never_empty() -> None:
    block = Result(failed=True).block(Call("a", "bash", {}))
    assert (block["is_error"], block["content"]) == (True, [{"type": "text", "text": "it failed"}])


def test_what_is_not_understood_names_what_is_allowed() -> None:
    with pytest.raises(UsageError, match="there is no command 'delete'; there are: view, create, str_replace"):
        understood(KINDS, "command", {"command": "delete"})
    with pytest.raises(UsageError, match="view: path: Field required"):
        understood(KINDS, "command", {"command": "view"})
    with pytest.raises(UsageError, match="no command None"):
        understood(KINDS, "command", {})
