from __future__ import annotations

import json

import pytest
from pydantic import JsonValue

from harness.model.sizes import weight, words


def test_pictures_are_no_words() -> None:
    picture: JsonValue = {"type": "image", "source": {"type": "base64", "data": "A" * 1000}}
    assert words([{"type": "text", "text": "one"}, picture]) == len("text") + len("one")
    assert weight(picture) > 1000


def test_words_are_counted_in_bytes() -> None:
    assert (words("a"), words("é"), words("\ud800")) == (1, 2, 1)


def test_the_weight_is_about_what_is_sent() -> None:
    call: JsonValue = {"type": "tool_use", "id": "toolu_1", "name": "left_click", "input": {"coordinate": [40, 700]}}
    assert weight([call] * 20) == pytest.approx(len(json.dumps([call] * 20)), rel=0.1)
