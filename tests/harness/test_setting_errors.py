from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.setting_errors import misspelt
from harness.settings import Settings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HARNESS_MODLE", "HARNESS_MODEL"),
        ("HARNESS_LIMIT__STEPS", "HARNESS_LIMITS__STEPS"),
        ("HARNESS_FALBACK", "HARNESS_FALLBACK"),
    ],
)
def test_a_variable_that_is_nearly_one_of_ours_is_a_slip(name: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: there is no such setting; did you mean {meant}"):
        misspelt(Settings, {name: "x"})


@pytest.mark.parametrize(
    "name",
    ["HARNESS_TIMEOUT_SCALE", "HARNESS_SCREEN", "HARNESS_BUILD_ID", "HARNESS_MODEL", "HARNESS_API__PROXY"],
)
def test_other_variables_are_not_ours_to_judge(name: str) -> None:
    misspelt(Settings, {name: "x"})
