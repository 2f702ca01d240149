"""What reaches the terminal, and what does not."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicectl.cli import show

TRICKS = {
    "a colour": "\x1b[31mred",
    "a title": "\x1b]0;owned\x07",
    "a C1 sequence": "\x9b31mred",
    "a bidi override": "gpj.\u202etxt",
    "an isolate": "\u2066x\u2069",
    "a bell": "\x07",
    "a backspace": "rm\x08\x08ls",
    "a deletion": "\x7f",
    "a byte of a name": os.fsdecode(b"caf\xe9"),
}
FORBIDDEN = [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS.keys())
def test_control_characters_are_made_visible(trick: str) -> None:
    assert show.clean(trick).isprintable()
    assert "\\" in show.clean(trick)


def test_what_was_hidden_can_be_read() -> None:
    assert show.clean("a\x1b[0m\u202eb") == "a\\x1b[0m\\u202eb"
    assert show.clean(os.fsdecode(b"caf\xe9.wav")) == "caf\\xe9.wav"


def test_speech_in_any_script_stays() -> None:
    for text in ("Habari ya asubuhi", "¿Qué?", "مرحبا\u200f", "नमस्ते", "你好", "می\u200cخواهم"):
        assert show.clean(text) == text


def test_lines_become_one() -> None:
    assert show.clean("one\ntwo\tthree\u2028four") == "one two three four"


@given(st.text())
def test_nothing_gets_through(text: str) -> None:
    assert not set(map(ord, show.clean(text))) & set(FORBIDDEN)
    show.clean(text).encode()


def test_markup_is_inert() -> None:
    assert show.text("[red]x[/red] :smile:").plain == "[red]x[/red] :smile:"


def test_json_means_the_same_and_does_nothing_to_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "".join(TRICKS.values()).encode(errors="replace").decode()
    show.answer_json({"text": text, "é": ["\n"]})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"text": text, "é": ["\n"]}
    assert not set(map(ord, printed.replace("\n", ""))) & set(FORBIDDEN)


def test_a_table_in_a_pipe_is_aligned_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    show.table(("Name", "Length>"), [("[b]a[/b]\x1b" + "x" * 200, "1:00"), ("你好", "10:00")])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.startswith("NAME")
    assert first == "[b]a[/b]\\x1b" + "x" * 200 + "    1:00"
    assert second.startswith("你好 ")
    assert second.endswith("  10:00")


def test_a_hint_stands_below_its_problem(capsys: pytest.CaptureFixture[str]) -> None:
    show.problem("it\x1b broke", "mend it")
    show.problem("it broke")
    assert capsys.readouterr().err == (
        "voicectl: it\\x1b broke\n  hint: mend it\nvoicectl: it broke\n"
    )


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 40 columns."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.usefixtures("narrow")
def test_on_a_terminal_a_hint_breaks_no_word_and_no_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "voicectl run helpline recordings/of/today --force"
    show.problem("the recording was done before, and stays", f"do it anew: {long}; or leave it")
    assert capsys.readouterr().err.splitlines() == [
        "voicectl: the recording was done before,",
        "  and stays",
        "  hint: do it anew:",
        f"    {long};",
        "    or leave it",
    ]


@pytest.mark.usefixtures("narrow")
def test_on_a_terminal_a_line_is_broken_between_words(capsys: pytest.CaptureFixture[str]) -> None:
    show.line(show.text("config  /srv/voicectl/of-the-helpline/voicectl.toml is valid"), margin=8)
    show.line(show.text("config  short"), margin=8)
    assert [each.rstrip() for each in capsys.readouterr().out.splitlines()] == [
        "config  /srv/voicectl/of-the-helpline/",
        "        voicectl.toml is valid",
        "config  short",
    ]


@pytest.mark.usefixtures("narrow")
def test_a_name_that_is_too_long_for_its_column_is_broken_behind_a_sign(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show.table(("Recording", "At>"), [("2026-11-21_nairobi_children_agent-wanjiku.wav", "1:00")])
    *_, first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["2026-11-21_nairobi_children_agent-", "1:00"]
    assert second.strip() == "wanjiku.wav"
    show.table(("Name",), [("x" * 50,)])
    assert "x" * 40 in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (3.4, "0:03"), (59.6, "1:00"), (192, "3:12"), (3723, "1:02:03")],
)
def test_clock(seconds: float, shown: str) -> None:
    assert show.clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(1, "00:01.000"), (3.2, "00:03.200"), (3599.9996, "01:00:00.000"), (7322.05, "02:02:02.050")],
)
def test_stamp_is_whispers(seconds: float, shown: str) -> None:
    assert show.stamp(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.44, "0.4 s"),
        (8.0, "8.0 s"),
        (41.2, "41 s"),
        (60, "1 min"),
        (192, "3 min 12 s"),
        (2460, "41 min"),
        (3600, "1 h"),
        (4320, "1 h 12 min"),
    ],
)
def test_length(seconds: float, shown: str) -> None:
    assert show.length(seconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (83_000_000_000, "83 GB"),
        (2 * 10**12, "2.0 TB"),
    ],
)
def test_size(number: int, shown: str) -> None:
    assert show.size(number) == shown


def test_count() -> None:
    assert [show.count(number, "call") for number in (0, 1, 1292)] == [
        "0 calls",
        "1 call",
        "1,292 calls",
    ]
