"""The clipboard of the fake desktop."""

from __future__ import annotations

from typing import assert_never

from harness.testing.held import Held
from sandbox_image.wire import ClipboardAction, ClipboardRead, Done, ReadClipboard, SetClipboard

_TARGETS = {"text": ("UTF8_STRING",), "html": ("text/html",), "image": ("image/png",)}


class FakeClipboard:
    """What was put into it, in each form; None where there is none."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self.content: SetClipboard | None = None

    async def do(self, action: ClipboardAction) -> Done | ClipboardRead:
        """One action of this room."""
        async with self._held.during(action):
            match action:
                case SetClipboard():
                    self.content = action
                    return Done()
                case ReadClipboard():
                    return self._read(action)
                case _:
                    assert_never(action)

    @property
    def text(self) -> str | None:
        """What Ctrl+V writes."""
        return self.content.text if self.content else None

    def _read(self, action: ReadClipboard) -> ClipboardRead:
        forms = self.content.model_dump(exclude={"kind"}, exclude_none=True) if self.content else {}
        targets = tuple(target for form in forms for target in _TARGETS[form])
        return ClipboardRead.model_validate({"targets": targets, action.form: forms.get(action.form)})
