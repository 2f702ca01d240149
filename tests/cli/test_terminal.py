"""What people see on a terminal: colours, a picture, a question."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import termios
from typing import TYPE_CHECKING

import pytest

from voicectl.cli.conversation import said, voices
from voicectl.types import Segment, Transcript, Word

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

ESCAPE = "\x1b"
CODES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


def on_terminal(cli: Cli, *arguments: str, answer: str = "", width: int = 100) -> tuple[str, int]:
    """Run a command on a terminal of its own; return everything that it showed, and its status."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    child = subprocess.Popen(
        [*cli.command, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cli.folder,
        env=cli.env | {"TERM": "xterm-256color"},
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    shown = b""
    try:
        while block := os.read(ours, 65536):
            shown += block
    except OSError:
        pass  # so does a terminal end on Linux
    os.close(ours)
    return shown.decode(), child.wait()


def test_two_voices_in_two_colours(settled: Cli) -> None:
    shown, status = on_terminal(settled, "calls", "show")
    assert status == 0
    agent = re.search(r"\x1b\[1;(\d+)magent", shown)
    caller = re.search(r"\x1b\[1;(\d+)mcaller", shown)
    assert agent
    assert caller
    assert agent[1] != caller[1]
    assert max(map(len, CODES.sub("", shown).splitlines())) <= 100


@pytest.mark.parametrize("width", [40, 60, 100])
def test_no_word_of_a_table_is_broken(settled: Cli, width: int) -> None:
    shown, status = on_terminal(settled, "report", width=width)
    lines = CODES.sub("", shown).splitlines()
    assert status == 0
    assert max(map(len, lines)) <= width
    assert re.search(r"^\d{4}-\d\d-\d\d +1 ", "\n".join(lines), re.MULTILINE), shown
    assert re.search(r"^usual length +\d", "\n".join(lines), re.MULTILINE), shown
    assert re.search(r"^undecodable +1 +█{6}", "\n".join(lines), re.MULTILINE), shown


def test_no_color(settled: Cli) -> None:
    settled.env["NO_COLOR"] = "1"
    try:
        shown, _ = on_terminal(settled, "calls", "show")
        found, _ = on_terminal(settled, "calls", "search", "conference")
    finally:
        del settled.env["NO_COLOR"]
    assert not re.search(r"\x1b\[[\d;]*3\dm", shown + found)
    assert "agent" in shown


@pytest.mark.parametrize("command", [["calls", "list"], ["jobs", "list"], ["status"]])
def test_json_is_never_coloured(settled: Cli, command: list[str]) -> None:
    shown, status = on_terminal(settled, *command, "--json")
    assert status == 0
    assert ESCAPE not in shown


def test_what_was_searched_for_is_highlighted(settled: Cli) -> None:
    shown, _ = on_terminal(settled, "calls", "search", "conference")
    assert re.search(r"\x1b\[1;33mconference\x1b\[0m", shown, re.IGNORECASE)


def test_the_picture_and_the_table(fresh: Cli) -> None:
    fresh.clip("a.wav", 0.0, 30.0)
    fresh.clip("[b]ad.wav").write_bytes(b"no recording")
    shown, status = on_terminal(fresh, "transcribe", "a.wav", "[b]ad.wav", "--model", "tiny.en")
    assert status == 1
    plain = CODES.sub("", shown)
    assert "looking at the recordings: " in plain
    assert re.search(r"━+ +a\.wav  0:\d\d of 0:30", plain)
    assert re.search(r"a\.wav +0:30 +done +a\.txt \.srt \.vtt \.tsv \.json", plain)
    assert plain.count("failed  [b]ad.wav cannot be decoded") == 1
    assert plain.splitlines()[-1].startswith("1 done, 1 failed; ")
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1  # the cursor is back


def test_the_question_before_a_deletion(fresh: Cli) -> None:
    fresh.clip("a.wav")
    fresh.run("transcribe", "a.wav", "-f", "txt", "--model", "tiny.en")
    shown, status = on_terminal(fresh, "calls", "delete", "last", answer="n\n")
    assert status == 130
    assert re.search(r"delete the call \w+ \(a\.wav\)\? \[y/N\]", shown)
    assert "nothing is deleted" in shown
    shown, status = on_terminal(fresh, "calls", "delete", "last", answer="y\n")
    assert status == 0
    assert not (fresh.folder / "a.txt").exists()


def segment(text: str, words: tuple[Word, ...] = (), **more: str) -> Segment:
    return Segment(0, 0.0, 1.0, text, words=words, **more)


def test_doubtful_words_are_dimmed() -> None:
    words = (Word(0, 1, " Please\x1b", 0.9), Word(1, 2, " hold", 0.3), Word(2, 3, ".", 0.9))
    text = said(segment(" Please\x1b hold.", words))
    assert text.plain == "Please\\x1b hold."
    (span,) = text.spans
    assert (text.plain[span.start : span.end], span.style) == (" hold", "dim")


def test_words_that_are_not_the_text_say_nothing_of_it() -> None:
    assert said(segment(" Hello.", (Word(0, 1, " Bye", 0.1),))).spans == []


def test_a_suspect_is_marked() -> None:
    assert said(segment(" Thanks.", suspect="silence")).plain == "Thanks.  (silence?)"


def test_colours_go_by_who_speaks_first() -> None:
    both = (segment("a", speaker="caller"), segment("b", speaker="agent"), segment("c"))
    assert list(voices(Transcript(both, "en", "tiny.en"))) == ["caller", "agent"]
