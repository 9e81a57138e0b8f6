from __future__ import annotations

from sandbox_image.packages import unknown


def test_names_nobody_knows_are_told_with_those_that_are_near() -> None:
    known = {"gimp", "gimpy", "featherpad"}
    assert list(unknown(["featherpad", "gimpp", "zzz"], known)) == [
        "no Debian package is called gimpp; names that are near: gimp, gimpy",
        "no Debian package is called zzz; names that are near: none",
    ]
