"""What each kind of step does."""

from __future__ import annotations

import asyncio
from pathlib import Path, PurePosixPath
from typing import assert_never

from harness.flow.checks import expect, locate, wrong_with_output
from harness.flow.scene import Scene
from harness.flow.schema import (
    BashStep,
    Body,
    Click,
    CollectStep,
    DoubleClick,
    DragStep,
    ExpectStep,
    LaunchStep,
    MoveStep,
    PressStep,
    PutStep,
    RightClick,
    ScreenshotStep,
    ScrollStep,
    TypeStep,
)
from sandbox_image import wire


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


async def _touch(
    scene: Scene,
    body: LaunchStep | Click | DoubleClick | RightClick | MoveStep | TypeStep | PressStep | ScrollStep | DragStep,
) -> None:
    """Steps that do something to the screen: settling and the frame after them come in the same round trip."""
    match body:
        case LaunchStep():
            await scene.act(wire.Launch(argv=body.argv, cwd=body.cwd))
        case Click():
            await scene.act(wire.Click(at=await locate(scene, body)))
        case DoubleClick():
            await scene.act(wire.Click(at=await locate(scene, body), count=2))
        case RightClick():
            await scene.act(wire.Click(at=await locate(scene, body), button="right"))
        case MoveStep():
            await scene.act(wire.Move(to=await locate(scene, body)))
        case TypeStep():
            await _type(scene, body)
        case PressStep():
            await scene.act(wire.Press(keys=body.keys, repeat=body.repeat))
        case ScrollStep():
            at = await locate(scene, body.at) if body.at else None
            await scene.act(wire.Scroll(at=at, dx=body.right, dy=body.down))
        case DragStep():
            start = await locate(scene, body.start)
            await scene.act(wire.Drag(path=(start, await locate(scene, body.to))))
        case _:
            assert_never(body)


async def _type(scene: Scene, body: TypeStep) -> None:
    if body.into:  # settled in between: the focus moves a moment after the click
        await scene.perform(wire.Click(at=await locate(scene, body.into)), settle=scene.settle)
    await scene.act(wire.TypeText(text=body.text))


async def _bash(scene: Scene, body: BashStep) -> None:
    result = await scene.desktop.bash(body.run, timeout=max(1.0, scene.left))
    scene.output(result)
    if wrong := wrong_with_output(result, body):
        raise await scene.failed(wrong)


async def _collect(scene: Scene, body: CollectStep, files: Path) -> None:
    name = body.name or PurePosixPath(body.path).name or "collected"
    target = await asyncio.to_thread(_free, files, name)
    await scene.desktop.get(body.path, target)
    scene.collected(body.path, target.name)


async def _screenshot(scene: Scene, body: ScreenshotStep, files: Path) -> None:
    await scene.perform(settle=scene.settle)
    _, data = await scene.photograph(wire.Picture(region=body.region, format="png"))
    target = await asyncio.to_thread(_free, files, f"{body.name}.png")
    await asyncio.to_thread(target.write_bytes, data)
    scene.collected("screen", target.name)


def _free(files: Path, name: str) -> Path:
    """A path below `files` that nothing has yet: name.png, then name-2.png and so on."""
    files.mkdir(parents=True, exist_ok=True)
    safe = name if name not in {".", ".."} else "collected"
    stem, suffix = Path(safe).stem, Path(safe).suffix
    number, path = 1, files / safe
    while path.exists():
        number += 1
        path = files / f"{stem}-{number}{suffix}"
    return path
