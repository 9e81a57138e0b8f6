"""The computer: what a model does with mouse, keyboard and eyes, in pixels of the picture it was shown.

One set of actions serves all versions of the tool. The newest names each action as a member of its toolset; the older
ones name it in the field `action` of a single tool, and allow less. A place outside the picture is told to the model
with what is allowed, never clamped; so is whatever the desktop refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Literal, TypeAlias, assert_never

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.errors import ActionFailed, UsageError
from harness.geometry import ModelPoint, Viewport
from harness.sandbox.desktop import Desktop, Screenshot, describe
from harness.tools.call import Call, Json, Result, by_name, understood
from harness.tools.concealing import Concealer
from sandbox_image.wire import Button, Effect, ScreenPoint, Settle, Size

Pixel = Annotated[int, Field(strict=True)]
Pair: TypeAlias = tuple[Pixel, Pixel]
LONGEST = 300
"""Seconds that a key is held or nothing is done at most."""
Seconds = Annotated[int, Field(strict=True, ge=0, le=LONGEST)]
TOOL = "computer"
ANSWER = Settle(first_ms=300, quiet_ms=300)
"""How long the screen is to be still after an action. Many programs finish on a clock of their own: GTK shows a button
as pressed for 250 ms before it does what that is for, browsers tell a title and begin to fade 100 ms late. A model
takes seconds for a turn, and the next action of the same turn would have waited 200 ms anyway."""
HOVER = Settle(first_ms=700, quiet_ms=700)
"""The same after a motion without a button: tooltips come after half a second."""


class _Action(BaseModel):
    """Strict about what is there; fields nobody knows are passed over, as the API's own driver does."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Look(_Action):
    """A picture of the whole screen."""

    action: Literal["screenshot"]


class Zoom(_Action):
    """A part of the screen from its own pixels."""

    action: Literal["zoom"]
    region: tuple[Pixel, Pixel, Pixel, Pixel]


class Clicks(_Action):
    """Clicks at a place, or where the pointer is."""

    action: Literal["left_click", "right_click", "middle_click", "double_click", "triple_click"]
    coordinate: Pair | None = None
    text: str | None = None  # modifiers that are down meanwhile

    @model_validator(mode="before")
    @classmethod
    def _older(cls, told: Json) -> Json:
        """Older versions of the tool say `key` for `text`."""
        return {"text": told["key"], **told} if "key" in told else told


class Drag(_Action):
    """With the left button, from one place to another."""

    action: Literal["left_click_drag"]
    coordinate: Pair
    start_coordinate: Pair | None = None  # the oldest tool drags from where the pointer is
    text: str | None = None


class Move(_Action):
    """The pointer, without a button."""

    action: Literal["mouse_move"]
    coordinate: Pair


class Hold(_Action):
    """The left button, until it is released."""

    action: Literal["left_mouse_down", "left_mouse_up"]


class Where(_Action):
    """Where the pointer is."""

    action: Literal["cursor_position"]


class Scroll(_Action):
    """Clicks of the wheel."""

    action: Literal["scroll"]
    scroll_direction: Literal["up", "down", "left", "right"]
    scroll_amount: Annotated[int, Field(strict=True, ge=0)]
    coordinate: Pair | None = None
    text: str | None = None


class Type(_Action):
    """Text, where the keyboard focus is."""

    action: Literal["type"]
    text: str


class Key(_Action):
    """A key, or several at the same time."""

    action: Literal["key"]
    text: str
    repeat: Annotated[int, Field(strict=True, ge=1, le=100)] = 1


class HoldKey(_Action):
    """A key for a time."""

    action: Literal["hold_key"]
    text: str
    duration: Seconds


class Wait(_Action):
    """Do nothing for a time."""

    action: Literal["wait"]
    duration: Seconds


Action: TypeAlias = Look | Zoom | Clicks | Drag | Move | Hold | Where | Scroll | Type | Key | HoldKey | Wait
KINDS: dict[str, type[Action]] = by_name(
    "action", Look, Zoom, Clicks, Drag, Move, Hold, Where, Scroll, Type, Key, HoldKey, Wait
)
"""The form of each action, by its name."""
_BUTTONS: dict[str, tuple[Button, int]] = {
    "left_click": ("left", 1),
    "right_click": ("right", 1),
    "middle_click": ("middle", 1),
    "double_click": ("left", 2),
    "triple_click": ("left", 3),
}
_WHEEL = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


def parsed(call: Call) -> Action:
    """The action that a call means. Raises UsageError with what is wrong in it and what is allowed."""
    return understood(KINDS, "action", {**call.input, "action": call.name} if call.toolset else call.input)


SAME = "The screen shows exactly what the last picture of it shows."


class Computer:
    """Does what calls say on a desktop. All pictures of the whole screen have the size of the viewport.

    `reveal` puts secrets in place of their names in what is typed; `typed` are those it put in so far.
    """

    def __init__(
        self,
        desktop: Desktop,
        viewport: Viewport,
        *,
        reveal: Callable[[str], str] = str,
        typed: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._desktop = desktop
        self._view = viewport
        self._reveal = reveal
        self._eyes = Concealer(desktop, typed)
        self._shown = True  # the model has seen what the screen shows
        self._stirred = False  # somebody else may have changed it since
        self._told = False  # in words, when it last asked to see it
        self.screen = ""
        """A name for what the screen showed last."""

    async def do(self, call: Call) -> Result:
        """One call; what goes wrong is in the result."""
        try:
            action = parsed(call)
            return await (self._look_again() if isinstance(action, Look) and not call.toolset else self._do(action))
        except (UsageError, ActionFailed) as error:
            return Result(str(error), failed=True)

    def show(self, size: Size) -> None:
        """From now on pictures of the screen have this size, and points lie in such ones."""
        self._view = replace(self._view, shown=size)

    def stir(self) -> None:
        """Another tool is at work, which may change the screen: the next picture waits until that is still."""
        self._stirred = True

    async def look(self) -> Screenshot:
        """The whole screen, as the model is shown it."""
        stirred, self._stirred = self._stirred, False
        picture = await self._eyes.picture(self._view.shown, settle=Settle() if stirred else None)
        self._shown, self.screen = True, sha256(picture.data).hexdigest()
        return picture

    async def shown(self, result: Result) -> Result:
        """The result, with a picture of the screen where that changed and the model was not shown it yet."""
        if self._shown or result.picture:
            return result
        before, picture = self.screen, await self.look()
        return result if self.screen == before else replace(result, picture=picture)

    async def _look_again(self) -> Result:
        """For the older tools, which may be answered in words: those cost less where nothing is new.

        The last picture stays with the model whatever else leaves. One that asks twice is shown it nevertheless.
        """
        before, picture = self.screen, await self.look()
        self._told = self.screen == before and not self._told
        return Result(SAME) if self._told else Result(picture=picture)

    def _done(self, effect: Effect) -> Result:
        self._shown = self._shown and not effect.changed
        return Result(describe(effect, self._view))

    async def _do(self, action: Action) -> Result:
        match action:
            case Look():
                return Result(picture=await self.look())
            case Zoom():
                return Result(picture=await self._zoom(action))
            case Where():
                return Result(await self._where())
            case Wait(duration=seconds):
                await asyncio.sleep(seconds)
                self._shown = False
                return Result(f"waited {seconds} s")
            case Type() | Key() | HoldKey():
                return self._done(await self._type(action))
            case Clicks() | Drag() | Move() | Hold() | Scroll():
                return self._done(await self._point(action))
            case _:
                assert_never(action)

    async def _type(self, action: Type | Key | HoldKey) -> Effect:
        match action:
            case Type(text=text):
                told = self._reveal(text)
                return await self._desktop.type(told, secret=told != text, settle=ANSWER)
            case Key(text=keys, repeat=repeat):
                return await self._desktop.press(keys, repeat=repeat, settle=ANSWER)
            case HoldKey(text=keys, duration=seconds):
                return await self._desktop.hold(keys, seconds, settle=ANSWER)

    async def _point(self, action: Clicks | Drag | Move | Hold | Scroll) -> Effect:
        desktop = self._desktop
        match action:
            case Clicks(coordinate=place, text=text):
                button, count = _BUTTONS[action.action]
                held = _modifiers(text)
                return await desktop.click(self._at(place), button=button, count=count, modifiers=held, settle=ANSWER)
            case Drag():
                return await self._drag(action)
            case Move(coordinate=(x, y)):
                return await desktop.move(self._view.to_screen(ModelPoint(x, y)), settle=HOVER)
            case Hold(action="left_mouse_down"):
                return await desktop.button_down(settle=ANSWER)
            case Hold():
                return await desktop.button_up(settle=ANSWER)
            case Scroll():
                return await self._scroll(action)

    def _at(self, place: Pair | None) -> ScreenPoint | None:
        return None if place is None else self._view.to_screen(ModelPoint(*place))

    async def _zoom(self, action: Zoom) -> Screenshot:
        left, top, right, bottom = action.region
        region = self._view.to_region(ModelPoint(left, top), ModelPoint(right, bottom))
        return await self._eyes.picture(self._view.shown, region)

    async def _drag(self, action: Drag) -> Effect:
        to = self._view.to_screen(ModelPoint(*action.coordinate))
        start = self._at(action.start_coordinate) or (await self._desktop.pointer()).at
        return await self._desktop.drag(start, to, modifiers=_modifiers(action.text), settle=ANSWER)

    async def _scroll(self, action: Scroll) -> Effect:
        across, down = _WHEEL[action.scroll_direction]
        return await self._desktop.scroll(
            self._at(action.coordinate),
            dx=across * action.scroll_amount,
            dy=down * action.scroll_amount,
            modifiers=_modifiers(action.text),
            settle=ANSWER,
        )

    async def _where(self) -> str:
        point = self._view.to_model((await self._desktop.pointer()).at)
        return f"X={point.x},Y={point.y}"


def _modifiers(text: str | None) -> tuple[str, ...]:
    return tuple(key.strip() for key in text.split("+")) if text else ()
