"""Where calls are taken, as the daemon says: the config knows no port that was free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voicectl.cli.door import look_in
from voicectl.errors import DaemonUnreachable, UsageError
from voicectl.paths import config_file

if TYPE_CHECKING:
    from voicectl.lines import Listen
    from voicectl.live import LineStatus

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104, what is looked for
"""By hosts that listen on all addresses of this machine: one of them."""


def address(transport: str) -> str:
    """Return host and port of the first line that takes such calls.

    Raises `UsageError` when there is none, which says why.
    """
    from voicectl import config

    lines = [each for each in config.read(config_file()).listen if _takes(each, transport)]
    if not lines:
        kind = "" if transport != "sip" else '\n  transport = "sip"\n  port = 5060'
        raise UsageError(
            f"no line of {config_file()} takes calls by {transport}",
            hint=f'write there:\n  [[listen]]\n  name = "pbx"{kind}\nand then: voicectl reload',
        )
    found = _found(lines, _told())
    host = ANYWHERE.get(found.host, found.host)
    return f"[{host}]:{found.port}" if ":" in host else f"{host}:{found.port}"


def _takes(line: Listen, transport: str) -> bool:
    return line.transport == transport or (line.transport == "auto" and transport != "sip")


def _told() -> dict[str, LineStatus]:
    """Return the lines of the daemon by name."""
    start = "start one that does, in another terminal: voicectl serve"
    with look_in() as door:
        try:
            serves, lines = not door.status().on_demand, door.lines()
        except DaemonUnreachable as error:
            text = f"nobody takes calls: no daemon is running for {door.home.folder}"
            raise UsageError(text, hint=start) from error
    if not serves:
        raise UsageError("nobody takes calls: the daemon is there on demand only", hint=start)
    return {each.name: each for each in lines}


def _found(lines: Sequence[Listen], told: dict[str, LineStatus]) -> LineStatus:
    known = [told[line.name] for line in lines if line.name in told]
    if not known:
        name = lines[0].name
        raise UsageError(
            f"the daemon does not know the line '{name}' yet",
            hint="have it read the config anew: voicectl reload",
        )
    for each in known:
        if each.port:
            return each
    raise UsageError(f"the line '{known[0].name}' takes no calls: {known[0].trouble}")
