"""Pictures and text of the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import (
    UsageError,
)
from harness.geometry import ModelPoint
from harness.sandbox.desktop import describe
from sandbox_image.wire import (
    Effect,
    ScreenPoint,
    Size,
)
from tests.support.desktops import BOX, fake


async def test_a_screenshot_knows_how_it_relates_to_the_screen(tmp_path: Path) -> None:
    shot = await fake().screenshot(region=BOX, size=Size(width=15, height=20))
    assert shot.viewport.to_screen(ModelPoint(0, 0)) == ScreenPoint(x=11, y=21)
    assert (shot.format, shot.size, shot.image().size) == ("png", Size(width=15, height=20), (15, 20))
    shot.save(tmp_path / "shot")
    assert (tmp_path / "shot").read_bytes() == shot.data


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (
            Effect(changed=False, box=None, share=0, still=True, waited_ms=250.4),
            "nothing changed on the screen (waited 250 ms)",
        ),
        (
            Effect(changed=True, box=BOX, share=0.124, still=True, waited_ms=300),
            "changed 12% of the screen, in 30x40 at (10, 20); the screen is still",
        ),
        (
            Effect(changed=True, box=BOX, share=0.124, still=True, busy=True, waited_ms=300),
            "changed 12% of the screen, in 30x40 at (10, 20); the screen is still; programs are still at work",
        ),
        (
            Effect(changed=True, box=BOX, share=0.004, still=False, waited_ms=2000),
            "changed less than 1% of the screen, in 30x40 at (10, 20); the screen was still changing after 2000 ms",
        ),
    ],
)
def test_an_effect_is_told_in_words(effect: Effect, text: str) -> None:
    assert describe(effect) == text


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.screenshot(format="gif"), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
