"""Locks that end with their process, and what may be swept."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from harness.errors import EngineError
from harness.sandbox import ownership
from harness.sandbox.ownership import Folder, alive, forget, orphaned, owner_labels, runtime_root, sandbox_folders

HOLD = """
import sys
from pathlib import Path
from harness.sandbox.ownership import Folder
with Folder.create(Path(sys.argv[1])) as folder:
    print(folder.id, flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_private_and_its_owner_is_alive_until_it_leaves(tmp_path: Path) -> None:
    with Folder.create(tmp_path) as folder:
        assert folder.path.stat().st_mode & 0o777 == 0o700
        assert alive(tmp_path, folder.id)
        assert not forget(tmp_path, folder.id)
    assert not alive(tmp_path, folder.id)
    assert list(sandbox_folders(tmp_path)) == []


def test_the_lock_of_a_killed_process_is_free_and_its_folder_can_be_forgotten(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        sandbox = owner.stdout.readline().strip()
        assert alive(tmp_path, sandbox)
        owner.kill()
    assert not alive(tmp_path, sandbox)
    assert (tmp_path / sandbox).is_dir()
    assert forget(tmp_path, sandbox)
    assert not (tmp_path / sandbox).exists()


def test_folders_can_be_made_while_others_are_swept(tmp_path: Path) -> None:
    stop = threading.Event()

    def sweep() -> None:
        while not stop.is_set():
            for path in sandbox_folders(tmp_path):
                forget(tmp_path, path.name)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(200):
            with Folder.create(tmp_path) as folder:
                assert folder.path.is_dir()
    finally:
        stop.set()
        sweeper.join()


def test_only_the_container_of_a_dead_owner_past_its_lease_is_orphaned(tmp_path: Path) -> None:
    with Folder.create(tmp_path) as folder:
        labels = owner_labels(tmp_path, folder.id, lease=60)
        later = time.monotonic() + 61
        assert not orphaned(tmp_path, labels, later)
    assert not orphaned(tmp_path, labels, time.monotonic())
    assert orphaned(tmp_path, labels, later)


def test_the_container_of_another_runtime_directory_is_left_alone(tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    labels = owner_labels(other, "0123456789ab", lease=60)
    assert orphaned(other, labels, time.monotonic() + 61)
    assert not orphaned(tmp_path, labels, time.monotonic() + 61)


@pytest.mark.parametrize("labels", [{ownership.BOOT: "another"}, {ownership.CREATED: "1e12"}])
def test_the_container_of_a_boot_before_this_one_is_orphaned_at_once(tmp_path: Path, labels: dict[str, str]) -> None:
    made = owner_labels(tmp_path, "0123456789ab", lease=60)
    assert not orphaned(tmp_path, made, time.monotonic())
    assert orphaned(tmp_path, made | labels, time.monotonic())


def test_labels_that_were_tampered_with_do_not_keep_an_orphan(tmp_path: Path) -> None:
    labels = owner_labels(tmp_path, "0123456789ab", lease=60) | {ownership.CREATED: "soon"}
    assert orphaned(tmp_path, labels, time.monotonic())


def test_labels_tell_the_process_that_owns_the_container(tmp_path: Path) -> None:
    labels = owner_labels(tmp_path, "0123456789ab", lease=60)
    assert labels[ownership.PID] == str(os.getpid())
    assert labels[ownership.PID_START].isdigit()


def test_only_folders_of_sandboxes_are_listed(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "0123456789ab").mkdir()
    assert [path.name for path in sandbox_folders(tmp_path)] == ["0123456789ab"]


def run_in(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = "from harness.sandbox.ownership import runtime_root; print(runtime_root())"
    return subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_the_runtime_directory_is_private_and_short_enough_for_sockets(tmp_path: Path) -> None:
    (base := tmp_path / "r").mkdir()
    root = Path(run_in({"XDG_RUNTIME_DIR": str(base)}).stdout.strip())
    assert root.stat().st_mode & 0o777 == 0o700
    assert len(os.fsencode(root)) <= 60
    assert len(os.fsencode(run_in({"XDG_RUNTIME_DIR": str(tmp_path / ("long" * 30))}).stdout.strip())) <= 60


def test_a_runtime_directory_others_can_enter_is_refused() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as base:
        (Path(base) / "harness").mkdir(mode=0o755)
        done = run_in({"XDG_RUNTIME_DIR": base})
    assert "of this user alone" in done.stderr
    assert EngineError.__name__ in done.stderr
    assert runtime_root().is_dir()


def test_a_runtime_directory_that_cannot_be_written_to_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", os.devnull)
    with pytest.raises(EngineError, match=r"/dev/null/harness cannot be made .*XDG_RUNTIME_DIR"):
        runtime_root()
