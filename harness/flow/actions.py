"""What each kind of step does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import assert_never

from harness.collected import free_path
from harness.flow.checks import expect, locate, wrong_with_output
from harness.flow.scene import Scene
from harness.flow.schema import (
    ArrangeStep,
    BashStep,
    Body,
    ClickStep,
    CloseStep,
    CollectStep,
    CopyStep,
    DragStep,
    ExpectStep,
    FocusStep,
    HoldStep,
    LaunchStep,
    MoveStep,
    OpenStep,
    PressStep,
    PutStep,
    ScreenshotStep,
    ScrollStep,
    TypeStep,
)
from harness.flow.windows import arrange, close, locate_window
from sandbox_image import wire

Touching = (
    LaunchStep
    | OpenStep
    | ClickStep
    | MoveStep
    | TypeStep
    | PressStep
    | HoldStep
    | CopyStep
    | ScrollStep
    | DragStep
    | FocusStep
    | CloseStep
    | ArrangeStep
)
"""What is done on the screen."""


async def act(scene: Scene, body: Body, *, folder: Path, files: Path) -> None:
    """Do a step. Raises StepFailed, or what the desktop raises.

    `folder` is where the flow file lies, `files` where collected files go.
    """
    match body:
        case ExpectStep():
            await expect(scene, body)
        case BashStep():
            await _bash(scene, body)
        case PutStep():
            await scene.desktop.put(folder / body.source, body.to)
        case CollectStep():
            await _collect(scene, body, files)
        case ScreenshotStep():
            await _screenshot(scene, body, files)
        case _:
            await _touch(scene, body)
            return
    await scene.perform(settle=scene.settle if scene.step.common.settle is not None else None, keep="after")


async def _touch(scene: Scene, body: Touching) -> None:
    """Steps that do something to the screen: settling and the frame after them come in the same round trip."""
    match body:
        case LaunchStep():
            await scene.act(wire.Launch(argv=body.argv, cwd=body.cwd, env=body.env))
        case OpenStep():
            await scene.act(wire.Open(target=body.target))
        case ClickStep() | MoveStep() | ScrollStep() | DragStep():
            await scene.act(await _pointing(scene, body))
        case TypeStep():
            await _type(scene, body)
        case PressStep() | HoldStep() | CopyStep():
            await scene.act(_keying(body))
        case FocusStep():
            await scene.act(wire.FocusWindow(window=(await locate_window(scene, body)).id))
        case CloseStep():
            await close(scene, body)
        case ArrangeStep():
            await arrange(scene, body)
        case _:
            assert_never(body)


async def _pointing(scene: Scene, body: ClickStep | MoveStep | ScrollStep | DragStep) -> wire.PointerAction:
    """What the mouse does, once its targets are found."""
    match body:
        case ClickStep():
            at = await locate(scene, body)
            return wire.Click(at=at, button=body.BUTTON, count=body.COUNT, modifiers=body.modifiers)
        case MoveStep():
            return wire.Move(to=await locate(scene, body))
        case ScrollStep():
            over = await locate(scene, body.at) if body.at else None
            return wire.Scroll(at=over, dx=body.right, dy=body.down, modifiers=body.modifiers)
        case DragStep():
            path = tuple([await locate(scene, stop) for stop in body.stops])
            return wire.Drag(path=path, modifiers=body.modifiers)
        case _:
            assert_never(body)


def _keying(body: PressStep | HoldStep | CopyStep) -> wire.Action:
    match body:
        case PressStep():
            return wire.Press(keys=body.keys, repeat=body.repeat)
        case HoldStep():
            return wire.Hold(keys=body.keys, hold_ms=round(body.seconds * 1000))
        case CopyStep():
            return wire.SetClipboard(text=body.text)
        case _:
            assert_never(body)


async def _type(scene: Scene, body: TypeStep) -> None:
    if body.into:  # settled in between: the focus moves a moment after the click
        await scene.perform(wire.Click(at=await locate(scene, body.into)), settle=scene.settle)
    if not body.read_back:
        await scene.act(wire.TypeText(text=body.text, secret=scene.step.secret))
        return
    back = await scene.desktop.type(body.text, read_back=True, settle=scene.settle)
    if back.verdict == "differs":
        raise await scene.failed(str(back))
    if back.verdict == "unknown":
        scene.note = str(back)
    await scene.perform(keep="after")


async def _bash(scene: Scene, body: BashStep) -> None:
    result = await scene.desktop.bash(body.run, timeout=max(1.0, scene.left))
    scene.output(result)
    if wrong := wrong_with_output(result, body):
        raise await scene.failed(wrong)


async def _collect(scene: Scene, body: CollectStep, files: Path) -> None:
    target = await asyncio.to_thread(free_path, files, body.name or body.path)
    await scene.desktop.get(body.path, target)
    scene.collected(body.path, target.name)


async def _screenshot(scene: Scene, body: ScreenshotStep, files: Path) -> None:
    await scene.perform(settle=scene.settle)
    _, data = await scene.photograph(wire.Picture(region=body.region, format="png"))
    target = await asyncio.to_thread(free_path, files, f"{body.name}.png")
    await asyncio.to_thread(target.write_bytes, data)
    scene.collected("screen", target.name)
