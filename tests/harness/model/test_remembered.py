from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.catalog import Entry
from harness.model.remembered import MOST, remembered

NEW = Entry()


def test_the_tool_that_a_model_took_last_is_the_first_to_use(tmp_path: Path) -> None:
    here = {"XDG_CACHE_HOME": str(tmp_path)}
    remembered("anthropic", "https://api.test", "new-model", here).keep("computer_20251124")
    again = remembered("anthropic", "https://api.test", "new-model", here)
    assert again.first(NEW).computer == ("computer_20251124", "computer_20250124")
    assert remembered("anthropic", "https://else.test", "new-model", here).first(NEW) == NEW
    assert remembered("bedrock", "https://api.test", "new-model", here).first(NEW) == NEW


def test_a_tool_that_the_catalog_no_longer_has_counts_for_nothing(tmp_path: Path) -> None:
    memory = remembered("anthropic", "https://api.test", "new-model", {"XDG_CACHE_HOME": str(tmp_path)})
    memory.keep("computer_20250124")
    newest = Entry(computer=("computer_toolset_20260801",))
    assert memory.first(newest) == newest


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": "some_tool"}', b"\xff\xfe"])
def test_a_file_that_is_damaged_is_forgotten(content: bytes, tmp_path: Path) -> None:
    memory = remembered("anthropic", "https://api.test", "new-model", {"XDG_CACHE_HOME": str(tmp_path)})
    memory.path.parent.mkdir(parents=True)
    memory.path.write_bytes(content)
    assert memory.first(NEW) == NEW
    memory.keep("computer_20250124")
    assert memory.first(NEW).computer == ("computer_20250124",)
    assert [path.name for path in memory.path.parent.iterdir()] == ["models.json"]


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "harness").write_text("a file where the folder would be")
    memory = remembered("anthropic", "https://api.test", "new-model", {"XDG_CACHE_HOME": str(tmp_path)})
    memory.keep("computer_20250124")
    assert memory.first(NEW) == NEW


def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    here = {"XDG_CACHE_HOME": str(tmp_path)}
    for number in range(MOST + 5):
        remembered("anthropic", "https://api.test", f"model-{number}", here).keep("computer_20251124")
    assert remembered("anthropic", "https://api.test", "model-0", here).first(NEW) == NEW
    assert remembered("anthropic", "https://api.test", f"model-{MOST}", here).first(NEW) != NEW
