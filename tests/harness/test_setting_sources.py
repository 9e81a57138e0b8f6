from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.setting_sources import contents, files


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config" / "harness").mkdir(parents=True)
    (tmp_path / "config" / "harness" / "harness.toml").write_text("")
    return tmp_path / "config"


def found(folder: Path, home: Path) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    return files(folder, {"XDG_CONFIG_HOME": str(home)})


def test_the_nearest_file_upwards_counts_and_the_users_own(tmp_path: Path, home: Path) -> None:
    below = tmp_path / "project" / "a" / "b"
    mine = home / "harness" / "harness.toml"
    assert found(below, home) == (mine,)
    (tmp_path / "project" / "harness.toml").write_text("")
    assert found(below, home) == (tmp_path / "project" / "harness.toml", mine)
    (tmp_path / "project" / "a" / "pyproject.toml").write_text("[tool.harness]\n")
    assert found(below, home) == (tmp_path / "project" / "a" / "pyproject.toml", mine)
    (tmp_path / "project" / "a" / "harness.toml").write_text("")
    assert found(below, home) == (tmp_path / "project" / "a" / "harness.toml", mine)


def test_a_pyproject_without_settings_is_passed_over(tmp_path: Path, home: Path) -> None:
    (tmp_path / "harness.toml").write_text("")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").write_text("[tool.other]\n")
    assert found(tmp_path / "project", home)[0] == tmp_path / "harness.toml"


@pytest.mark.parametrize("content", [b"effort = ", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "harness.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"harness\.toml cannot be read as settings: "):
        contents(tmp_path / "harness.toml")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('model = "sk-ant-api03-very-secret"', "model"),
        ('[api.headers]\nX = "Bearer sk-ant-api03-very-secret"', "api.headers.X"),
        ('[[approve]]\nreason = "sk-ant-very-secret"', "approve.0.reason"),
    ],
)
def test_a_key_in_a_file_is_refused_and_not_told(text: str, where: str, tmp_path: Path) -> None:
    (tmp_path / "harness.toml").write_text(text)
    with pytest.raises(UsageError, match=f"{where}: there is a key in this file; keys come from the env") as raised:
        contents(tmp_path / "harness.toml")
    assert "very-secret" not in str(raised.value)


def test_paths_in_a_file_begin_at_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    path = tmp_path / "harness.toml"
    path.write_text('runs = "out"\n[api]\nca_bundle = "~/ca.pem"\nconnections = 3\n')
    assert contents(path) == {
        "runs": tmp_path / "out",
        "api": {"ca_bundle": Path("/home/me/ca.pem"), "connections": 3},
    }
