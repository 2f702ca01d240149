"""Folders that cannot be written, and a command that is killed: nothing is lost, or done twice."""

from __future__ import annotations

import shlex
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Cli

QUICK = ("--model", "tiny.en", "-f", "txt,srt")


def mount(*words: str | Path) -> bool:
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode == 0


@contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    """A mount of its own, which can be made read-only while others are at work."""
    assert mount("--bind", folder, folder)
    try:
        yield folder
    finally:
        # Lazily: a daemon that was told to stop may still have a file open there.
        subprocess.run(["umount", "--lazy", folder], check=True)


def may_write(folder: Path, *, allowed: bool) -> None:
    # Refused while somebody has a file open there.
    flags = f"remount,bind,{'rw' if allowed else 'ro'}"
    wait_until(lambda: mount("-o", flags, folder), f"{folder} is mounted {flags}")


@pytest.fixture
def out(fresh: Cli) -> Iterator[Path]:
    """A folder for files, on a mount of its own."""
    folder = fresh.folder / "out"
    folder.mkdir()
    with mounted(folder):
        yield folder


@pytest.mark.root
def test_recordings_on_a_medium_that_cannot_be_written(fresh: Cli) -> None:
    """As on a disc, or a share of the telephone system."""
    one = fresh.clip("calls/one.wav", 0.0, 3.0)
    fresh.clip("calls/inner/two.wav", 30.0, 3.0)
    with mounted(one.parent):
        may_write(one.parent, allowed=False)
        ran = fresh.run("transcribe", "-r", "calls", "-o", "text", *QUICK)
        assert (ran.status, ran.stderr.count("failed")) == (0, 0), ran.stderr
        assert len(list((fresh.folder / "text").iterdir())) == 4
        ran = fresh.run("transcribe", "one.wav", *QUICK, cwd=one.parent)
        assert ran.status == 3
        assert f"'{one.parent}/one.txt' cannot be written: Read-only file system" in ran.stderr
        assert (
            f"hint: look at the folder {one.parent}, or choose another --output_dir" in ran.stderr
        )
        deleted = fresh.run("calls", "delete", "last", "--yes", "--with-recording")
        assert deleted.status == 1
        assert f"1 file could not be deleted: {one}" in deleted.stderr
    assert one.exists()


@pytest.mark.root
def test_a_data_folder_on_a_medium_that_cannot_be_written(cli: Cli) -> None:
    cli.clip("a.wav")
    cli.home.mkdir(mode=0o700)
    with mounted(cli.home):
        may_write(cli.home, allowed=False)
        for command in (("calls", "list"), ("transcribe", "a.wav")):
            ran = cli.run(*command)
            assert ran.status == 5
            assert f"{cli.home} cannot be used: Read-only file system" in ran.stderr
        told = cli.run("doctor").stdout
        assert f"-> mount -o remount,rw {cli.home}\n" in told
        assert "chmod" not in told
        may_write(cli.home, allowed=True)
        assert cli.run("calls", "list").status == 0
        cli.run("stop")
        cli.wait_until(lambda: cli.site.pid is None)


@pytest.mark.root
def test_a_folder_for_files_that_turns_read_only_in_the_midst(fresh: Cli, out: Path) -> None:
    fresh.site.configure("[workers]\ncount = 1")
    for name in ("0.wav", "1.wav"):
        fresh.clip(name, float(name[0]), 61.0)  # too long to be worked on together
    command = ("transcribe", "0.wav", "1.wav", "-o", out, *QUICK)
    child = fresh.start(*command)
    fresh.wait_until(lambda: (out / "0.srt").exists() or child.poll() is not None)
    may_write(out, allowed=False)
    ran = fresh.end(child)
    assert ran.status == 1, ran.stderr
    assert f"'{out}/1.txt' cannot be written: Read-only file system" in ran.stderr
    assert f"hint: look at the folder {out}, or choose another --output_dir" in ran.stderr
    assert fresh.states == ["done"] * 2, "nothing is lost"
    may_write(out, allowed=True)
    again = fresh.run(*command)
    assert again.status == 0, again.stderr
    assert again.stderr.splitlines()[-1] == "2 already done"
    files = sorted(path.name for path in out.iterdir())
    assert files == ["0.srt", "0.txt", "1.srt", "1.txt"], "and nothing half-written"


def test_the_command_is_killed_and_given_again(fresh: Cli) -> None:
    """The daemon goes on without it; given again, it waits for that and writes what is missing."""
    names = [f"{number}.wav" for number in range(3)]
    for number, name in enumerate(names):
        fresh.clip(name, number * 2.0, 60.5 if number < 1 else 3.0)
    command = ("transcribe", *names, "-o", "text", *QUICK)
    first = fresh.start(*command)
    fresh.wait_until(lambda: "running" in fresh.states)
    first.kill()
    fresh.end(first)
    again = fresh.run(*command)
    assert again.status == 0, again.stderr
    assert len(list((fresh.folder / "text").iterdir())) == 6
    jobs = [fresh.run("jobs", "show", job["id"], "--json").json
            for job in fresh.run("jobs", "list", "--json").json]  # fmt: skip
    worked = [task for job in jobs for task in job["tasks"] if not task["skipped"]]
    assert [job["job"]["state"] for job in jobs] == ["finished", "finished"]
    assert sorted(task["name"] for task in worked) == names, "nothing is done twice"


def test_a_shell_whose_folder_is_gone(settled: Cli, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    command = shlex.join([*settled.command, "transcribe", "a.wav"])
    ran = subprocess.run(
        ["sh", "-c", f"rmdir ../here && exec {command}"],
        cwd=here,
        env=settled.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr == (
        "voicectl: the folder that this shell is in is not there any more\n"
        "  hint: cd to another one\n"
    )
