"""`voicectl jobs`."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_list_and_show(settled: Cli) -> None:
    listed = settled.run("jobs", "list", "--limit", "1000")
    assert listed.status == 0
    head, *rows = listed.stdout.splitlines()
    assert head.split() == ["JOB", "ASKED", "RECORDINGS", "AUDIO", "STATE", "COMMAND"]
    first = rows[-1].split()[0]
    assert "voicectl transcribe call.wav bad.wav" in rows[-1]
    shown = settled.run("jobs", "show", first[:6])
    assert shown.stdout.startswith(first)
    assert "bad.wav cannot be decoded" in shown.stdout
    told = settled.run("jobs", "show", first, "--json").json
    assert told["job"]["id"] == first
    assert [task["state"] for task in told["tasks"]] == ["done", "failed"]


def test_watching_a_finished_job_writes_its_files_again(settled: Cli) -> None:
    first = settled.run("jobs", "list", "--json").json[-1]["id"]
    (settled.folder / "text/call.srt").unlink()
    ran = settled.run("jobs", "watch", first, "--json")
    assert ran.status == 1
    files = ran.json["recordings"][0]["files"]
    assert [file["format"] for file in files if file["new"]] == ["srt"]
    assert (settled.folder / "text/call.srt").exists()


def test_retry_tries_what_failed(fresh: Cli) -> None:
    bad = fresh.folder / "a.wav"
    bad.write_bytes(b"not yet a recording")
    assert fresh.run("transcribe", "a.wav", "-f", "txt", "--model", "tiny.en").status == 3
    fresh.clip("a.wav")
    again = fresh.run("jobs", "retry", "last")
    assert again.status == 0
    job = again.stdout.split()[0]
    assert again.stderr == f"watch it with: voicectl jobs watch {job}\n"
    assert fresh.run("jobs", "watch", job).stdout == "a.txt\n"
    assert "there is nothing to try again" in fresh.run("jobs", "retry", job).stderr


def test_cancel_from_elsewhere(fresh: Cli) -> None:
    fresh.clip("a.wav", seconds=70.0)
    child = fresh.start("transcribe", "a.wav", "--model", "tiny.en", "--json")
    fresh.wait_until(lambda: fresh.states)
    assert fresh.run("jobs", "cancel", "last", "--json").status == 0
    ran = fresh.end(child)
    assert ran.status == 130
    assert [each["state"] for each in ran.json["recordings"]] == ["cancelled"]


def test_ctrl_c_detaches(fresh: Cli) -> None:
    fresh.clip("a.wav", seconds=70.0)
    child = fresh.start("transcribe", "a.wav", "-f", "txt", "--model", "tiny.en")
    fresh.wait_until(lambda: fresh.states)
    watcher = fresh.start("jobs", "watch")
    watcher.stderr.readline()
    watcher.send_signal(signal.SIGINT)
    detached = fresh.end(watcher)
    assert detached.status == 130
    assert "the job goes on; attach again with: voicectl jobs watch" in detached.stderr
    ran = fresh.end(child)
    assert (ran.status, ran.stdout) == (0, "a.txt\n")


def test_no_job_yet(cli: Cli) -> None:
    listed = cli.run("jobs", "list")
    assert (listed.status, listed.stdout) == (0, "")
    assert "no job yet" in listed.stderr
    for command in ("show", "watch"):
        ran = cli.run("jobs", command)
        assert ran.status == 2
        assert "there is no job yet" in ran.stderr
    assert cli.run("jobs", "show", "zzzz").status == 2
