"""Rubbish where somebody should have written something: refused by name, never waited for."""

import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from voicectl import config
from voicectl.errors import ConfigError, UsageError
from voicectl.vocabulary import read_rules, read_terms
from voicectl_daemon.words import SiteWords
from voicectl_recipes.load import Shelf

RUBBISH = {
    "noise": random.Random(1).randbytes(300),
    "utf-16": "\ufeff[workers]\n".encode("utf-16"),
    "a recording": b"RIFF\x24\x08\x00\x00WAVEfmt \x10\x00\x00\x00",
    "a page": b"<!DOCTYPE html>\n<html>\x00</html>\n",
    "without end": b"a" * 3_000_000,
    "deep": b"a = " + b"[" * 100_000,
}
READERS = [config.read, read_terms, read_rules]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", RUBBISH)
def test_rubbish_is_refused_by_name(
    tmp_path: Path, reader: Callable[[Path], object], kind: str
) -> None:
    path = tmp_path / "rubbish"
    path.write_bytes(RUBBISH[kind])
    with pytest.raises(UsageError) as refused:
        reader(path)
    assert refused.value.text.startswith((str(path), f"the config file {path}"))
    assert refused.value.text.isprintable()
    assert len(refused.value.text) < len(str(path)) + 200


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, reader: Callable[[Path], object]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("pipe", "loop", ".", "nowhere", "/dev/zero"):
        with pytest.raises(UsageError, match="cannot be read"):
            reader(tmp_path / name)


def test_a_daemon_waits_for_no_writer_of_words(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for part in ("file", "replacements"):
        words = SiteWords(config.Vocabulary(**{part: str(tmp_path / "pipe")}))
        with pytest.raises(ConfigError, match="it is a pipe"):
            words.beside({}, Shelf(None).find("transcribe"))


def test_a_person_may_pipe_words_in(tmp_path: Path) -> None:
    """As in `--vocabulary <(sort names.txt)`."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("Wanjiru\nOtieno\n",))
    writer.start()
    assert read_terms(path, pipes=True) == ("Wanjiru", "Otieno")
    writer.join()
