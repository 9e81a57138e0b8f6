from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import EngineError
from harness.sandbox.image.wheels import download


def test_wheels_are_asked_for_the_sandboxs_python_and_machine(tmp_path: Path) -> None:
    asked = download(Path("pins.txt"), "arm64", tmp_path)
    assert {"--python-version=3.13", "--abi=cp313", "--abi=abi3", "--abi=none", "--require-hashes", "--no-deps"} <= set(
        asked
    )
    platforms = [argument for argument in asked if argument.startswith("--platform=")]
    assert platforms[0] == "--platform=manylinux_2_41_aarch64"
    assert all(platform.endswith("_aarch64") for platform in platforms)


def test_a_machine_without_a_sandbox_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(EngineError, match=r"riscv64.*amd64 and arm64"):
        download(Path("pins.txt"), "riscv64", Path())
