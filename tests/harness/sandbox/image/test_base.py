from __future__ import annotations

import pytest

from harness.sandbox import image
from harness.sandbox.connection import connect
from harness.sandbox.image import base
from harness.sandbox.image.progress import Progress, Steps


@pytest.mark.container
def test_a_base_that_the_engine_has_is_taken_without_a_word() -> None:
    heard: list[Progress] = []
    client = connect()
    there = image.lookup(client)
    assert base.ensure(client, there.name, there.architecture, Steps(heard.append)) == there.name
    assert heard == []
    client.close()
