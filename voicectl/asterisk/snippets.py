"""The pieces of Asterisk's configuration that belong to a line of the site.

In all of them a call never depends on voicectl: either it listens beside the
call, or the caller goes on to people when it hangs up, is dead, or dies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from voicectl.asterisk import HUMANS, TRANSPORTS
from voicectl.asterisk.settings import Asterisk
from voicectl.errors import ConfigError
from voicectl.lines import Listen

TEMPLATES = {
    "audiosocket": {"extensions.conf": "audiosocket.conf"},
    "websocket": {
        "websocket_client.conf": "websocket_client.conf",
        "extensions.conf": "websocket.conf",
    },
    "ari": {"http.conf": "http.conf", "ari.conf": "ari.conf", "extensions.conf": "beside.conf"},
    "uid": {"agi-bin/@CONTEXT@.sh": "uid.sh", "extensions.conf": "uid.conf"},
}
"""By transport: which file of Asterisk's is told what."""
ANYWHERE = ("0.0.0.0", "::")  # noqa: S104, what is looked for
"""Hosts that listen on all addresses of this machine."""
FORMATS = {8000: "slin", 16000: "slin16"}
"""Asterisk's name of linear samples, by rate in hertz."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where voicectl takes calls, as Asterisk sees it."""

    name: str = ""
    """Part of the names of contexts; empty for the first line of a site."""
    transport: str = TRANSPORTS[0]
    host: str = "127.0.0.1"
    port: int = 8301
    rate: int = 16000
    """Hertz."""

    @property
    def context(self) -> str:
        """Its context in the dialplan, and what the others begin with."""
        return f"voicectl-{self.name}" if self.name else "voicectl"

    @property
    def address(self) -> str:
        """The host as it stands before a colon and a port."""
        return f"[{self.host}]" if ":" in self.host else self.host


def lines(listen: Sequence[Listen], transport: str | None) -> tuple[Line, ...]:
    """Return the lines of a site; the usual one when it has none.

    `transport` is that of all of them, else each has its own. Raises `ConfigError`.
    """
    if not listen:
        return (Line(transport=transport or TRANSPORTS[0]),)
    made = []
    for place, each in enumerate(listen):
        if each.transport == "sip":
            continue  # Asterisk calls it like any telephone
        if not each.port:
            raise ConfigError(
                f"the line '{each.name}' takes any free port, which Asterisk cannot know",
                hint="give it a port in [[listen]]",
            )
        made.append(line_of(each, transport, first=not place))
    return tuple(made)


def line_of(listen: Listen, transport: str | None = None, *, first: bool) -> Line:
    """Return a line as Asterisk sees it."""
    own = listen.transport if listen.transport in TRANSPORTS else TRANSPORTS[0]
    host = "127.0.0.1" if listen.host in ANYWHERE else listen.host
    name = "" if first else listen.name
    return Line(name, transport or own, host, listen.port, listen.rate)


@dataclass(frozen=True, slots=True)
class Snippet:
    """One piece."""

    file: str
    """Asterisk's, in its folder of configuration."""
    text: str


def snippets(
    line: Line, asterisk: Asterisk, password: str, humans: str = HUMANS
) -> tuple[Snippet, ...]:
    """Return what belongs to a line. `password` is that of the REST interface."""
    words = {
        "CONTEXT": line.context,
        "HOST": line.host,
        "ADDRESS": line.address,
        "PORT": str(line.port),
        "RATE": str(line.rate),
        "FORMAT": FORMATS[line.rate],
        "HUMANS": humans,
        "ARIHOST": asterisk.host,
        "ARIPORT": str(asterisk.port),
        "USER": asterisk.user,
        "PASSWORD": password,
    }

    def filled(text: str) -> str:
        return re.sub(r"@([A-Z]+)@", lambda found: words[found[1]], text)

    here = resources.files("voicectl.asterisk")
    return tuple(
        Snippet(filled(file), filled((here / template).read_text("utf-8")))
        for file, template in TEMPLATES[line.transport].items()
    )
