"""What is different in two configs, in the words of the file."""

from __future__ import annotations

from pathlib import Path

from voicectl import config
from voicectl.config import Config
from voicectl_daemon.differences import differences

BEFORE = """
[[listen]]
name = "pbx"
[[listen]]
name = "old"
port = 1
[live]
language = "en"
[workers]
count = 1
"""
AFTER = """
models = "elsewhere"
[[listen]]
name = "pbx"
port = 9
[[listen]]
name = "new"
[live]
language = "sw"
[live.alerts]
lag_seconds = 5
[workers]
count = 1
[premises.services.x]
key_file = "secret"
"""


def read(folder: Path, text: str) -> Config:
    file = folder / "voicectl.toml"
    file.write_text(text)
    return config.read(file)


def test_keys_are_told_and_never_what_they_say(tmp_path: Path) -> None:
    before, after = read(tmp_path, BEFORE), read(tmp_path, AFTER)
    assert list(differences(before, after)) == [
        "models",
        "[premises] services",
        "[[listen]] old is gone",
        "[[listen]] pbx is different",
        "[[listen]] new is new",
        "[live.alerts] lag_seconds",
        "[live] language",
    ]
    assert list(differences(after, after)) == []


def test_lines_in_another_order(tmp_path: Path) -> None:
    lines = ['[[listen]]\nname = "a"\n', '[[listen]]\nname = "b"\nport = 1\n']
    before, after = read(tmp_path, "".join(lines)), read(tmp_path, "".join(reversed(lines)))
    assert list(differences(before, after)) == ["[[listen]] are in another order"]
