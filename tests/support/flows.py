"""Flows on a fake desktop: run one from text and have its events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from harness.events import Event, RunFinished, StepFinished
from harness.flow.parse import loads
from harness.flow.runner import OpenDesktop, Opened, Verdict, run_flow
from harness.testing import FakeDesktop, FakeWindow

HEAD = "harness: 1\nname: A flow\ndefaults: {timeout: 200ms, settle: 1ms}\n"
E = TypeVar("E")


@dataclass
class Ran:
    """What a flow did."""

    desktop: FakeDesktop
    events: list[Event] = field(default_factory=list)
    verdict: Verdict = field(default_factory=lambda: Verdict("passed"))

    def of(self, kind: type[E]) -> list[E]:
        """Events of a kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def statuses(self) -> dict[str, str]:
        """How each step ended, in the order they ended."""
        return {event.step: event.status for event in self.of(StepFinished)}

    @property
    def failure(self) -> str:
        """The message of the first step that failed."""
        return next(event.failure.message for event in self.of(StepFinished) if event.failure)

    @property
    def end(self) -> RunFinished:
        """The one event that ends a run."""
        (end,) = self.of(RunFinished)
        return end


def opening(desktop: FakeDesktop) -> OpenDesktop:
    """To run a flow on this desktop."""
    return lambda _flow: opened(desktop)


@asynccontextmanager
async def opened(desktop: FakeDesktop) -> AsyncIterator[Opened]:
    """A desktop that needs no opening."""
    yield Opened(desktop, "fake")


async def run(
    source: str, desktop: FakeDesktop, tmp_path: Path, given: Mapping[str, str] | None = None, *, scale: float = 1.0
) -> Ran:
    """Run what follows the head of a flow."""
    ran = Ran(desktop)
    flow = loads(HEAD + source, tmp_path / "a.flow.yaml", given)
    ran.verdict = await run_flow(
        flow, opening(desktop), ran.events.append, files=tmp_path / "files", scale=scale, version="1"
    )
    return ran


def editor(title: str = "note.txt - Editor", text: str = "") -> FakeWindow:
    """A window with some text and two buttons: Save says so in its text, Close closes it."""

    def save(window: FakeWindow) -> None:
        window.text += "\nSaved"

    def close(window: FakeWindow) -> None:
        window.closed = True

    return FakeWindow(title=title, text=text, buttons={"Save": save, "Close": close})


def with_editor(text: str = "", files: Mapping[str, bytes] | None = None, *, patient: bool = False) -> FakeDesktop:
    """A desktop where `editor` opens an editor."""
    return FakeDesktop(apps={"editor": lambda _argv: editor(text=text)}, files=files, patient=patient)
