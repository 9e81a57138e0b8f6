from __future__ import annotations

import pytest

from harness.testing import FakeDesktop
from harness.tools.call import Call, Json
from harness.tools.editor import Editor


@pytest.fixture
def editor() -> Editor:
    return Editor(FakeDesktop(files={"note.txt": b"one\ntwo\n"}))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"command": "view", "path": "note.txt"}, "     2\ttwo"),
        ({"command": "view", "path": "note.txt", "view_range": [2, -1]}, "     2\ttwo"),
        ({"command": "create", "path": "new.txt", "file_text": "hello\n"}, "new.txt was created"),
        ({"command": "str_replace", "path": "note.txt", "old_str": "two", "new_str": "2"}, "     2\t2"),
        ({"command": "str_replace", "path": "note.txt", "old_str": "two\n"}, "was changed"),
        ({"command": "insert", "path": "note.txt", "insert_line": 0, "insert_text": "zero"}, "     1\tzero"),
        ({"command": "insert", "path": "note.txt", "insert_line": 0, "new_str": "zero"}, "     1\tzero"),
    ],
)
async def test_every_command_is_done_and_answered_in_words(editor: Editor, given: Json, words: str) -> None:
    result = await editor.do(Call("a", "str_replace_based_edit_tool", given))
    assert not result.failed
    assert words in result.text


async def test_an_edit_can_be_undone(editor: Editor) -> None:
    await editor.do(Call("a", "str_replace_editor", {"command": "create", "path": "note.txt", "file_text": "x"}))
    result = await editor.do(Call("b", "str_replace_editor", {"command": "undo_edit", "path": "note.txt"}))
    assert "was taken back" in result.text


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"command": "erase", "path": "note.txt"}, "there is no command 'erase'"),
        ({"command": "view"}, "path"),
        ({"command": "view", "path": "nothing.txt"}, "nothing.txt"),
        ({"command": "str_replace", "path": "note.txt", "old_str": "three"}, "is not in the file"),
        ({"command": "insert", "path": "note.txt", "insert_line": 9, "insert_text": "x"}, "there is no line 9"),
    ],
)
async def test_what_cannot_be_is_told(editor: Editor, given: Json, problem: str) -> None:
    result = await editor.do(Call("a", "str_replace_based_edit_tool", given))
    assert result.failed
    assert problem in result.text
