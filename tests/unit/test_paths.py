"""Every path that voicectl uses."""

import os
import socket
from pathlib import Path

import pytest

from voicectl import paths
from voicectl.paths import LONGEST_SOCKET_PATH, Home


def test_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICECTL_HOME", str(tmp_path / "here"))
    assert paths.home() == Home(tmp_path / "here")
    monkeypatch.delenv("VOICECTL_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert paths.home() == Home(tmp_path / "voicectl")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/x")
    assert paths.home() == Home(Path("/home/x/.local/share/voicectl"))


def test_the_data_folder_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon works somewhere else than whoever starts it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICECTL_HOME", "here")
    assert paths.home().folder == tmp_path / "here"
    monkeypatch.setenv("HOME", "/home/x")
    monkeypatch.setenv("VOICECTL_HOME", "~/there")
    assert paths.home().folder == Path("/home/x/there")


def test_everything_lies_in_the_data_folder() -> None:
    home = Home(Path("/data"))
    for name in ("ledger", "store", "bell", "models", "uploads", "lock", "log", "socket"):
        assert getattr(home, name).is_relative_to("/data"), name


def test_the_config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    usual = tmp_path / "voicectl" / "voicectl.toml"
    assert paths.config_file() in (None, Path("/etc/voicectl/voicectl.toml"))
    usual.parent.mkdir()
    assert paths.site_folder() == usual.parent, "recipes may lie there without it"
    usual.touch()
    assert paths.config_file() == usual
    monkeypatch.setenv("VOICECTL_CONFIG", "/somewhere/else.toml")
    assert paths.config_file() == Path("/somewhere/else.toml"), "named is named, there or not"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICECTL_CONFIG", "mine.toml")
    assert paths.config_file() == tmp_path / "mine.toml"


@pytest.mark.parametrize("depth", [0, 1, 20])
def test_a_socket_is_reached_however_long_its_path_is(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["a folder"] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "voicectl.sock"
    with socket.socket(socket.AF_UNIX) as door, socket.socket(socket.AF_UNIX) as guest:
        with paths.short(path) as name:
            assert len(os.fsencode(name)) <= LONGEST_SOCKET_PATH
            door.bind(name)
        door.listen()
        with paths.short(path) as name:
            guest.connect(name)
    assert path.is_socket()


def test_a_socket_in_no_folder(tmp_path: Path) -> None:
    path = tmp_path.joinpath(*["missing folder"] * 20, "voicectl.sock")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="No such file"), paths.short(path):
        pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before
