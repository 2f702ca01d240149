"""`voicectl sim call`: recordings played as calls, to see what happens."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from voicectl.cli import called, show
from voicectl.cli.help import JSON, Command, group
from voicectl.errors import UsageError, VoicectlError, from_wire

app = group("Try the lines out without a telephone system.")

Transport = Literal["audiosocket", "websocket", "uid", "sip"]


@app.command("call", cls=Command)
def call(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Recordings to play.")],
    *,
    transport: Annotated[
        Transport,
        typer.Option(
            metavar="NAME", help="`audiosocket`, `websocket`, `sip`, or `uid`: call id and CR."
        ),
    ] = "audiosocket",
    calls: Annotated[
        int, typer.Option(metavar="N", min=1, max=10_000, help="So many at once.")
    ] = 1,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Default: the first line that takes such calls."),
    ] = None,
    rate: Annotated[
        Literal["8000", "16000"], typer.Option(metavar="HZ", help="Samples a second on the wire.")
    ] = "8000",
    json: Annotated[bool, JSON] = False,
) -> None:
    """Play recordings as calls, at the speed of speech, and tell what came of it.

    Watch them meanwhile with: voicectl calls follow
    """
    import msgspec

    from voicectl import parse

    where = address or called.address(transport)
    paths = [str(path.absolute()) for path in files]
    if transport == "uid":
        rate = "16000"
    command = [sys.executable, "-P", "-m", f"voicectl_daemon.{_player(transport)}.caller"]
    ran = subprocess.run(
        [*command, where, transport, rate, str(calls), *paths], stdout=subprocess.PIPE, check=False
    )
    try:
        told = parse.json(ran.stdout, dict[str, Any])
    except msgspec.DecodeError as error:
        raise VoicectlError(f"the calls were broken off ({ran.returncode})") from error
    if ran.returncode:
        raise from_wire(told["code"], told["text"], told["hint"])
    if json:
        show.answer_json(told)
        return
    show.answer(
        f"{show.count(told['calls'], 'call')}, {told['frames_sent']:,} frames sent, "
        f"{told['frames_received']:,} received, {show.count(told['lost'], 'call')} broken off"
    )


def _player(transport: Transport) -> str:
    """Return the process that plays calls. Raises `UsageError` when it lacks its library."""
    if transport != "sip":
        return "media"
    from voicectl.sip import EXTRA, LIBRARY

    if importlib.util.find_spec(LIBRARY) is None:
        raise UsageError(
            f"calls by SIP need what is not installed: {LIBRARY}",
            hint=f"install it where voicectl is: {sys.executable} -m pip install '{EXTRA}'",
        )
    return "phone"
