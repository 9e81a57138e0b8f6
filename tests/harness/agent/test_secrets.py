from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.agent.secrets import Secrets
from harness.errors import UsageError
from harness.events import MASK

SECRETS = Secrets({"PIN": "4711", "KEY": "first line\nsecond line\nab", "EMPTY": "", "LONG": "47112222"})


def test_values_take_the_place_of_names() -> None:
    assert SECRETS.reveal("my {secret:PIN}, {secret:PIN} {secret} {other:PIN}") == "my 4711, 4711 {secret} {other:PIN}"


def test_a_name_that_nobody_gave_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="there is no secret 'PINN'; there are: EMPTY, KEY, LONG, PIN"):
        SECRETS.reveal("{secret:PINN}")


def test_values_and_their_longer_lines_are_taken_out() -> None:
    assert SECRETS.redact("pin 4711, second line, ab, 47112222!") == f"pin {MASK}, {MASK}, ab, {MASK}!"


def test_secrets_do_not_show_in_a_traceback() -> None:
    assert "4711" not in repr(SECRETS)


@given(st.text(min_size=1).filter(lambda value: value not in MASK), st.text(), st.text())
def test_no_text_shows_a_secret(value: str, before: str, after: str) -> None:
    told = Secrets({"S": value}).redact(before + value + after)
    assert value not in told.replace(MASK, "\0") or value == "\0"
