"""The public surface is few names, and importing them does nothing else."""

import subprocess
import sys
from pathlib import Path

import harness

PUBLIC = {"Desktop", "HarnessError", "Region", "SandboxSpec", "Settle", "Size", "__version__", "sandbox"}

QUIET = """
import sys
def watch(event, arguments):
    if event in ("socket.connect", "subprocess.Popen", "os.putenv"):
        sys.exit(f"the import did {event} {arguments}")
sys.addaudithook(watch)
import harness
"""


def test_the_package_exports_these_names_and_no_others() -> None:
    assert set(harness.__all__) == PUBLIC
    assert set(dir(harness)) >= PUBLIC


def test_importing_the_package_prints_nothing_connects_to_nothing_and_starts_nothing(tmp_path: Path) -> None:
    root = Path(harness.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{QUIET}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_the_one_of_the_project_file() -> None:
    project = (Path(__file__).parent.parent / "pyproject.toml").read_text()
    assert f'\nversion = "{harness.__version__}"\n' in project
