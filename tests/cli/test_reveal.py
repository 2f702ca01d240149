"""`voicectl identity new` and `voicectl calls reveal`, as whoever has the key types them."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import COMMAND
from tests.daemon.conftest import bytes_of, record
from voicectl import sealing
from voicectl_daemon.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

SAID = "her name is akinyi"


class Kept:
    """A site with a masked call, and the identity that its original was sealed for."""

    def __init__(self, cli: Cli) -> None:
        self.cli = cli
        ran = cli.run("identity", "new", "key.txt")
        assert ran.status == 0, ran.stderr
        self.line = ran.stdout.strip()
        self.key = cli.folder / "key.txt"
        self.recipient = self.line.split('"')[1]

    def save(self, original: bytes | None = None) -> None:
        """Put the call into the store, as a daemon would have."""
        self.cli.site.home.folder.mkdir(mode=0o700, exist_ok=True)
        store = Store(self.cli.site.home.store)
        sealed = original or sealing.sealed(record("call1", SAID), [self.recipient])
        store.save_all({"key": record("call1", "her name is [NAME_1]")}, sealed={"key": sealed})
        store.close()


@pytest.fixture
def kept(cli: Cli) -> Kept:
    made = Kept(cli)
    made.save()
    return made


def test_an_identity_is_private_and_never_written_over(cli: Cli) -> None:
    made = Kept(cli)
    assert made.key.stat().st_mode & 0o777 == 0o600
    before = made.key.read_text()
    assert made.recipient in before
    again = cli.run("identity", "new", "key.txt")
    assert again.status == 2
    assert "is there already" in again.stderr
    assert again.stdout == ""
    assert made.key.read_text() == before
    assert cli.run("identity", "new", "no/folder/key.txt").status == 2
    secret = before.splitlines()[-1]
    assert secret not in made.line
    cli.site.config.write_text(f"[redaction]\n{made.line}\n")
    assert cli.run("calls", "list").status == 0
    cli.run("stop")
    cli.site.config.write_text(f'[redaction]\nrecipients = ["{secret}"]\n')
    ran = cli.run("calls", "list")
    assert ran.status != 0
    assert "a secret key is none" in ran.stderr
    assert secret not in ran.stderr


def test_it_is_shown_printed_and_written_only_where_asked(kept: Kept) -> None:
    cli = kept.cli
    reveal = ("calls", "reveal", "call1", "--identity", "key.txt")
    assert SAID in cli.run(*reveal).stdout
    assert SAID in cli.run(*reveal, "-f", "txt").stdout
    assert json.loads(cli.run(*reveal, "--json").stdout)["id"] == "call1"
    out = cli.folder / "out"
    assert not out.exists()
    assert SAID.encode() not in bytes_of(cli.folder), "nothing was written"
    assert cli.run("calls", "export", "call1", "-f", "txt", "-o", "out").status == 0
    ran = cli.run(*reveal, "-f", "srt", "-o", "out")
    assert ran.status == 0, ran.stderr
    written = out / "call1.original.srt"
    assert ran.stdout.strip() == str(written)
    assert SAID in written.read_text()
    assert written.stat().st_mode & 0o777 == 0o600
    assert SAID not in (out / "call1.txt").read_text()
    ran = cli.run("audit", "--reveals")
    assert ran.stdout.count("call1") == 4
    assert cli.run("audit").stdout == "nothing has left this machine\n"
    assert cli.run("calls", "delete", "call1", "--yes").status == 0
    assert not written.exists()
    assert SAID.encode() not in bytes_of(cli.folder)


def test_a_key_may_come_through_a_pipe(kept: Kept) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        pipe.write(kept.key.read_text())
    ran = subprocess.run(
        [*COMMAND, "calls", "reveal", "call1", "-i", f"/dev/fd/{reading}"],
        capture_output=True, text=True, pass_fds=[reading], env=kept.cli.env, check=False,
    )  # fmt: skip
    os.close(reading)
    assert SAID in ran.stdout, ran.stderr


def refused(cli: Cli, *arguments: str | Path) -> str:
    ran = cli.run("calls", "reveal", *arguments)
    assert ran.status in (1, 2)
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    assert "hint:" in ran.stderr
    return ran.stderr


def test_what_cannot_be_opened_says_why(kept: Kept) -> None:
    cli = kept.cli
    cli.run("identity", "new", "other.txt")
    assert "sealed for another key" in refused(cli, "call1", "-i", "other.txt")
    assert "cannot be read" in refused(cli, "call1", "-i", "nothing.txt")
    assert "no secret key" in refused(cli, "call1", "-i", cli.site.config)
    assert "there is no call" in refused(cli, "call7", "-i", "key.txt")
    assert "'pdf'" in refused(cli, "call1", "-i", "key.txt", "-f", "pdf")


def test_nothing_is_given_out_that_cannot_be_noted(kept: Kept) -> None:
    kept.cli.site.home.audit.symlink_to(kept.cli.folder / "elsewhere")
    said = refused(kept.cli, "call1", "-i", "key.txt")
    assert "audit log" in said
    assert "nothing is given away that is not in it" in said


def test_a_store_that_was_tampered_with_is_told(cli: Cli) -> None:
    made = Kept(cli)
    made.save(sealing.sealed(record("call2", SAID), [made.recipient]))
    assert "is another call" in refused(cli, "call1", "-i", "key.txt")
    cli.site.end()
    made.save(sealing.sealed(record("call1", SAID), [made.recipient])[:-1])
    assert "is damaged" in refused(cli, "call1", "-i", "key.txt")


def test_nothing_is_begun_that_nobody_could_read(fresh: Cli) -> None:
    fresh.clip("town.wav", 36.0, 4.0)
    ran = fresh.run("run", "redact", "town.wav", "--keep-original")
    assert ran.status == 2
    assert "voicectl identity new" in ran.stderr
    assert fresh.states == []
    ran = fresh.run("run", "transcribe", "town.wav", "--keep-original")
    assert ran.status == 2
    assert "no step 'redact'" in ran.stderr
