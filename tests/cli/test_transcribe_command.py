"""`voicectl transcribe` through a real daemon: files, resume, failures, interruptions."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

USUAL = ["json", "srt", "tsv", "txt", "vtt"]


def endings(folder: Path, stem: str) -> list[str]:
    return sorted(path.name.removeprefix(f"{stem}.") for path in folder.glob(f"{stem}.*"))


def test_a_call_of_two_parties(settled: Cli) -> None:
    text = settled.folder / "text"
    assert endings(text, "call") == USUAL
    said = json.loads((text / "call.json").read_text())
    assert {segment["speaker"] for segment in said["segments"]} == {"agent", "caller"}
    assert (text / "call.txt").read_text().startswith("[agent]: ")


def test_done_again_means_nothing_to_do(settled: Cli) -> None:
    times = {path: path.stat().st_mtime_ns for path in (settled.folder / "text").iterdir()}
    ran = settled.run("transcribe", "call.wav", "-o", "text", "--channel-names", "agent,caller")
    assert ran.status == 0
    assert ran.stderr.splitlines() == [
        "1 recording, 1 min 11 s of audio: 1 already done",
        "1 already done",
    ]
    assert ran.stdout.splitlines() == [
        f"text/call.{each}" for each in ("txt", "srt", "vtt", "tsv", "json")
    ]
    assert {path: path.stat().st_mtime_ns for path in (settled.folder / "text").iterdir()} == times


def test_a_missing_format_is_written_from_the_store(settled: Cli) -> None:
    ran = settled.run(
        *("transcribe", "call.wav", "-o", "more", "-f", "md,csv", "-f", "rttm"),
        *("--channel_names=agent,caller", "--json"),
    )
    assert ran.status == 0
    (recording,) = ran.json["recordings"]
    assert recording["skipped"]
    assert [(file["format"], file["new"]) for file in recording["files"]] == [
        ("md", True),
        ("csv", True),
        ("rttm", True),
    ]
    assert endings(settled.folder / "more", "call") == ["csv", "md", "rttm"]


def test_another_style_needs_no_new_recognition(settled: Cli) -> None:
    ran = settled.run(
        *("transcribe", "call.wav", "-o", "narrow", "-f", "srt", "--max-line-width", "30"),
        *("--max_line_count", "2", "--highlight_words", "False", "--channel-names", "agent,caller"),
    )
    assert ran.stderr.splitlines()[-1] == "1 already done"
    lines = (settled.folder / "narrow/call.srt").read_text().splitlines()
    said = [line for line in lines if line and not line.isdigit() and "-->" not in line]
    assert max(map(len, said)) <= 30


def test_every_format_there_is(settled: Cli) -> None:
    settled.run(
        *("transcribe", "call.wav", "-o", "every", "-f", "all"),
        *("--channel-names", "agent,caller"),
    )
    assert endings(settled.folder / "every", "call") == sorted([*USUAL, "csv", "md", "rttm"])


def test_a_bad_recording_harms_no_other(fresh: Cli) -> None:
    fresh.clip("good.wav")
    (fresh.folder / "bad.wav").write_bytes(b"\x1b[31mno recording")
    ran = fresh.run("transcribe", "bad.wav", "good.wav", "gone.wav", "--model", "tiny.en")
    assert ran.status == 1
    assert endings(fresh.folder, "good") == [*USUAL[:-1], "vtt", "wav"]
    assert ran.stderr.count("failed  bad.wav") == 1
    assert "failed  there is no file or folder 'gone.wav'" in ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("1 done, 2 failed; ")
    assert "\x1b" not in ran.stderr
    only_bad = fresh.run("transcribe", "bad.wav", "gone.wav", "--model", "tiny.en", "--json")
    assert only_bad.status == only_bad.json["exit_status"] == 3
    codes = {each["name"]: each["error"]["code"] for each in only_bad.json["recordings"]}
    assert codes == {"bad.wav": "undecodable", "gone.wav": "not_found"}


def test_what_is_missing_of_a_recording_is_told_and_kept(fresh: Cli) -> None:
    """Its header promises more than there is; the call in the store says so, too."""
    whole = fresh.clip("broken.wav").read_bytes()
    (fresh.folder / "broken.wav").write_bytes(whole[: len(whole) // 2])
    said = "the header says 5.0 s, 2.5 s could be decoded"
    ran = fresh.run("transcribe", "broken.wav", "--model", "tiny.en", "--language", "en")
    assert ran.status == 0, ran.stderr
    assert ran.stderr.count(f"warning  broken.wav: {said}\n") == 1
    again = fresh.run("transcribe", "broken.wav", "--model", "tiny.en", "--language", "en")
    assert "warning" not in again.stderr
    found = fresh.run("transcribe", "broken.wav", "--model", "tiny.en", "--language=en", "--json")
    assert found.json["recordings"][0]["warnings"] == [said]
    written = json.loads((fresh.folder / "broken.json").read_text())
    assert written["audio"]["warnings"] == [said]
    assert f"warning: {said}" in fresh.run("calls", "show").stdout


def test_what_cannot_be_written_is_that_recordings_failure(fresh: Cli) -> None:
    fresh.clip("a.wav")
    (fresh.folder / "full").write_text("a file where a folder should be")
    ran = fresh.run("transcribe", "a.wav", "-o", "full", "--model", "tiny.en")
    assert ran.status == 3
    assert len(re.findall(r"^failed  a\.wav: .*cannot be written", ran.stderr, re.M)) == 1
    again = fresh.run("transcribe", "a.wav", "-o", "empty", "--model", "tiny.en")
    assert again.status == 0
    assert "already done" in again.stderr


def test_namesakes_do_not_overwrite_each_other(fresh: Cli) -> None:
    for at, name in enumerate(("x/a.wav", "y/a.wav", "b.wav")):
        fresh.clip(name, start=5.0 * at)
    arguments = ("transcribe", "-r", ".", "-o", "text", "-f", "txt", "--model", "tiny.en")
    ran = fresh.run(*arguments)
    assert ran.status == 0, ran.stderr
    names = sorted(path.name for path in (fresh.folder / "text").iterdir())
    assert names == ["b.txt", "x-a.wav.txt", "y-a.wav.txt"]
    assert len({path.read_text() for path in (fresh.folder / "text").iterdir()}) == 3
    fresh.run(*arguments)
    assert sorted(path.name for path in (fresh.folder / "text").iterdir()) == names


def test_namesakes_in_one_folder(fresh: Cli) -> None:
    fresh.clip("a.wav", 0.0)
    fresh.clip("a.snd", 5.0)
    ran = fresh.run("transcribe", "a.wav", "a.snd", "-f", "txt", "--model", "tiny.en")
    assert ran.stdout == "a.wav.txt\na.snd.txt\n"


def test_equal_recordings_are_done_once_and_each_gets_its_files(fresh: Cli) -> None:
    fresh.clip("a.wav")
    fresh.clip("copy of a.wav")
    ran = fresh.run("transcribe", "a.wav", "copy of a.wav", "-f", "txt", "--json", "--force")
    calls = {each["call"] for each in ran.json["recordings"]}
    assert len(calls) == 1
    texts = [(fresh.folder / name).read_text() for name in ("a.txt", "copy of a.txt")]
    assert texts[0] == texts[1] != ""


def test_a_file_that_is_not_ours_is_left_alone(fresh: Cli) -> None:
    fresh.clip("a.wav")
    (fresh.folder / "a.txt").write_text("mine")
    ran = fresh.run("transcribe", "a.wav", "-f", "txt", "--model", "tiny.en")
    assert ran.stdout == "a.wav.txt\n"
    assert (fresh.folder / "a.txt").read_text() == "mine"


def test_stdin_and_a_name_that_is_not_utf8_are_sent(fresh: Cli) -> None:
    recording = fresh.clip("a.wav")
    odd = os.fsdecode(os.fsencode(fresh.folder) + b"/caf\xe9.wav")
    os.link(recording, odd)
    arguments = ("transcribe", "-", odd, "-f", "txt", "--model", "tiny.en", "--json")
    ran = fresh.run(*arguments, stdin=recording)
    assert ran.status == 0, ran.stderr
    assert "sending stdin\n" in ran.stderr
    files = [file["path"] for each in ran.json["recordings"] for file in each["files"]]
    assert files == [f"{fresh.folder}/stdin.txt", f"{fresh.folder}/caf\ufffd.txt"]


def test_the_text_as_it_comes(fresh: Cli) -> None:
    fresh.clip("a.wav")
    ran = fresh.run("transcribe", "a.wav", "-f", "txt", "--model", "tiny.en", "--verbose", "True")
    assert re.search(r"^\[00:00\.\d{3} --> 00:0\d\.\d{3}\] \w+", ran.stderr, re.MULTILINE)
    assert ran.stdout == "a.txt\n"


def test_quiet_when_all_is_well(fresh: Cli) -> None:
    fresh.clip("a.wav")
    ran = fresh.run(
        *("transcribe", "a.wav", "-f", "txt", "--model", "tiny.en", "--log-level", "warning"),
        *("--offline", "--local_files_only", "True", "--word_timestamps", "True"),
    )
    assert (ran.status, ran.stderr) == (0, "")


def test_fail_fast_stops_at_the_first(fresh: Cli) -> None:
    (fresh.folder / "bad.wav").write_bytes(b"no recording")
    fresh.clip("good.wav", seconds=400.0)
    ran = fresh.run("transcribe", "bad.wav", "good.wav", "--fail-fast", "--model", "tiny.en")
    assert ran.status == 3
    assert "1 failed, 1 cancelled" in ran.stderr


def started(cli: Cli, *arguments: str) -> subprocess.Popen[str]:
    """Start a long job and wait until it is being worked on."""
    cli.clip("first.wav", seconds=4.0)
    cli.clip("long.wav", seconds=71.0)
    child = cli.start("transcribe", "first.wav", "long.wav", "-o", "text", "-f", "txt", *arguments)
    cli.wait_until(lambda: cli.states == ["done", "running"])
    return child


def test_ctrl_c_keeps_what_is_done_and_tells_how_to_resume(fresh: Cli) -> None:
    child = started(fresh, "--model", "tiny.en", "--force", "True")
    child.send_signal(signal.SIGINT)
    ran = fresh.end(child)
    assert ran.status == 130
    assert ran.stdout == "text/first.txt\n"
    resume = ran.stderr.splitlines()[-1]
    assert resume == (
        "resume with: voicectl transcribe first.wav long.wav -o text -f txt --model tiny.en"
    ), "without --force, which would do it all again"
    fresh.wait_until(lambda: fresh.states == ["done", "cancelled"])
    again = fresh.run(*resume.removeprefix("resume with: voicectl ").split())
    assert again.status == 0
    assert "1 already done, 1 to do" in again.stderr
    assert endings(fresh.folder / "text", "long") == ["txt"]


def test_ctrl_c_before_anything_is_handed_in(fresh: Cli) -> None:
    child = fresh.start("transcribe", "-", "--model", "tiny.en", stdin=subprocess.PIPE)
    assert child.stderr
    assert child.stderr.readline() == "sending stdin\n"
    child.send_signal(signal.SIGINT)
    ran = fresh.end(child)
    assert ran.status == 130
    assert ran.stderr == "resume with: voicectl transcribe - --model tiny.en\n"
    assert fresh.run("jobs", "list", "--json").json == []


def test_a_client_that_vanishes_leaves_the_job_running(fresh: Cli) -> None:
    child = started(fresh, "--model", "tiny.en")
    child.kill()
    child.communicate()
    ran = fresh.run("jobs", "watch")
    assert ran.status == 0, ran.stderr
    assert ran.stdout == "text/first.txt\ntext/long.txt\n"
    assert endings(fresh.folder / "text", "long") == ["txt"]


def test_a_daemon_that_is_killed_costs_nothing_but_time(fresh: Cli) -> None:
    child = started(fresh, "--model", "tiny.en")
    daemon = fresh.site.pid
    assert daemon is not None
    os.kill(daemon, signal.SIGKILL)
    ran = fresh.end(child)
    assert ran.status == 0, ran.stderr
    assert "the daemon was lost; another one goes on" in ran.stderr
    assert ran.stdout == "text/first.txt\ntext/long.txt\n"
    assert len(fresh.run("calls", "list", "--json").json) == 2


def test_a_worker_that_is_killed_is_replaced(fresh: Cli) -> None:
    child = started(fresh, "--model", "tiny.en")
    os.kill(fresh.run("status", "--json").json["workers"][0]["pid"], signal.SIGKILL)
    ran = fresh.end(child)
    assert ran.status == 0, ran.stderr
    assert re.search(r"^again   long\.wav: ", ran.stderr, re.MULTILINE)


def test_a_daemon_that_is_stopped_is_not_started_again(fresh: Cli) -> None:
    child = started(fresh, "--model", "tiny.en")
    assert fresh.run("stop").status == 0
    ran = fresh.end(child)
    assert ran.status == 5
    assert "the daemon was stopped; what is left waits" in ran.stderr
    hint = re.search(r"go on with: voicectl (jobs watch \w+)", ran.stderr)
    assert hint
    assert fresh.run(*hint[1].split()).stdout == "text/first.txt\ntext/long.txt\n"


def test_two_commands_at_once(fresh: Cli) -> None:
    fresh.clip("a.wav", 0.0)
    fresh.clip("b.wav", 10.0)
    children = [
        fresh.start("transcribe", name, "-f", "txt", "--model", "tiny.en")
        for name in ("a.wav", "b.wav")
    ]
    for child, name in zip(children, ("a.txt", "b.txt"), strict=True):
        ran = fresh.end(child)
        assert (ran.status, ran.stdout) == (0, f"{name}\n"), ran.stderr
