"""What docs/python.md says is true: its examples run, and its tables have all there is."""

import re
from collections.abc import Iterator
from contextlib import chdir
from inspect import signature
from pathlib import Path

import pytest

import harness
from harness import HarnessError, SandboxSpec, errors
from harness.sync_api import Desktop, sandbox
from tests.support.pages import ROOT, Block, blocks, table
from tests.support.programs import run_program

PAGE = ROOT / "docs" / "python.md"
EXAMPLES = blocks(PAGE, "python")
TESTS = [block for block in EXAMPLES if "harness.testing" in block.text]
PROGRAMS = [block for block in EXAMPLES if "sandbox(" in block.text]
PARTS = [block for block in EXAMPLES if block not in TESTS + PROGRAMS]  # they go on from an open desktop
SECTIONS = list(dict.fromkeys(part.section for part in PARTS))


@pytest.fixture(scope="module")
def opened() -> Iterator[Desktop]:
    with sandbox() as desktop:
        yield desktop


@pytest.fixture
def desktop(opened: Desktop) -> Iterator[Desktop]:
    """A desktop where no program runs."""
    yield opened
    for program in opened.programs():
        opened.stop_program(program)


def at(block: Block) -> str:
    return f"{block.section}, line {block.line}"


@pytest.mark.container
@pytest.mark.parametrize("section", SECTIONS)
def test_the_examples_of_a_section_run_one_after_the_other(section: str, desktop: Desktop, tmp_path: Path) -> None:
    names: dict[str, object] = {"desktop": desktop}
    with chdir(tmp_path):
        for part in PARTS:
            if part.section == section:
                part.execute(names)


@pytest.mark.container
@pytest.mark.parametrize("program", PROGRAMS, ids=at)
def test_the_programs_run(program: Block, tmp_path: Path) -> None:
    run_program("-c", program.text, folder=tmp_path)


@pytest.mark.parametrize("example", TESTS, ids=at)
def test_the_tests_shown_pass_without_a_container(example: Block, tmp_path: Path) -> None:
    (tmp_path / "test_shown.py").write_text(example.text)
    run_program("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:asyncio", folder=tmp_path)


def test_each_method_has_its_row_with_all_of_its_parameters() -> None:
    there = [f"`{name}{parameters(name)}`" for name in dir(harness.Desktop) if not name.startswith("_")]
    assert sorted(row[0] for row in table(PAGE, "All methods")) == sorted(there)


def parameters(method: str) -> str:
    """Its parameters as a row names them; those of a property are none."""
    member = getattr(harness.Desktop, method)
    if isinstance(member, property):
        return ""
    _, *taken = signature(member).parameters.values()
    return f"({', '.join('*' * (one.kind is one.VAR_POSITIONAL) + one.name for one in taken)})"


def test_each_error_has_its_row() -> None:
    there = [name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, HarnessError)]
    assert sorted(row[0] for row in table(PAGE, "Errors")) == sorted(f"`{name}`" for name in there)


def test_each_field_of_a_spec_has_its_row() -> None:
    told = [name for row in table(PAGE, "Limits and spec") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(told) == sorted(SandboxSpec.model_fields)
