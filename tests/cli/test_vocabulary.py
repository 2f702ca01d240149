"""The words of a site, from its files to the text, with real weights."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.conftest import CALL

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

RULES = """
[[replace]]
text = "black listed"
to = "black-listed"

[[replace]]
regex = '(black)listed'
to = '\\1 listed'
"""


def heard(cli: Cli, *flags: str) -> tuple[dict[str, Any], str]:
    ran = cli.run("transcribe", "call.wav", "-f", "json", "--language", "en", *flags)
    assert ran.status == 0, ran.stderr
    return json.loads((cli.folder / "call.json").read_text()), ran.stderr


def test_a_rare_name_is_written_right_when_the_site_knows_it(fresh: Cli) -> None:
    fresh.clip("call.wav", 38.5, 11.5)
    before, _ = heard(fresh)
    assert "Sintra" not in before["text"]
    (fresh.folder / "words.txt").write_text("Otieno # answers at night\nSintra\n")
    after, _ = heard(fresh, "--vocabulary", "words.txt")
    assert "Sintra" in after["text"]
    assert "Otieno" not in after["text"]
    fresh.site.configure('[vocabulary]\nfile = "words.txt"\n')
    assert fresh.run("stop").status == 0
    again, told = heard(fresh)
    assert again["text"] == after["text"]
    assert told.splitlines()[-1] == "1 already done"


def test_rules_change_text_and_words_and_keep_what_was_heard(fresh: Cli) -> None:
    fresh.clip("call.wav", 0.0, 3.2)
    before, _ = heard(fresh)
    assert "blacklisted" in before["text"]
    assert before["rules"] is None
    (fresh.folder / "replace.toml").write_text(RULES)
    after, told = heard(fresh, "--replacements", "replace.toml")
    assert "already done" not in told
    assert after["text"] == before["text"].replace("blacklisted", "black listed")
    segment, was = after["segments"][-1], before["segments"][-1]
    assert segment["original"] == was["text"]
    assert "".join(word["word"] for word in segment["words"]).strip() == segment["text"]
    assert segment["words"][-1]["end"] == was["words"][-1]["end"]
    assert len(after["rules"]) == 64
    found = fresh.run("sql", "select original from segments where original is not null", "--json")
    assert found.json == [{"original": was["text"]}]


def test_bad_files_are_refused_before_any_work(cli: Cli) -> None:
    (cli.folder / "call.wav").symlink_to(CALL)
    (cli.folder / "bad.toml").write_text('[[replace]]\nregex = "(a"\nto = "b"\n')
    ran = cli.run("transcribe", "call.wav", "--replacements", "bad.toml")
    assert ran.status == 2
    assert "bad.toml, line 1: the expression cannot be read: missing )" in ran.stderr
    ran = cli.run("transcribe", "call.wav", "--vocabulary", "none.txt")
    assert ran.status == 2
    assert "none.txt cannot be read" in ran.stderr
    cli.site.config.write_text('[vocabulary]\nreplacements = "bad.toml"\n')
    ran = cli.run("transcribe", "call.wav")
    assert ran.status == 2
    assert f"{cli.folder}/bad.toml, line 1" in ran.stderr
    assert cli.run("jobs", "list", "--json").json == []


def test_what_does_not_fit_is_told_or_refused(fresh: Cli) -> None:
    fresh.clip("call.wav", 0.0, 3.2)
    names = "\n".join(f"Wanjiru Otieno {number}" for number in range(200))
    (fresh.folder / "words.txt").write_text(names)
    after, told = heard(fresh, "--vocabulary", "words.txt")
    assert "the vocabulary is too long: the model 'tiny.en' listens for the first" in told
    assert "blacklisted" in after["text"]
    ran = fresh.run("transcribe", "call.wav", "--language", "en", "--hotwords", "Wanjiru " * 200)
    assert ran.status == 2
    assert "--hotwords: " in ran.stderr
    assert "the model reads at most 223" in ran.stderr
