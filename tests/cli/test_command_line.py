"""The command line itself: help, version, what is misused, how it ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from voicectl import __version__
from voicectl.cli.flags import FLAGS

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

HEAVY = (
    "voicectl_daemon",
    "voicectl_models",
    "voicectl_recipes",
    "duckdb",
    "huey",
    "av",
    "faster_whisper",
    "ctranslate2",
    "torch",
    "numpy",
    "httpx",
    "websockets",
    "msgspec",
)
COMMANDS = ["transcribe", "jobs", "calls", "sql", "status", "serve", "stop", "models"]


def test_starting_loads_nothing_heavy() -> None:
    code = "import sys, voicectl.cli.main as line; line.application(); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert not loaded & set(HEAVY)


def test_help_names_every_command(cli: Cli) -> None:
    ran = cli.run("--help")
    assert (ran.status, ran.stderr) == (0, "")
    assert all(f"\n  {command} " in ran.stdout for command in COMMANDS)


@pytest.mark.parametrize("arguments", [(), ("jobs",), ("calls",), ("models",)])
def test_a_noun_alone_explains_itself(cli: Cli, arguments: tuple[str, ...]) -> None:
    ran = cli.run(*arguments)
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr.startswith("Usage: voicectl")


@pytest.mark.parametrize("width", ["80", "120"])
def test_help_shows_every_flag_whole(cli: Cli, width: str) -> None:
    cli.env["COLUMNS"] = width
    ran = cli.run("transcribe", "-h")
    assert ran.status == 0
    for flag in FLAGS:
        assert all(re.search(rf"{name}[ ,]", ran.stdout) for name in flag.names.split())
    assert max(map(len, ran.stdout.splitlines())) <= int(width)
    assert not any(line.endswith(" ") for line in ran.stdout.splitlines())


@pytest.mark.parametrize("command", [["jobs", "watch"], ["calls", "delete"], ["sql"], ["serve"]])
def test_every_command_has_a_page(cli: Cli, command: list[str]) -> None:
    ran = cli.run(*command, "--help")
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"Usage: voicectl {' '.join(command)}")


def test_a_page_breaks_its_lines_at_the_edge_only(cli: Cli) -> None:
    cli.env["COLUMNS"] = "250"
    ran = cli.run("calls", "correct", "--help")
    about = "It is kept with your account and the time, beside what the machine found. Calls that"
    assert any(
        line.startswith(about) and line.endswith("stay as they are.")
        for line in ran.stdout.splitlines()
    )
    examples = [line for line in ran.stdout.splitlines() if line.startswith("  voicectl calls")]
    assert len(examples) == 2
    assert "\nArguments\n  CALL  The id of a call or its beginning;" in ran.stdout


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(cli: Cli, flag: str) -> None:
    ran = cli.run(flag)
    assert (ran.stdout, ran.status) == (f"voicectl {__version__}\n", 0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["frobnicate"], "voicectl: no such command 'frobnicate'\n"),
        (["reveal"], "  hint: there is: voicectl calls reveal\n"),
        (["list"], "voicectl models list"),
        (["transcrib", "a"], "did you mean 'transcribe'?"),
        (["transcribe"], "voicectl: missing argument 'RECORDING'\n"),
        (["transcribe", "--frobnicate", "a"], "voicectl: no such option: --frobnicate"),
        (["transcribe", "--verbose=perhaps", "a"], "'--verbose' does not take a value\n"),
        (["transcribe", "--beam_size"], "requires an argument\n"),
        (["jobs", "list", "--limit", "many"], "--limit"),
        (["transcribe", "a", "--beam-size", "x"], "--beam_size: 'x' is not a whole number\n"),
        (["transcribe", "nowhere.wav"], "voicectl: there is no file or folder 'nowhere.wav'\n"),
        (["transcribe", "a", "-f", "srtt"], "there is no format called 'srtt'\n"),
        (["transcribe", "[red]\x1b[31m.wav"], "no file matches '[red]\\x1b[31m.wav'\n"),
        (["sql", "select 1", "--csv", "--json"], "--csv and --json exclude each other\n"),
        (["calls", "search", "  "], "there is nothing to search for\n"),
    ],
)
def test_what_is_misused_is_named(cli: Cli, arguments: list[str], text: str) -> None:
    ran = cli.run(*arguments)
    assert (ran.status, ran.stdout) == (2, "")
    assert text.lower() in ran.stderr.lower()
    assert "Traceback" not in ran.stderr
    assert cli.site.pid is None


@pytest.mark.parametrize(
    ("flag", "helps"),
    [
        ("--batched", "--batch_size"),
        ("--hf_token", "--diarize needs no token"),
        ("--speaker_num", "see --num-speakers"),
        ("--vad_onset", "--vad_threshold"),
    ],
)
def test_flags_of_other_tools_are_answered(cli: Cli, flag: str, helps: str) -> None:
    ran = cli.run("transcribe", "a", flag, "True")
    told, hint = ran.stderr.splitlines()
    assert told == f"voicectl: no such option: {flag.replace('_', '-')}"
    assert hint.startswith("  hint: ")
    assert helps in hint
    assert ran.status == 2


def test_what_people_need_first_stands_first(cli: Cli) -> None:
    page = cli.run("--help").stdout
    places = [
        page.index(f"\n  {name} ") for name in ("transcribe", "jobs", "calls", "sql", "doctor")
    ]
    assert places == sorted(places)


def test_a_misspelt_format_is_guessed(cli: Cli) -> None:
    ran = cli.run("transcribe", cli.call, "-f", "srtt")
    assert "hint: did you mean 'srt'?" in ran.stderr


@pytest.mark.parametrize("spelling", ["--output_format", "--output-format", "-f"])
def test_underscores_and_dashes_are_alike(cli: Cli, spelling: str) -> None:
    ran = cli.run("transcribe", cli.call, spelling, "no_such-format")
    assert "there is no format called 'no_such-format'" in ran.stderr


def test_a_reader_that_leaves_is_no_error(cli: Cli) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = subprocess.Popen(
        [sys.executable, "-m", "voicectl.cli.main", "--help"],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=cli.env,
    )
    os.close(writing)
    assert child.communicate()[1] == b""
    assert child.returncode == 141


def test_nothing_on_stdin_but_the_user_is_explained(fresh: Cli) -> None:
    main, terminal = os.openpty()
    ran = fresh.end(fresh.start("transcribe", "-", stdin=terminal))
    os.close(main)
    os.close(terminal)
    assert ran.status == 3
    assert "there is nothing on stdin but you" in ran.stderr


def test_an_empty_folder_is_done_at_once(cli: Cli) -> None:
    (cli.folder / "quiet-night").mkdir()
    ran = cli.run("transcribe", "quiet-night")
    assert (ran.status, ran.stdout) == (0, "")
    assert "no recordings in the folder" in ran.stderr
    assert cli.site.pid is None


def test_a_missing_model_is_told_before_work_starts(cli: Cli) -> None:
    ran = cli.run("transcribe", cli.call, "--model", "tiny.en")
    assert (ran.status, ran.stdout) == (4, "")
    assert ran.stderr == (
        "voicectl: the model 'tiny.en' is not on this machine\n"
        "  hint: fetch it with: voicectl models get tiny.en\n"
    )


def test_models_are_looked_after_by_their_own_package(cli: Cli) -> None:
    listed = cli.run("models", "list", "--json")
    assert listed.status == 0
    assert "tiny.en" in listed.stdout
    refused = cli.run("models", "get", "no-such-model")
    assert refused.status == 2
    assert "no-such-model" in refused.stderr
