"""The example at the top of `harness.testing` works as it stands there."""

from __future__ import annotations

from harness.testing import FakeDesktop, FakeWindow
from sandbox_image.wire import Size


async def test_the_example_of_the_package_works() -> None:
    desktop = FakeDesktop(apps={"mousepad": lambda _: FakeWindow(title="Untitled - Mousepad")})
    await desktop.launch("mousepad")
    await desktop.wait_for_window("Mousepad")
    await desktop.type("Hello")
    assert [word.text for word in await desktop.read_text()][-1] == "Hello"


async def test_screen_files_and_shell_are_what_the_test_gives() -> None:
    desktop = FakeDesktop(
        Size(width=100, height=50), files={"note": b"text"}, bash=lambda command: (command.upper(), 3)
    )
    assert (desktop.screen, await desktop.read("note")) == (Size(width=100, height=50), b"text")
    result = await desktop.bash("make")
    assert (result.output, result.exit_code, desktop.guest.commands) == ("MAKE", 3, ["make"])
