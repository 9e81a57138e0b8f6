"""Asking a person: what the model cannot know or must not decide. Without anybody there it is told so at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from harness.tools.call import Call, Json, Result

Reply: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Puts a question to a person; None where nobody answers."""
NAME = "request_human"
NOBODY = "Nobody is there to answer. Decide by what you know, or end with saying what you would need to know."
DEFINITION: Json = {
    "name": NAME,
    "description": (
        "Ask the person for whom you work: for what only they know, such as a code from their phone, or before "
        "something that cannot be undone. Do not ask for what the screen or the shell can tell you."
    ),
    "input_schema": {
        "type": "object",
        "properties": {"question": {"type": "string", "description": "One question, in a sentence or two."}},
        "required": ["question"],
        "additionalProperties": False,
    },
}


class Human:
    """Whoever is there."""

    def __init__(self, reply: Reply | None = None) -> None:
        self._reply = reply

    async def do(self, call: Call) -> Result:
        """Put the question."""
        question = call.input.get("question")
        if not isinstance(question, str) or not question.strip():
            return Result('a call of request_human has {"question": TEXT}', failed=True)
        answer = await self._reply(question) if self._reply else None
        return Result(NOBODY if answer is None else answer or "(an empty answer)")
