from __future__ import annotations

from pathlib import Path

import pytest

from harness.sandbox.image.apt import KEYRING, Mirror, configure, mirror, sources


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_the_mirror_is_read_from_the_newer_format(etc: Path) -> None:
    keyring = etc / "own.gpg"
    keyring.touch()
    (etc / "sources.list.d" / "debian.sources").write_text(
        "# a comment: with a colon\n"
        f"Types: deb deb-src\nURIs: http://mirror.example/debian/\nSuites: bookworm\nSigned-By: {keyring}\n"
        "\n"
        "Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\n"
    )
    assert mirror(etc) == Mirror("http://mirror.example/debian/", "http://mirror.example/debian-security", keyring)


def test_the_mirror_is_read_from_the_older_format(etc: Path) -> None:
    (etc / "sources.list").write_text(
        "# deb http://old.example/debian bookworm main\n"
        "deb-src http://source.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/nowhere.gpg] http://mirror.example/debian bookworm main contrib\n"
    )
    assert mirror(etc) == Mirror("http://mirror.example/debian")


def test_a_disabled_source_is_no_source(etc: Path) -> None:
    (etc / "sources.list.d" / "a.sources").write_text(
        "Enabled: no\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: trixie\n"
    )
    assert list(sources(etc)) == []


def test_a_host_that_is_no_debian_leaves_the_mirror_to_debootstrap(etc: Path) -> None:
    (etc / "sources.list").write_text("deb http://archive.example/ubuntu noble main\n")
    assert mirror(etc) == Mirror()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What debootstrap leaves, as far as apt goes."""
    root = tmp_path / "root"
    for folder in ("etc/apt/sources.list.d", "etc/apt/apt.conf.d", str(KEYRING.parent.relative_to("/"))):
        (root / folder).mkdir(parents=True)
    (root / KEYRING.relative_to("/")).touch()
    (root / "etc/apt/sources.list").write_text("deb http://default.example/debian trixie main\n")
    return root


def written(root: Path) -> str:
    return (root / "etc/apt/sources.list.d/debian.sources").read_text()


def test_a_base_gets_release_updates_and_security_from_the_hosts_mirrors(root: Path) -> None:
    configure(root, "trixie", Mirror("http://m.example/debian", "http://s.example/debian-security"))
    assert "URIs: http://m.example/debian\nSuites: trixie trixie-updates\n" in written(root)
    assert "URIs: http://s.example/debian-security\nSuites: trixie-security\n" in written(root)
    assert not (root / "etc/apt/sources.list").exists()


def test_the_default_mirror_has_its_security_archive_next_door(root: Path) -> None:
    configure(root, "trixie", Mirror())
    assert "URIs: http://default.example/debian-security\n" in written(root)


def test_a_mirror_without_a_known_security_archive_goes_without(root: Path) -> None:
    configure(root, "trixie", Mirror("http://m.example/debian"))
    assert "security" not in written(root)


def test_the_keyring_of_the_hosts_mirror_goes_along(root: Path, tmp_path: Path) -> None:
    keyring = tmp_path / "own.gpg"
    keyring.write_text("key")
    configure(root, "trixie", Mirror("http://m.example/debian", "", keyring))
    assert (root / keyring.relative_to("/")).read_text() == "key"
    assert f"Signed-By: {keyring}\n" in written(root)
