from __future__ import annotations

import pytest

from harness.tools.call import Call, Json
from harness.tools.human import NOBODY, Human


async def test_a_person_is_asked_and_answers() -> None:
    asked: list[str] = []

    async def reply(question: str) -> str | None:
        asked.append(question)
        return "blue"

    result = await Human(reply).do(Call("a", "request_human", {"question": "Which colour?"}))
    assert (result.text, result.failed, asked) == ("blue", False, ["Which colour?"])


async def test_without_anybody_the_model_is_told_at_once() -> None:
    assert (await Human().do(Call("a", "request_human", {"question": "Which?"}))).text == NOBODY


@pytest.mark.parametrize("given", [{}, {"question": " "}, {"question": 3}])
async def test_a_call_without_a_question_is_told_what_to_say(given: Json) -> None:
    assert (await Human().do(Call("a", "request_human", given))).failed
