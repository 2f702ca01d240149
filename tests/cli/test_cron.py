"""Where nobody sits at a terminal: cron's surroundings, and recordings that do not hold still."""

from __future__ import annotations

import signal
import stat
from typing import TYPE_CHECKING

from tests.cli.test_watch import names, watching

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_run_in_the_surroundings_of_cron(fresh: Cli) -> None:
    """No HOME, no locale, no terminal, a short PATH, and files that nobody else may read."""
    bare = {"PATH": "/usr/bin:/bin", **fresh.site.environment}
    fresh.clip("in/deep/qualité.wav", 0.0, 3.2)
    places = ("-r", fresh.folder / "in", "-o", fresh.folder / "text", "-f", "txt")
    for _ in range(2):
        ran = fresh.run("run", "transcribe", *places, "--quiet", env=bare, cwd="/", umask=0o077)
        assert (ran.status, ran.stdout, ran.stderr) == (0, "", ""), "cron mails nothing"
    text = fresh.folder / "text" / "qualité.txt"
    assert "blacklisted" in text.read_text()
    assert stat.S_IMODE(text.stat().st_mode) == 0o600
    (fresh.folder / "in" / "bad.wav").write_bytes(b"no recording at all")
    ran = fresh.run("run", "transcribe", *places, "--quiet", env=bare, cwd="/", umask=0o077)
    assert (ran.status, ran.stdout) == (1, "")
    assert ran.stderr.count("\n") == 1, ran.stderr
    assert "bad.wav cannot be decoded" in ran.stderr


def test_recordings_that_change_after_they_were_taken(fresh: Cli) -> None:
    """What went is what its text was made of; what changed meanwhile comes again."""
    fresh.clip("in/0-long.wav", 0.0, 40.0)
    changing = {name: fresh.clip(f"in/{name}.wav", 0.0, 3.2) for name in ("new", "more", "gone")}
    other = fresh.clip("other.wav", 12.5, 3.0)
    added = fresh.clip("added.wav", 26.0, 5.0)
    wanted = {"new": other.read_bytes(), "more": added.read_bytes()}
    with watching(fresh, "--move-to", "done", "--failed-to", "bad") as child:
        fresh.wait_until(lambda: len(fresh.states) == 4)
        other.replace(changing["new"])
        changing["more"].write_bytes(wanted["more"])
        changing["gone"].unlink()
        fresh.wait_until(lambda: not names(fresh.folder / "in"))
        child.send_signal(signal.SIGINT)
        ended = fresh.end(child)
    assert "Traceback" not in ended.stderr
    assert names(fresh.folder / "done") == ["0-long.wav", "more.wav", "new.wav"]
    for name, content in wanted.items():
        assert (fresh.folder / "done" / f"{name}.wav").read_bytes() == content
    assert names(fresh.folder / "bad") == []
