"""The desktop for code that blocks.

    from harness.sync_api import sandbox

    with sandbox() as desktop:
        desktop.launch("mousepad", "note.txt")
        desktop.wait_for_window("note.txt")
        desktop.type("Hello from the sandbox.")

Each method here *is* the one of `harness.Desktop`, waited for: same parameters, results and errors. Streams are plain
generators and context managers plain context managers; what is given to be called back is called in another thread. All
of it may be used from several threads, and from none where an event loop runs.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from inspect import signature
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, overload

import harness
from harness.errors import UsageError
from harness.portal import Portal, shared
from harness.sandbox.termination import termination_exits

if TYPE_CHECKING:
    from harness.sandbox.spec import SandboxSpec
    from sandbox_image.wire import Size

__all__ = ["Desktop", "parts", "sandbox"]

P = ParamSpec("P")
R = TypeVar("R")
Async = harness.Desktop


@contextmanager
def sandbox(spec: SandboxSpec | None = None, /, **changes: Any) -> Iterator[Desktop]:
    """A disposable desktop that answers; gone when the block is left.

    `changes` are fields of SandboxSpec, such as `screen="1920x1080"` or `memory="4g"`. Removed whatever happens: an
    exception or Ctrl-C in the block take it away at once, and so do SIGTERM and SIGHUP, where the block is in the main
    thread and the program has no handler of its own: they end the block by SystemExit, then the process. Where the
    process is killed, the lease ends the sandbox (`lease`, 60 s).

    Raises what `harness.sandbox` raises, and UsageError inside a running event loop.
    """
    with termination_exits(), shared() as portal, portal.entered(harness.sandbox(spec, **changes)) as desktop:
        yield Desktop(portal, desktop)


@overload
def blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Desktop, P], R]: ...
@overload
def blocking(
    method: Callable[Concatenate[Any, P], AsyncGenerator[R]],
) -> Callable[Concatenate[Desktop, P], Generator[R]]: ...
@overload
def blocking(
    method: Callable[Concatenate[Any, P], AbstractAsyncContextManager[AsyncIterator[R]]],
) -> Callable[Concatenate[Desktop, P], AbstractContextManager[Iterator[R]]]: ...
@overload
def blocking(
    method: Callable[Concatenate[Any, P], AbstractAsyncContextManager[R]],
) -> Callable[Concatenate[Desktop, P], AbstractContextManager[R]]: ...
def blocking(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of the asynchronous Desktop as one of the blocking Desktop: the same, waited for."""

    @functools.wraps(method)
    def waited(self: Desktop, *args: Any, **kwargs: Any) -> Any:
        return self._waited(method(self._desktop, *args, **kwargs))

    told = signature(method)
    returns = str(told.return_annotation).removeprefix("Async")
    waited.__signature__ = told.replace(return_annotation=returns)  # type: ignore[attr-defined]
    return waited


class Desktop:
    """What a person can do at a desktop; every method returns when it is done."""

    def __init__(self, portal: Portal, desktop: Async) -> None:
        self._portal = portal
        self._desktop = desktop

    @property
    def screen(self) -> Size:
        """Size of the whole screen, in pixels."""
        return self._desktop.screen

    perform = blocking(Async.perform)

    screenshot = blocking(Async.screenshot)
    zoom = blocking(Async.zoom)
    changes = blocking(Async.changes)

    read_text = blocking(Async.read_text)
    find_text = blocking(Async.find_text)
    wait_for_text = blocking(Async.wait_for_text)
    wait_for_text_gone = blocking(Async.wait_for_text_gone)

    wait_for_change = blocking(Async.wait_for_change)
    wait_for_still = blocking(Async.wait_for_still)

    accessibility_tree = blocking(Async.accessibility_tree)
    find_nodes = blocking(Async.find_nodes)
    wait_for_node = blocking(Async.wait_for_node)
    node_text = blocking(Async.node_text)
    focused = blocking(Async.focused)
    focus_node = blocking(Async.focus_node)
    act_on_node = blocking(Async.act_on_node)
    set_node_text = blocking(Async.set_node_text)
    set_node_value = blocking(Async.set_node_value)

    events = blocking(Async.events)
    frames = blocking(Async.frames)
    window_changes = blocking(Async.window_changes)
    program_changes = blocking(Async.program_changes)

    move = blocking(Async.move)
    click = blocking(Async.click)
    drag = blocking(Async.drag)
    scroll = blocking(Async.scroll)
    pointer = blocking(Async.pointer)
    button_down = blocking(Async.button_down)
    button_up = blocking(Async.button_up)
    release_all = blocking(Async.release_all)

    press = blocking(Async.press)
    key_down = blocking(Async.key_down)
    key_up = blocking(Async.key_up)
    hold = blocking(Async.hold)
    type = blocking(Async.type)

    clipboard = blocking(Async.clipboard)
    clipboard_html = blocking(Async.clipboard_html)
    clipboard_image = blocking(Async.clipboard_image)
    clipboard_targets = blocking(Async.clipboard_targets)
    set_clipboard = blocking(Async.set_clipboard)

    windows = blocking(Async.windows)
    wait_for_window = blocking(Async.wait_for_window)
    wait_for_window_gone = blocking(Async.wait_for_window_gone)
    focus = blocking(Async.focus)
    move_window = blocking(Async.move_window)
    resize_window = blocking(Async.resize_window)
    set_window_state = blocking(Async.set_window_state)
    close_window = blocking(Async.close_window)
    launch = blocking(Async.launch)
    open = blocking(Async.open)
    programs = blocking(Async.programs)
    program_output = blocking(Async.program_output)
    wait_for_exit = blocking(Async.wait_for_exit)
    stop_program = blocking(Async.stop_program)

    bash = blocking(Async.bash)
    bash_stream = blocking(Async.bash_stream)
    send_input = blocking(Async.send_input)
    resize_terminal = blocking(Async.resize_terminal)
    sessions = blocking(Async.sessions)
    end_session = blocking(Async.end_session)

    read = blocking(Async.read)
    get = blocking(Async.get)
    put = blocking(Async.put)
    ls = blocking(Async.ls)
    stat = blocking(Async.stat)
    remove = blocking(Async.remove)

    edit_view = blocking(Async.edit_view)
    edit_create = blocking(Async.edit_create)
    edit_replace = blocking(Async.edit_replace)
    edit_insert = blocking(Async.edit_insert)
    edit_undo = blocking(Async.edit_undo)

    def _waited(self, begun: object) -> Any:
        match begun:
            case Coroutine():
                return self._portal.call(begun)
            case AsyncIterator():
                return self._portal.iterate(begun)
            case AbstractAsyncContextManager():
                return self._entered(begun)
            case _:
                raise TypeError(f"nothing to wait for: {begun!r}")

    @contextmanager
    def _entered(self, manager: AbstractAsyncContextManager[object]) -> Iterator[Any]:
        with self._portal.entered(manager) as value:
            yield self._portal.iterate(value) if isinstance(value, AsyncIterator) else value


def parts(desktop: Desktop) -> tuple[Portal, Async]:
    """The portal and the asynchronous desktop behind a blocking one, for twins of other rooms. Raises UsageError."""
    if not isinstance(desktop, Desktop):
        raise UsageError(f"a desktop of harness.sync_api.sandbox() is needed here; found {desktop!r}")
    return desktop._portal, desktop._desktop  # noqa: SLF001 - its own module
