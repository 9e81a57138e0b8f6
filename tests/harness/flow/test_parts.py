"""What the models of a flow are built from."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.flow.parts import Find, Target, WindowMatch


def test_a_window_is_named_by_title_class_or_focus_and_says_so() -> None:
    assert str(WindowMatch.model_validate("Mousepad")) == "title 'Mousepad'"
    assert str(WindowMatch.model_validate({"class": "xterm", "active": False})) == "class xterm, no focus"
    with pytest.raises(ValidationError, match="say which window"):
        WindowMatch.model_validate({})


def test_what_narrows_down_a_text_needs_one() -> None:
    with pytest.raises(ValidationError, match="give the text as well"):
        Find.model_validate({"nth": 2})


def test_a_target_is_a_text_a_node_or_a_point_and_only_one_of_them() -> None:
    assert str(Target.model_validate("Save")) == "'Save'"
    assert str(Target.model_validate((3, 4))) == "(3, 4)"
    assert str(Target.model_validate({"node": {"role": "button", "name": "/^Sa/"}})) == "button named /^Sa/"
    for value in ({}, {"text": "Save", "point": (3, 4)}, {"text": "Save", "node": "Save"}):
        with pytest.raises(ValidationError, match="say where"):
            Target.model_validate(value)
