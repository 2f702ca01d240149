"""Lines that calls come in on, as a site writes them down in `voicectl.toml`."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from voicectl.sip import MOST_CALLS, Sip

Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=86_400)]
UID_PORT = 8301
"""Where telephone systems expect a listener of `uid`."""
MOST_CONNECTIONS = 100


class Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A port on which a telephone system delivers the sound of calls."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
    """Shown with every call, and part of the name of its recording."""
    transport: Literal["auto", "audiosocket", "websocket", "ari", "uid", "sip"] = "auto"
    """How the sound comes; `auto` tells apart by their first bytes what is not `ari` or `sip`. For
    `ari`, Asterisk is asked for it as `[asterisk]` says; `sip` is a telephone of our own."""
    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    """Nothing on the wire proves who calls: any other address belongs behind a firewall."""
    port: Annotated[int, Meta(ge=0, le=65535)] = UID_PORT
    """0 takes one that is free."""
    allow: tuple[str, ...] = ()
    """Addresses or networks that may call, such as `"10.0.0.0/24"`; empty: whoever reaches it."""
    most_calls: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    """More are hung up on, so that the telephone system sends them to people; default: 100, and
    by `sip` 4, which holds no more."""
    rate: Literal[8000, 16000] = 16000
    """Samples a second that a peer is expected to send which does not say it: all of `uid`."""
    byte_order: Literal["auto", "little", "big"] = "auto"
    """Of the samples of a peer of `uid`."""
    speaker: Annotated[str, Meta(min_length=1, max_length=64)] = "caller"
    """Who is heard where one connection is the whole call."""
    mode: Literal["both", "real-time", "post-call"] = "both"
    """When calls are listened to: while they go on, after them, or both."""
    sip: Sip | None = None
    """Of a telephone of our own."""

    def __post_init__(self) -> None:
        """Refuse addresses that are none, and what a telephone cannot do."""
        for each in self.allow:
            ip_network(each, strict=False)
        if self.transport != "sip":
            if self.sip is not None:
                raise ValueError('[listen.sip] is for lines of transport = "sip"')
        elif ":" in self.host:
            raise ValueError("a line by sip takes calls by IPv4")
        elif self.port == UID_PORT:
            raise ValueError("a line by sip needs its port, which is 5060 most of the time")
        elif self.holds > MOST_CALLS:
            raise ValueError(f"a line by sip holds {MOST_CALLS} calls; another one holds as many")
        elif self.sip is not None and len(self.sip.join) > self.holds:
            raise ValueError(f"this line holds {self.holds} calls, and cannot join more")

    @property
    def holds(self) -> int:
        """How many calls it takes at a time."""
        return self.most_calls or (MOST_CALLS if self.transport == "sip" else MOST_CONNECTIONS)

    def welcomes(self, address: str) -> bool:
        """Whether an address, as a socket tells it, is among those that may call."""
        if not self.allow:
            return True
        found = ip_address(address.partition("%")[0])
        return any(found in ip_network(each, strict=False) for each in self.allow)


class Alerts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When somebody should look at a call in progress; 0 is never."""

    urgent: bool = True
    """Urgent words were said; they are those of the step `risk` of the recipe."""
    silence_seconds: Seconds = 60.0
    """Nobody has said anything for so long."""
    no_agent_seconds: Seconds = 30.0
    """The leg `agent`, where there is one besides others, has not said anything so far."""
    lag_seconds: Seconds = 10.0
    """What was said so long ago is not shown yet."""


class Live(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done with calls in progress."""

    recordings: str | None = None
    """Folder of their recordings; default: `recordings` in the data folder."""
    post_call: str = "transcribe"
    """The recipe that works on the recording after the call."""
    recipe: str = ""
    """The recipe whose steps read what was said so far while the call goes on, those that need
    only text; default: that of `post_call`."""
    analyse_every: Seconds = 30.0
    """How often they do, besides at the end of the call; 0 is never."""
    unmask: tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...] = ()
    """Accounts that may have monitors show and play calls unmasked, besides that of the daemon."""
    alerts: Alerts = Alerts()
    model: str = "auto"
    """As in the step `transcribe`."""
    language: str | None = None
    languages: tuple[str, ...] = ()
    """Those that may be detected; empty allows all."""
    setup_seconds: Annotated[float, Meta(gt=0, le=600)] = 5.0
    """How long a peer may take to say which call it is."""
    idle_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 30.0
    """A line on which nothing comes for this long is taken for dead and hung up."""
