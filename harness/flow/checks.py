"""What a flow expects, and where on the screen a target is: look, and look again until it is so or time is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import ActionFailed, FileFailed, WireMismatch
from harness.flow.nodes import expect_node, locate_node
from harness.flow.parts import Find, Target
from harness.flow.scene import QUIET_MS, Scene
from harness.flow.schema import BashStep, ExpectStep, FileMatch
from harness.flow.windows import expect_window, fits
from harness.sandbox.desktop import ShellResult
from harness.text import Match, Pattern, find, lines, nearest, touches
from sandbox_image.wire import Effect, ErrorCode, ReadText, Region, ScreenPoint, Settle, TextRead, WaitChange, Word

STEADY = Settle(first_ms=QUIET_MS, quiet_ms=QUIET_MS, limit_ms=5 * QUIET_MS)
"""A look that tells as well whether the screen changes meanwhile."""
_AROUND = 6  # pixels around a target that have to hold still with it
_TOLD = 6  # lines or titles listed in a failure
_TAIL = 600  # characters of output told in a failure
_READ_LIMIT = 64 << 20  # bytes of a file that are brought to look into it


@dataclass(frozen=True, slots=True)
class _Look:
    """What was read, what changed meanwhile, and what it takes for something else to be read."""

    words: tuple[Word, ...] = ()
    effect: Effect | None = None
    news: WaitChange | None = None


# --- targets --------------------------------------------------------------------------------------------------


async def locate(scene: Scene, target: Target) -> ScreenPoint:
    """The pixel a target means: found, the only one, and holding still. Raises StepFailed."""
    if target.point:
        scene.points.append(target.point)
        return target.point
    if target.node:
        return await locate_node(scene, target.node, target.nth)
    look = _Look()
    matches: tuple[Match, ...] = ()
    previous: Region | None = None
    looks = scene.looks()
    while await looks.again(None if previous else look.news):
        look = await _read(scene, target, STEADY)
        matches = _matches(look.words, target)
        chosen = _chosen(matches, target.nth)
        if chosen and (_steady(look.effect, chosen.box) or chosen.box == previous):
            scene.box = chosen.box
            scene.points.append(chosen.box.center)
            return chosen.box.center
        previous = chosen.box if chosen else None
    raise await _unlocated(scene, target, look.words, matches)


async def _read(scene: Scene, wanted: Find, settle: Settle | None) -> _Look:
    """The words in the part of the screen a selector looks at; none while its window is not there.

    It has no news to wait for where a pixel may not tell all: when another window becomes the one to look in, or the
    screen comes to rest.
    """
    region = wanted.region
    if wanted.within:
        size = scene.desktop.screen
        screen = Region(x=0, y=0, width=size.width, height=size.height)
        window = next((w for w in reversed(await scene.windows()) if fits(w, wanted.within.window)), None)
        within = window.region.clipped(screen) if window else None
        region = within.clipped(region) if within and region else within
        if region is None:
            return _Look()
    reply, _ = await scene.perform(ReadText(region=region), settle=settle, keep="before")
    (read,) = reply.results
    if not isinstance(read, TextRead):
        raise WireMismatch(f"'read_text' was answered with {read.kind!r}")
    restless = reply.effect is not None and not reply.effect.still
    news = None if wanted.within or restless else WaitChange(region=region, since=read.seen)
    return _Look(read.words, reply.effect, news)


def _matches(words: Sequence[Word], wanted: Find) -> tuple[Match, ...]:
    return find(words, wanted.text) if wanted.text else ()


def _chosen(matches: Sequence[Match], nth: int | None) -> Match | None:
    """The one that is meant: the only one, or the nth. Two without an nth are none."""
    if nth:
        return matches[nth - 1] if len(matches) >= nth else None
    return matches[0] if len(matches) == 1 else None


def _steady(effect: Effect | None, box: Region) -> bool:
    """Whether nothing changed at a target since it was read."""
    return effect is not None and (effect.box is None or not touches(box, effect.box, _AROUND))


async def _unlocated(scene: Scene, target: Target, words: Sequence[Word], matches: Sequence[Match]) -> Exception:
    if not matches:
        return await _unseen(scene, target, words)
    if target.nth and len(matches) < target.nth:
        return await scene.failed(f"text {target.text} was found {len(matches)} times, nth asks for more", matches)
    if target.nth or len(matches) == 1:
        return await scene.failed(f"text {target.text} was found but did not hold still", matches)
    return await scene.failed(
        f"text {target.text} was found {len(matches)} times; narrow it down with nth, region or within", matches
    )


async def _unseen(scene: Scene, wanted: Find, words: Sequence[Word]) -> Exception:
    """The failure for text that is not there: with what looks most like it, or what there was to read."""
    close = nearest(words, wanted.text) if wanted.text else ()
    told = f"text {wanted.text} was not found {_where(wanted)}"
    if close:
        told += "; the closest text is " + " or ".join(dict.fromkeys(f"'{one.text}'" for one in close))
    elif words or not wanted.within:
        told += f"; {'other' if words else 'no'} text was read"
    # Of other text the longest lines: short ones are mostly icons that OCR took for letters.
    longest = sorted(lines(words), key=lambda line: -len(line.text))[:_TOLD]
    return await scene.failed(told, close or longest)


def _where(wanted: Find) -> str:
    """The part of the screen a selector looks at, in words."""
    box = wanted.region
    parts = (
        wanted.within and f"in a window with {wanted.within.window}",
        box and f"in the region [{box.x}, {box.y}, {box.width}, {box.height}]",
    )
    return " and ".join(part for part in parts if part) or "on the screen"


# --- expectations -----------------------------------------------------------------------------------------------


async def expect(scene: Scene, wanted: ExpectStep) -> None:
    """Wait until it is so. Raises StepFailed."""
    if wanted.text:
        await _expect_text(scene, wanted)
    elif wanted.window:
        await expect_window(scene, wanted.window, gone=wanted.gone)
    elif wanted.file:
        await _expect_file(scene, wanted.file, gone=wanted.gone)
    elif wanted.bash:
        await _expect_bash(scene, wanted.bash)
    elif wanted.node:
        await expect_node(scene, wanted.node, gone=wanted.gone)
    elif wanted.clipboard:
        await _expect_clipboard(scene, wanted.clipboard, gone=wanted.gone)


async def _expect_text(scene: Scene, wanted: ExpectStep) -> None:
    look = _Look()
    looks = scene.looks()
    while await looks.again(look.news):
        look = await _read(scene, wanted, STEADY if wanted.gone else None)
        matches = _matches(look.words, wanted)
        there = len(matches) >= (wanted.nth or 1)
        if there and not wanted.gone:
            scene.box = matches[(wanted.nth or 1) - 1].box
            return
        # Gone only counts on a screen that is still: the moment between two pages is not the next page.
        if wanted.gone and not there and (look.effect is None or look.effect.still):
            return
    if wanted.gone:
        raise await scene.failed(f"text {wanted.text} is still on the screen", _matches(look.words, wanted))
    raise await _unseen(scene, wanted, look.words)


async def _expect_file(scene: Scene, wanted: FileMatch, *, gone: bool) -> None:
    looks = scene.looks()
    wrong: str | None = None
    while await looks.again():
        wrong = await _wrong_with_file(scene, wanted)
        if (wrong is not None) == gone:
            return
    if gone:
        raise await scene.failed(f"the file {wanted.path} is still there")
    raise await scene.failed(f"the file {wanted.path} {wrong}")


async def _wrong_with_file(scene: Scene, wanted: FileMatch) -> str | None:
    """What a file is not; None where it is all that is wanted."""
    try:
        content = await scene.desktop.read(wanted.path, limit=_READ_LIMIT)
    except FileFailed as error:
        return "does not exist" if error.code is ErrorCode.NOT_FOUND else f"cannot be read: {error}"
    except ActionFailed as error:
        return f"cannot be read: {error}"
    if wanted.min_bytes is not None and len(content) < wanted.min_bytes:
        return f"has {len(content)} bytes; expected at least {wanted.min_bytes}"
    if wanted.magic is not None and not content.startswith(wanted.magic.encode()):
        return f"begins with {content[:16]!r}; expected {wanted.magic!r}"
    if wanted.contains is not None and not wanted.contains.found_in(text := content.decode(errors="replace")):
        return f"does not contain {wanted.contains}; it ends: {_tail(text)}"
    return None


async def _expect_clipboard(scene: Scene, wanted: Pattern, *, gone: bool) -> None:
    looks = scene.looks()
    text: str | None = None
    while await looks.again():
        text = await scene.desktop.clipboard()
        if (text is not None and wanted.found_in(text)) != gone:
            return
    holds = "holds no text" if text is None else f"holds: {_tail(text)}"
    raise await scene.failed(f"the clipboard {'still has' if gone else 'does not have'} {wanted}; it {holds}")


async def _expect_bash(scene: Scene, wanted: BashStep) -> None:
    looks = scene.looks()
    result: ShellResult | None = None
    while await looks.again():
        result = await scene.desktop.bash(wanted.run, timeout=max(1.0, scene.left))
        if wrong_with_output(result, wanted) is None:
            break
    assert result is not None  # noqa: S101 - the first look is always taken
    scene.output(result)
    if wrong := wrong_with_output(result, wanted):
        raise await scene.failed(wrong)


def wrong_with_output(result: ShellResult, wanted: BashStep) -> str | None:
    """What a command did otherwise than wanted; None where it did as wanted."""
    if result.timed_out:
        return f"the command did not end in time; give it a longer timeout; its output: {_tail(result.output)}"
    if result.exit_code != wanted.exit:
        return f"the command ended with exit code {result.exit_code}, not {wanted.exit}; output: {_tail(result.output)}"
    if wanted.stdout is not None and not wanted.stdout.found_in(result.output):
        return f"the output does not contain {wanted.stdout}; output: {_tail(result.output)}"
    return None


def _tail(text: str) -> str:
    stripped = text.strip()
    return (stripped if len(stripped) <= _TAIL else f"…{stripped[-_TAIL:]}") or "(none)"
