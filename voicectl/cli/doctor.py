"""`voicectl doctor`: is everything as it should be, and what mends it if not?"""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer
from rich.text import Text

from voicectl.cli import show
from voicectl.cli.help import JSON, switch
from voicectl.errors import ExitStatus, UnknownName
from voicectl.health import Finding, Health

PART = "asterisk"
COLOURS = {Health.OK: "green", Health.WARNING: "yellow", Health.PROBLEM: "bold red"}


def doctor(
    part: Annotated[
        str | None,
        typer.Argument(
            metavar="asterisk",
            help="Look at the site's Asterisk instead; docs/live-calls.md tells how it is asked.",
            show_default=False,
        ),
    ] = None,
    *,
    deep: Annotated[
        bool, switch("--deep", help_text="Also compare every byte of the models.")
    ] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Check the machine, the data folder, the models and the daemon. It changes nothing.

    Every line is ok, a warning or a problem; below it stands the command that
    mends it. The exit status is 1 when there is a problem.
    """
    if part not in (None, PART):
        raise UnknownName(f"there is no doctor for '{part}'", hint=f"there is one for: {PART}")
    found = _findings(["--deep"] * deep + [PART] * bool(part))
    if json:
        show.answer_json(found)
    else:
        for finding in found:
            _print(finding)
        show.note(_verdict(found))
    bad = any(finding.health is Health.PROBLEM for finding in found)
    raise typer.Exit(int(ExitStatus.SOME_FAILED if bad else ExitStatus.OK))


def _findings(flags: list[str]) -> list[Finding]:
    """Let the package that knows the machinery look; it may not even start."""
    import msgspec

    from voicectl import parse

    # -P: what lies in the working folder is data and must not be imported.
    command = [sys.executable, "-P", "-m", "voicectl_daemon.doctor", *flags]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return parse.json(ran.stdout, list[Finding])
    except msgspec.MsgspecError:
        said = [line for line in ran.stderr.splitlines() if line.strip()]
        text = f"voicectl itself is damaged: {said[-1] if said else ran.returncode}"
        return [Finding("voicectl", Health.PROBLEM, text, "./install.sh")]


def _verdict(found: list[Finding]) -> str:
    """Return what it comes to, on one line."""
    health = [finding.health for finding in found]
    counts = [(health.count(each), str(each)) for each in (Health.PROBLEM, Health.WARNING)]
    return ", ".join(show.count(*each) for each in counts if each[0]) or "nothing is wrong"


def _print(finding: Finding) -> None:
    line = Text(f"{finding.health:<8}", COLOURS[finding.health])
    line.append_text(show.text(f" {finding.check:<12} {finding.text}"))
    show.line(line, margin=22)
    if finding.remedy:
        show.stdout().print(show.text(f"{'':<22}-> {finding.remedy}"), soft_wrap=True)
