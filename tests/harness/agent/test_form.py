from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from harness.agent.form import form, read_schema
from harness.agent.outcome import Finished
from harness.agent.task import Task, run_task
from harness.errors import BadAnswer, UsageError
from harness.model.reach import Api, Reach
from harness.testing import FakeDesktop
from harness.tools.call import Json
from tests.support.api import Turn, say, stand_in
from tests.support.api.offers import loose_schema


class Item(BaseModel):
    name: str = Field(min_length=1)
    price: float = Field(ge=0)
    kind: Literal["fruit", "bread"] | None = None


class Receipt(BaseModel):
    """What was bought."""

    items: list[Item] = Field(min_length=1, max_length=3)
    when: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")


class Odd:
    """Nothing that pydantic knows."""


COUNT = '{"count": 1}'
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1},
        "note": {"type": ["string", "null"], "description": "what else", "maxLength": 5},
        "item": {"$ref": "#/$defs/item"},
    },
    "required": ["count"],
    "$defs": {"item": {"type": "object", "properties": {"day": {"type": "string", "format": "date"}}}},
}


@pytest.mark.parametrize("given", [Receipt, SCHEMA, list[Item], dict])
def test_what_is_asked_for_is_what_the_api_takes(given: Any) -> None:
    assert list(loose_schema("schema", form(given).schema)) == []


def test_what_the_api_does_not_take_is_told_in_words() -> None:
    told = form(SCHEMA).schema
    assert told["properties"]["count"] == {"type": "integer", "description": "{minimum: 1}"}  # type: ignore[index, call-overload]
    assert "maximum" not in str(told)
    assert "maxLength: 5" in str(told)


def test_an_answer_in_the_form_of_a_class_is_an_instance_of_it() -> None:
    value = form(Receipt).read('{"items": [{"name": "apple", "price": 1}], "when": "2026-01-02"}')
    assert value == Receipt(items=[Item(name="apple", price=1)], when="2026-01-02")
    assert isinstance(value, Receipt)


def test_an_answer_in_the_form_of_a_schema_is_json() -> None:
    assert form(SCHEMA).read('{"count": 2, "note": null}') == {"count": 2, "note": None}


@pytest.mark.parametrize(
    ("given", "text", "problem"),
    [
        (
            Receipt,
            '{"items": [], "when": "today"}',
            "items: List should have at least 1 item.*; when: String should match",
        ),
        (Receipt, "It is done.", "the result: Invalid JSON"),
        (SCHEMA, "It is done.", "it is no JSON"),
        (SCHEMA, '{"count": NaN}', "NaN is no number in JSON"),
        (
            SCHEMA,
            '{"count": 0, "note": "longer than"}',
            r"\$\.count: 0 is less than.*; \$\.note: 'longer than' is too long",
        ),
        (SCHEMA, '{"count": 1, "item": {"day": "monday"}}', r"\$\.item\.day: 'monday' is not a 'date'"),
        (SCHEMA, "{}", "'count' is a required property"),
    ],
)
def test_an_answer_in_another_form_is_told_with_what_is_wrong(given: Any, text: str, problem: str) -> None:
    with pytest.raises(BadAnswer, match=problem) as raised:
        form(given).read(text)
    assert raised.value.body == text


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"type": "objekt"}, "is no JSON schema: .*objekt"),
        ({"type": "object", "properties": 5}, "is no JSON schema"),
        ({}, "the API takes no such form"),
        (
            {"$ref": "https://example.com/schema.json"},
            "refers to 'https://example.com/schema.json', which is not in it",
        ),
        ({"$ref": "#/$defs/nothing"}, "refers to .*nothing"),
        (Odd, "cannot be the form of a result"),
    ],
)
def test_a_form_that_cannot_be_is_told_before_anything_begins(given: Any, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        form(given)


def test_a_schema_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "form.json"
    file.write_text('{"type": "string"}')
    assert read_schema(file) == {"type": "string"}
    for text, problem in (
        ('{"type":\n "string"', "form.json:2:10: this is no JSON"),
        ("[]", "is an object; found list"),
    ):
        file.write_text(text)
        with pytest.raises(UsageError, match=problem):
            read_schema(file)
    file.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        read_schema(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read_schema(tmp_path / "none.json")


@pytest.mark.parametrize("given", [Receipt, SCHEMA])
async def test_the_api_is_asked_for_a_result_in_its_form(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    receipt = '{"items": [{"name": "a", "price": 1}], "when": "2026-01-02"}'
    async with stand_in([Turn([say("I cannot.")]), Turn([say(receipt if given is Receipt else COUNT)])]) as api:
        outcome = await run_task(
            Task("buy", form=given),
            FakeDesktop(),
            lambda _: None,
            reach=Reach(Api(base_url=api.url)),
        )
    assert api.violations == []
    assert isinstance(outcome, Finished)
    assert isinstance(outcome.value, Receipt if given is Receipt else dict)
