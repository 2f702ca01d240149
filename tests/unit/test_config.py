"""What a site decides: read strictly, refused by name."""

from pathlib import Path

import pytest

from voicectl import config
from voicectl.config import Config
from voicectl.errors import ConfigError


def read(tmp_path: Path, text: str | bytes) -> Config:
    path = tmp_path / "voicectl.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return config.read(path)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert config.read(None) == Config()
    assert read(tmp_path, "") == Config(recipes=str(tmp_path / "recipes"))
    assert Config().workers.attempts == 3
    assert Config().daemon.socket_group is None


def test_every_field_can_be_set(tmp_path: Path) -> None:
    text = """
        models = "/srv/models"
        [workers]
        count = 2
        lease_seconds = 30
        stall_seconds = 1.5
        attempts = 1
        keep_alive = "1h30m"
        memory_limit = "1.5GB"
        [daemon]
        linger_seconds = 0.5
        socket_group = "operators"
    """
    found = read(tmp_path, text)
    assert found.models == "/srv/models"
    assert (found.workers.count, found.workers.lease_seconds) == (2, 30.0)
    assert (found.workers.stall_seconds, found.workers.attempts) == (1.5, 1)
    assert (found.workers.idle_seconds, found.workers.memory_bytes) == (5400.0, 1_500_000_000)
    assert (found.daemon.linger_seconds, found.daemon.socket_group) == (0.5, "operators")


def test_the_models_folder_is_found_from_the_file_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/x")
    assert read(tmp_path, 'models = "weights"').models == str(tmp_path / "weights")
    assert read(tmp_path, 'models = "~/weights"').models == "/home/x/weights"
    assert read(tmp_path, 'models = "/weights"').models == "/weights"


@pytest.mark.parametrize(
    ("text", "named", "hint"),
    [
        ("modles = 'x'", "modles", "did you mean 'models'?"),
        ("[workers]\ncuont = 2", "cuont", "did you mean 'count'?"),
        ("[daemon]\nlinger = 2", "linger", "did you mean 'linger_seconds'?"),
        ("[deamon]\n", "deamon", "did you mean 'daemon'?"),
        ("zzzzz = 1", "zzzzz", ""),
        ("[workers]\ncount = 'two'", "workers.count", ""),
        ("[workers]\ncount = 0", "workers.count", ""),
        ("[workers]\nkeep_alive = '5 weeks'", "keep_alive cannot be `5 weeks`", ""),
        ("[workers]\nmemory_limit = '-2GB'", "memory_limit cannot be `-2GB`", ""),
        ("[workers]\nmemory_limit = 1.5", "workers.memory_limit", ""),
        ("[workers]\ncount = 1000", "workers.count", ""),
        ("[workers]\nattempts = 0", "workers.attempts", ""),
        ("[workers]\nlease_seconds = -1", "workers.lease_seconds", ""),
        ("[workers]\nstall_seconds = 0", "workers.stall_seconds", ""),
        ("[daemon]\nlinger_seconds = 0", "daemon.linger_seconds", ""),
        ("workers = 1", "workers", ""),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert str(tmp_path / "voicectl.toml") in refused.value.text
    assert named in refused.value.text
    assert refused.value.hint == hint
    assert refused.value.exit_status == 2


@pytest.mark.parametrize(
    "text", ["[workers", "a = = b", b"\xff\xfe", b"a = '\xff'", "a = 1\na = 2"]
)
def test_what_is_no_toml(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(ConfigError, match=r"voicectl.toml"):
        read(tmp_path, text)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read") as refused:
            config.read(path)
        assert "VOICECTL_CONFIG" in refused.value.hint


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("0", 0.0), ("90", 90.0), ("-1", None), ("'-1s'", None), ("'5m'", 300.0), ("'1h 30m'", 5400.0)]
    + [("'250ms'", 0.25), ("'45'", 45.0), ("0.5", 0.5)],
)
def test_how_long_models_are_kept(tmp_path: Path, given: str, seconds: float | None) -> None:
    assert read(tmp_path, f"[workers]\nkeep_alive = {given}").workers.idle_seconds == seconds


@pytest.mark.parametrize(
    ("given", "size"),
    [("0", None), ("1000", 1000), ("'2GB'", 2_000_000_000), ("'1 gib'", 2**30), ("'0'", None)],
)
def test_how_large_a_worker_may_grow(tmp_path: Path, given: str, size: int | None) -> None:
    assert read(tmp_path, f"[workers]\nmemory_limit = {given}").workers.memory_bytes == size


def test_roles_are_read(tmp_path: Path) -> None:
    text = """
        [roles]
        channels = ["agent", "caller"]
        swapped = "outbound"
        file_name = '^(?P<direction>in|out)-(?P<agent>\\d+)'
    """
    found = read(tmp_path, text).roles
    assert (found.channels, found.swapped) == (("agent", "caller"), "outbound")
    assert Config().roles.channels == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("file_name = '('", "no regular expression"),
        ("file_name = 'call'", "named groups: none"),
        ("file_name = '(?P<who>x)'", "named groups: who; it may have: direction, agent"),
        ("swapped = 'left'", "Invalid enum value"),
        ("channels = ['']", "length >= 1"),
        ("chanels = ['a']", "chanels"),
    ],
)
def test_rules_for_roles_that_cannot_work_are_refused(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, f"[roles]\n{line}\n")
