"""Test doubles that ship with the harness, so that what is built on it can be tested without a container.

    desktop = FakeDesktop(apps={"mousepad": lambda argv: FakeWindow(title="Untitled - Mousepad")})
    await desktop.launch("mousepad")
    await desktop.wait_for_window("Mousepad")
    await desktop.type("Hello")
    assert [word.text for word in await desktop.read_text()][-1] == "Hello"

    model = ScriptedModel([Line(say="I write.", do=({"type": {"text": "Hello"}},)), Line(say="It is written.")])
    outcome = await run_task("write hello", desktop, model=model)

The fake holds state and obeys the rules of the real desktop: what it refuses, the real one refuses with the same
error. One list of checks runs against both.
"""

from harness.model.scripted import Line, ScriptedModel
from harness.testing.desktop import FakeDesktop
from harness.testing.guest import FakeGuest
from harness.testing.windows import FakeWindow

__all__ = ["FakeDesktop", "FakeGuest", "FakeWindow", "Line", "ScriptedModel"]
