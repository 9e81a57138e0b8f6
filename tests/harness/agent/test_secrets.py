from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.agent.secrets import Secrets, secrets_given
from harness.errors import UsageError
from harness.events import MASK

SECRETS = Secrets({"PIN": "4711", "KEY": "first line\nsecond line\nab", "EMPTY": "", "LONG": "47112222"})


def test_values_take_the_place_of_names() -> None:
    assert SECRETS.reveal("my {secret:PIN}, {secret:PIN} {secret} {other:PIN}") == "my 4711, 4711 {secret} {other:PIN}"


@pytest.mark.parametrize("text", ["{secret:}", "{secret:a b}", "{secret:PIN", "secret:PIN}", "{secret: PIN}", "{}"])
def test_what_only_looks_like_a_name_stays_as_it_is(text: str) -> None:
    assert SECRETS.reveal(text) == text


def test_a_name_that_nobody_gave_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"there is no secret 'PINN'; there are: EMPTY, KEY, LONG, PIN. To type these"):
        SECRETS.reveal("{secret:PINN}")


def test_those_that_were_typed_are_known_from_then_on() -> None:
    secrets = Secrets({"PIN": "4711", "KEY": "a", "EMPTY": ""})
    with pytest.raises(UsageError):
        secrets.reveal("{secret:KEY} {secret:NO}")
    assert secrets.typed() == ()
    secrets.reveal("{secret:PIN}{secret:EMPTY}{secret:PIN}")
    assert secrets.typed() == ("4711",)
    secrets.assume_typed()
    assert secrets.typed() == ("4711", "a")


def test_values_and_their_longer_lines_are_taken_out() -> None:
    assert SECRETS.redact("pin 4711, second line, ab, 47112222!") == f"pin {MASK}, {MASK}, ab, {MASK}!"


def test_secrets_do_not_show_in_a_traceback() -> None:
    secrets = Secrets({"PIN": "4711"})
    secrets.reveal("{secret:PIN}")
    assert "4711" not in repr(secrets)


@given(st.text(min_size=1).filter(lambda value: value not in MASK), st.text(), st.text())
def test_no_text_shows_a_secret(value: str, before: str, after: str) -> None:
    told = Secrets({"S": value}).redact(before + value + after)
    assert value not in told.replace(MASK, "\0") or value == "\0"


@pytest.mark.parametrize("value", ["pa\"ss\\wörd & <it> 's+1/2", "one line is\nanother one", "hunter2"])
def test_a_secret_is_known_in_every_form_that_programs_write(value: str) -> None:
    secrets, data = Secrets({"S": value}), value.encode()
    forms = [repr(value), json.dumps(value), json.dumps(value, ensure_ascii=False), quote(value), quote(value, safe="")]
    forms += [quote_plus(value), base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode(), data.hex()]
    forms += [shlex.quote(value), f"echo {value}", f"<p>{value}</p>"]
    for form in forms:
        told = secrets.redact(form)
        assert MASK in told
        assert len(told.replace(MASK, "")) <= 8, (form, told)


def test_secrets_come_from_the_environment_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("two\nlines\n")
    given = secrets_given(["PIN", f"KEY=FILE:{tmp_path / 'key'}"], {"PIN": "4711"})
    assert given == {"PIN": "4711", "KEY": "two\nlines"}


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("PIN=hunter2", "a value on the command line can be read by every user of this machine; set the"),
        ("PIN=FILE:", "a value on the command line"),
        ("9PIN", "a name has letters, digits and _"),
        ("", "a name has letters"),
        ("NO", "the environment variable NO is not set, or is empty"),
        ("EMPTY", "is not set, or is empty"),
        ("PIN=FILE:/nowhere/at/all", r"/nowhere/at/all cannot be read \(No such file"),
        ("PIN=FILE:{empty}", "the file is empty"),
        ("PIN=FILE:{binary}", "is no text in UTF-8"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told_without_a_value(tmp_path: Path, told: str, problem: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    told = told.replace("{empty}", str(tmp_path / "empty")).replace("{binary}", str(tmp_path / "binary"))
    with pytest.raises(UsageError, match=problem) as raised:
        secrets_given([told], {"EMPTY": ""})
    assert "hunter2" not in str(raised.value)
