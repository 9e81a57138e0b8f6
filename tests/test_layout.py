"""Tests mirror the source: `harness/a/b.py` is tested by `tests/harness/a/test_b.py`, and by no other file."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("harness", "sandbox_image")

# Sources without a test file of their own, each with the reason.
NOT_TESTED_ALONE: dict[str, str] = {
    "harness/agent/outcome.py": "plain values; what makes and tells them is tested",
    "harness/doctor/finding.py": "two records; what makes them is tested",
    "harness/version.py": "one value, which a test of the public names compares with the project's",
}

# Test files without a source file, each with what it holds.
ABOUT_THE_PROJECT: dict[str, str] = {
    "tests/harness/agent/test_pixels.py": "a model that sees nothing but pictures, at a desktop in a container",
    "tests/harness/test_conformance.py": "the fake desktop and the one in a container, alike",
    "tests/harness/sandbox/test_accessible_programs.py": "what the desktop's own programs tell of their windows",
    "tests/harness/sandbox/test_applications.py": "the desktop's own programs, at work",
    "tests/harness/sandbox/test_bad_luck.py": "a sandbox whose programs are killed or stopped under way",
    "tests/harness/sandbox/test_clock.py": "a sandbox at work while the wall clock is set, on both sides",
    "tests/harness/sandbox/test_large_files.py": "files of a size and number that tell, in a container",
    "tests/harness/sandbox/test_lockdown.py": "what a program inside a sandbox cannot do",
    "tests/harness/sandbox/test_typing.py": "text into every kind of program, and what they say became of it",
    "tests/examples/test_examples.py": "the example flows",
    "tests/support_tests/api/test_bad_days.py": "the stand-in for the Messages API, whose rules are not ours",
    "tests/support_tests/api/test_caching.py": "the same",
    "tests/support_tests/api/test_conversations.py": "the same",
    "tests/support_tests/api/test_frames.py": "the same",
    "tests/support_tests/api/test_pictures.py": "the same",
    "tests/support_tests/api/test_pixels.py": "the same",
    "tests/support_tests/api/test_rules.py": "the same",
    "tests/support_tests/api/test_sdk_runner.py": "the same",
    "tests/support_tests/api/test_sdk_types.py": "the same",
    "tests/test_agent_page.py": "the examples and tables of docs/agent.md",
    "tests/test_bench.py": "typing into every program, as the benchmarks count it",
    "tests/test_cost_simulation.py": "what a long run costs, as scripts/cost-simulation tells it",
    "tests/test_exports.py": "the public names",
    "tests/test_layout.py": "this file",
    "tests/test_packaging.py": "the wheel",
    "tests/harness/tools/test_concealed_programs.py": "passwords and secrets that real programs show",
    "tests/harness/tools/test_every_action.py": "everything a model may do, at a real desktop",
    "tests/test_python_page.py": "the examples and tables of docs/python.md",
    "tests/test_readme.py": "the README's example and links",
}

# Packages whose modules share one test file, each with the reason.
TESTED_TOGETHER: dict[str, str] = {
    "sandbox_image/wire": "lists of types that are sent and read as one",
}

# Sources that read when a file was changed: by the wall clock, which jumps, so it is told and never compared.
DATES_OF_FILES = {"sandbox_image/archive.py", "sandbox_image/listing.py"}

# Sources that may pass 400 lines, each with the reason.
LONG: dict[str, str] = {}


def sources() -> set[str]:
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return {str(file.relative_to(ROOT)) for file in files if not file.name.startswith("__")}


def files_of_tests() -> set[str]:
    return {str(file.relative_to(ROOT)) for file in (ROOT / "tests").rglob("test_*.py")}


def mirror_of(source: str) -> str:
    folder = str(Path(source).parent)
    path = Path("tests") / (f"{folder}.py" if folder in TESTED_TOGETHER else source)
    return str(path.with_name(f"test_{path.name}"))


def test_every_source_file_has_its_test_file() -> None:
    missing = {source for source in sources() if mirror_of(source) not in files_of_tests()}
    assert missing == set(NOT_TESTED_ALONE)


def test_every_test_file_has_its_source_file() -> None:
    stray = files_of_tests() - {mirror_of(source) for source in sources()}
    assert stray == set(ABOUT_THE_PROJECT)


def test_no_source_file_is_longer_than_400_lines() -> None:
    lengths = {source: len((ROOT / source).read_text().splitlines()) for source in sources()}
    assert {source for source, lines in lengths.items() if lines > 400} == set(LONG)


def test_dates_of_files_are_read_where_they_are_told_and_nowhere_else() -> None:
    assert {
        source for source in sources() if re.search(r"\.st_[acm]time", (ROOT / source).read_text())
    } == DATES_OF_FILES
