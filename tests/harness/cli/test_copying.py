"""`harness desktop put` and `get`, as they are typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sandboxes import Leftovers


def harness(folder: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process and a folder of its own."""
    program = [sys.executable, "-c", "from harness.cli import main; main()", "desktop", *words]
    return subprocess.run(program, input=given, capture_output=True, check=False, cwd=folder)


def said(folder: Path, *words: str, given: bytes = b"") -> str:
    done = harness(folder, *words, given=given)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.container
def test_files_and_folders_are_copied_as_cp_does_it(leftovers: Leftovers, tmp_path: Path) -> None:
    assert leftovers.nothing()
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "sub" / "note").write_bytes(b"note")
    (tmp_path / "note").write_bytes(b"note")
    name = said(tmp_path, "start", "--screen", "640x480", "--memory", "512m").strip()

    assert said(tmp_path, "put", "note") == "/home/user/note\n"
    assert said(tmp_path, "put", name, "note", "new/name") == "/home/user/new/name\n"
    assert said(tmp_path, "put", name[:4], "note", "new") == "/home/user/new/note\n"
    assert said(tmp_path, "put", "note", "other/") == "/home/user/other/note\n"
    assert said(tmp_path, "put", "-", "given", given=b"from a pipe") == "/home/user/given\n"
    assert said(tmp_path, "put", "tree", "copy") == "/home/user/copy\n"
    told = json.loads(said(tmp_path, "put", "tree/.", "new", "--json"))
    assert told == {"path": "/home/user/new/tree", "type": "folder", "bytes": 0}
    found = said(tmp_path, "shell", "find * -type f | sort").split()
    wanted = "copy/sub/note given new/name new/note new/tree/sub/note note other/note"
    assert found == wanted.split()

    target = tmp_path / "target"
    target.mkdir()
    assert said(target, "get", "new/name") == "name\n"
    assert said(target, "get", "copy") == "copy\n"
    assert said(target, "get", "copy", "renamed") == "renamed\n"
    said(target, "shell", "ln -s /etc/passwd other/out")
    partly = harness(target, "get", "other", "partly", "--json")
    assert json.loads(partly.stdout) == {"path": "partly", "type": "folder", "bytes": 0, "left_out": ["out"]}
    assert partly.stderr.endswith(b"may not be read: out\n")
    (target / "partly" / "note").unlink()
    told = json.loads(said(target, "get", "new/name", "x", "--json"))
    assert told == {"path": "x", "type": "file", "bytes": 4}
    assert said(target, "get", "given", "-") == "from a pipe"
    files = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert files == ["copy/sub/note", "name", "renamed/sub/note", "x"]

    assert harness(target, "get", "none").returncode == 1
    refused = harness(target, "get", "copy", "y", "--limit", "2k")
    assert (refused.returncode, b"larger than the 2048 bytes" in refused.stderr) == (1, True)
    assert (harness(target, "put", "none").returncode, harness(target, "put", "a", "b", "c").returncode) == (2, 2)
    assert said(tmp_path, "stop", name) == f"{name}\n"
