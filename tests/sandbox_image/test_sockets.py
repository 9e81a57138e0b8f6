from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from sandbox_image.children import Account
from sandbox_image.sockets import acting_as, bind

ME = Account(os.getuid(), os.getgid())
NOBODY = Account(65_534, 65_534)


def test_a_bound_socket_takes_connections_at_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "server.sock"
    mask = os.umask(0o022)
    os.umask(mask)
    with bind(str(path), ME), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.umask(mask) == mask


def test_an_account_of_ones_own_changes_nothing() -> None:
    with acting_as(ME):
        assert os.geteuid() == ME.uid


def test_files_are_made_with_the_accounts_rights_where_we_may_take_them(tmp_path: Path) -> None:
    if os.getuid() != 0:
        with pytest.raises(PermissionError), acting_as(NOBODY):
            pass
        return
    with acting_as(NOBODY):
        assert (os.geteuid(), os.getegid()) == (NOBODY.uid, NOBODY.gid)
        with pytest.raises(PermissionError):
            (tmp_path / "file").touch()
    assert (os.geteuid(), os.getegid()) == (0, 0)
