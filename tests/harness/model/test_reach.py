from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.model.reach import Api


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("base_url", "api.test", "is an address such as"),
        ("base_url", "ftp://api.test", "is an address such as"),
        ("base_url", "https://me:very-secret@api.test", "keys come from the environment only"),
        ("proxy", "very-secret", "a proxy is an address such as"),
        ("headers", {"X-Api-Key": "very-secret"}, "X-Api-Key carries a key; keys come from the environment only"),
        ("headers", {"authorization": "very-secret"}, "carries a key"),
        ("headers", {"a b": "very-secret"}, "'a b' cannot be the name of a header"),
        ("headers", {"x": "very-secret\nx: y"}, "one line of printable ASCII"),
        ("connections", 0, "greater than or equal to 1"),
        ("timeout", 0, "greater than 0"),
    ],
)
def test_what_cannot_be_is_told_without_the_value(field: str, value: object, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as raised:
        Api.model_validate({field: value})
    assert "very-secret" not in str(raised.value)


def test_what_may_be_secret_is_never_shown() -> None:
    api = Api.model_validate({"proxy": "http://me:pass%20word@proxy.test:8080", "headers": {"X-Team": "very-secret"}})
    shown = f"{api!r} {api} {api.model_dump_json()}"
    assert not [secret for secret in api.secrets if secret in shown]
    assert set(api.secrets) == {
        "http://me:pass%20word@proxy.test:8080", "pass%20word", "pass word", "very-secret",
    }  # fmt: skip
