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
from harness.sandbox.ownership import (
    Folder,
    Tenure,
    alive,
    forget,
    leave,
    owner_labels,
    runtime_root,
    sandbox_folders,
    tenure,
)

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


def test_an_owner_that_is_gone_leaves_a_folder_that_one_process_can_claim(tmp_path: Path) -> None:
    (tmp_path / "0123456789ab").mkdir()
    with Folder.create(tmp_path) as living:
        assert Folder.claim(tmp_path, living.id) is None
    folder = Folder.claim(tmp_path, "0123456789ab")
    assert folder
    with folder:
        assert Folder.claim(tmp_path, "0123456789ab") is None
        assert alive(tmp_path, "0123456789ab")
    assert folder.path.is_dir(), "what is not ours stays"
    assert not alive(tmp_path, "0123456789ab")


def test_a_claimed_folder_that_became_ours_goes_with_the_block(tmp_path: Path) -> None:
    (tmp_path / "0123456789ab").mkdir()
    folder = Folder.claim(tmp_path, "0123456789ab")
    assert folder
    with folder:
        folder.ours = True
    assert list(sandbox_folders(tmp_path)) == []


@pytest.mark.parametrize("sandbox", ["", ".", "..", "0123456789ab/..", "0123456789AB", "nowhere12345"])
def test_what_names_no_folder_of_a_sandbox_cannot_be_claimed(tmp_path: Path, sandbox: str) -> None:
    assert Folder.claim(tmp_path, sandbox) is None


def test_a_lock_that_is_handed_down_outlives_the_process_that_took_it(tmp_path: Path) -> None:
    folder = Folder.create(tmp_path)
    program = "import sys; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        pass_fds=(folder.lock,), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as heir:  # fmt: skip
        assert heir.stdout
        assert heir.stdout.readline() == "up\n"
        folder.ours = False
        with folder:
            pass
        assert alive(tmp_path, folder.id)
    assert not alive(tmp_path, folder.id)


def test_who_inherits_a_lock_does_not_hand_it_down_by_accident(tmp_path: Path) -> None:
    (tmp_path / "0123456789ab").mkdir()
    lock = os.open(tmp_path / "0123456789ab", os.O_RDONLY)
    os.set_inheritable(lock, True)  # noqa: FBT003 - the call takes it by position
    with Folder.inherited(tmp_path, "0123456789ab", lock) as folder:
        assert not os.get_inheritable(lock)
        assert not folder.ours


def test_a_sandbox_may_be_without_an_owner_for_a_lease_from_the_last_renewal(tmp_path: Path) -> None:
    with Folder.create(tmp_path) as folder:
        old = owner_labels(tmp_path, folder.id, lease=60) | {ownership.CREATED: "0"}
        folder.renewed(60)
        now = time.monotonic()
        written = tenure(tmp_path, folder.id, old)
        assert written
        assert not written.over(now)
        assert not written.over(now + 59)
        assert written.over(now + 61)
        assert (folder.path / "lease.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("written", [None, "", "{}", '{"boot": "x", "renewed": "soon", "lease": 5}'])
def test_where_no_renewal_is_written_down_the_labels_tell(tmp_path: Path, written: str | None) -> None:
    labels = owner_labels(tmp_path, "0123456789ab", lease=60)
    if written is not None:
        (tmp_path / "0123456789ab").mkdir()
        (tmp_path / "0123456789ab" / "lease.json").write_text(written)
    told = tenure(tmp_path, "0123456789ab", labels)
    assert told
    assert not told.over(time.monotonic())
    assert told.over(time.monotonic() + 61)


def test_nothing_is_left_of_a_boot_before_this_one(tmp_path: Path) -> None:
    labels = owner_labels(tmp_path, "0123456789ab", lease=60)
    now = time.monotonic()
    another = tenure(tmp_path, "0123456789ab", labels | {ownership.BOOT: "another"})
    assert another
    assert not another.same_boot
    assert another.over(now)
    assert Tenure(boot=labels[ownership.BOOT], renewed=now + 1e6, lease=60).over(now)


def test_labels_that_were_tampered_with_tell_nothing(tmp_path: Path) -> None:
    labels = owner_labels(tmp_path, "0123456789ab", lease=60)
    assert tenure(tmp_path, "0123456789ab", labels | {ownership.CREATED: "soon"}) is None
    assert tenure(tmp_path, "0123456789ab", {}) is None


def test_a_file_that_is_left_is_private_and_whole(tmp_path: Path) -> None:
    leave(tmp_path / "note", "one")
    leave(tmp_path / "note", "two")
    assert [path.name for path in tmp_path.iterdir()] == ["note"]
    assert (tmp_path / "note").read_text() == "two"
    assert (tmp_path / "note").stat().st_mode & 0o777 == 0o600


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
