from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, JsonValue

from harness.errors import UsageError
from harness.tools.call import Call, Json
from harness.tools.custom import FunctionTool


class Item(BaseModel):
    name: str
    price: float


def price(name: Annotated[str, Field(description="what it is called")], unit: Literal["EUR", "USD"] = "EUR") -> str:
    """Look up what something costs."""
    return f"{name}: 3 {unit}"


async def basket(items: list[Item]) -> dict[str, float]:
    """Sum them up."""
    if not items:
        raise ValueError("an empty basket")
    return {"total": sum(item.price for item in items)}


async def called(tool: FunctionTool, given: Json) -> tuple[str, bool]:
    result = await tool.do(Call("a", tool.name, given))
    return result.text, result.failed


def test_a_function_tells_a_model_all_it_needs() -> None:
    assert FunctionTool(price).definition == {
        "name": "price",
        "description": "Look up what something costs.",
        "input_schema": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "title": "Name", "description": "what it is called"},
                "unit": {"type": "string", "title": "Unit", "enum": ["EUR", "USD"], "default": "EUR"},
            },
            "required": ["name"],
            "additionalProperties": False,
        },
    }


async def test_it_is_called_with_values_of_its_types() -> None:
    assert await called(FunctionTool(price), {"name": "tea"}) == ("tea: 3 EUR", False)
    items: list[JsonValue] = [{"name": "tea", "price": 3}, {"name": "cup", "price": 4.5}]
    assert await called(FunctionTool(basket), {"items": items}) == ('{"total": 7.5}', False)


@pytest.mark.parametrize(
    ("given", "problem"),
    [({}, "name: Field required"), ({"name": "a", "unit": "GBP"}, "unit: "), ({"name": "a", "nam": 1}, "nam: ")],
)
async def test_what_does_not_fit_is_told(given: Json, problem: str) -> None:
    text, failed = await called(FunctionTool(price), given)
    assert failed
    assert problem in text


async def test_what_it_raises_is_told() -> None:
    assert await called(FunctionTool(basket), {"items": []}) == ("basket failed: ValueError: an empty basket", True)


def test_a_function_without_types_is_refused() -> None:
    def vague(what, *more: int) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - that is the point
        """Do something."""

    with pytest.raises(UsageError, match="what needs a type"):
        FunctionTool(vague)

    def many(*more: int) -> None:
        """Do something."""

    with pytest.raises(UsageError, match="a tool's parameters are named"):
        FunctionTool(many)


@pytest.mark.parametrize("thing", [1, "name", object()])
def test_what_is_no_function_is_told(thing: Any) -> None:
    with pytest.raises(UsageError, match="a tool is a function with types and a docstring; found"):
        FunctionTool(thing)
