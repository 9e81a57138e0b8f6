"""Windows a flow means: waiting for one, and what is done with it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.flow.parts import WindowMatch
from harness.flow.scene import Scene
from harness.flow.schema import ArrangeStep, CloseStep
from harness.sandbox.desktop.requests import sendable
from harness.text import fold, spelled
from sandbox_image import wire
from sandbox_image.wire import WaitWindow, Window

_TOLD = 6  # titles listed in a failure


async def locate_window(scene: Scene, wanted: WindowMatch) -> Window:
    """The one window that is meant, once it is there. Raises StepFailed where there is none, or several."""
    fitting: list[Window] = []
    windows: tuple[Window, ...] = ()
    looks = scene.looks()
    while len(fitting) != 1 and await looks.again(None if fitting else _coming(wanted)):
        windows = await scene.windows()
        fitting = [window for window in windows if fits(window, wanted)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        told = f"{len(fitting)} windows have {wanted}; say more of the one that is meant: {named(fitting)}"
        raise await scene.failed(told)
    raise await scene.failed(f"there is no window with {wanted}; open windows: {named(windows)}")


async def arrange(scene: Scene, body: ArrangeStep) -> None:
    """Restore, move and size a window, then give it its new state; all in one round trip."""
    number = (await locate_window(scene, body)).id
    actions: list[wire.Action] = []
    if body.to or body.size or body.state == "normal":
        actions.append(wire.SetWindowState(window=number, state="normal"))
    if body.to:
        actions.append(wire.MoveWindow(window=number, to=body.to))
    if body.size:
        actions.append(wire.ResizeWindow(window=number, size=body.size))
    if body.state and body.state != "normal":
        actions.append(wire.SetWindowState(window=number, state=body.state))
    await scene.act(*actions)


async def close(scene: Scene, body: CloseStep) -> None:
    """Close a window and wait until it is gone."""
    window = await locate_window(scene, body)
    timeout_ms = max(1, round(scene.left * 1000))
    await scene.act(wire.CloseWindow(window=window.id, force=body.force, timeout_ms=timeout_ms))


async def expect_window(scene: Scene, wanted: WindowMatch, *, gone: bool) -> None:
    """Wait until it is there, or gone. Raises StepFailed."""
    looks = scene.looks()
    windows: tuple[Window, ...] = ()
    seen = False
    while await looks.again(None if gone or seen else _coming(wanted)):
        windows = await scene.windows()
        fitting = [window for window in windows if fits(window, wanted)]
        # A window that has just come gets the focus a moment later, and the next step may type: look once more.
        if bool(fitting) != gone and (gone or seen or any(window.active for window in fitting)):
            return
        seen = bool(fitting)
    if seen and not gone:
        return
    told = "is still there" if gone else "did not come"
    raise await scene.failed(f"a window with {wanted} {told}; open windows: {named(windows)}")


def fits(window: Window, wanted: WindowMatch) -> bool:
    """Whether a window is as wanted."""
    return (
        (wanted.title is None or wanted.title.found_in(window.title))
        and (wanted.window_class is None or _has_class(window, wanted.window_class))
        and (wanted.active is None or wanted.active == window.active)
    )


def _coming(wanted: WindowMatch) -> WaitWindow:
    """What can be waited for: a window that fits is this as well, though not the other way round."""
    title = wanted.title
    words = re.findall(r"[^\W_]+", fold(title.source)) if title and not title.regex else []
    loosely = "(?i)" + r"[\W_]*".join(words)
    with sendable():
        regex = spelled(title.regex) if title and title.regex else loosely
        return WaitWindow(title_regex=regex, window_class=wanted.window_class)


def named(windows: Sequence[Window]) -> str:
    """Titles and classes of windows, the topmost ones where there are many."""
    return ", ".join(f"'{window.title}' ({window.window_class[1]})" for window in windows[-_TOLD:]) or "none"


def _has_class(window: Window, wanted: str) -> bool:
    return wanted.casefold() in {half.casefold() for half in window.window_class}
