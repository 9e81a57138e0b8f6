from __future__ import annotations

import pytest

from harness.sandbox import image
from harness.sandbox.connection import connect
from harness.sandbox.image.contents import debian_versions, python_versions, versions


def test_versions_of_debian_packages_are_those_installed() -> None:
    status = (
        "Package: chromium\nStatus: install ok installed\nVersion: 1.2-3\nDescription: a browser\n more: text\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n"
    )
    assert debian_versions(status) == {"chromium": "1.2-3"}


def test_versions_of_python_packages_are_those_pinned() -> None:
    assert python_versions("# pins\nmss==10.2.0 \\\n    --hash=sha256:ab\nsix==1.17.0\n") == {
        "mss": "10.2.0",
        "six": "1.17.0",
    }


@pytest.mark.container
def test_an_image_tells_what_is_in_it_and_leaves_no_container() -> None:
    client = connect()
    found = versions(client, image.lookup(client).id)
    assert {"chromium", "openbox", "tigervnc-standalone-server", "mss", "pydantic"} <= set(found)
    client.close()
