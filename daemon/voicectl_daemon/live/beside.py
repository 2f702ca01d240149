"""Listens beside calls by Asterisk's REST interface; the dialplan only says that there is one.

For each leg there are two channels in a bridge: an ear that hears what goes in to
the caller's channel, or out, and a line that brings it to a `[[listen]]`. What is
there to do follows from their names alone, so whatever is lost, of theirs or of
ours, goes on where the next event finds it. The call itself is never touched.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from voicectl import parse
from voicectl.asterisk.settings import Asterisk
from voicectl.asterisk.snippets import FORMATS, line_of
from voicectl.errors import ConfigError
from voicectl.lines import Listen
from voicectl.live import OPENING, LineStatus
from voicectl_daemon import unforeseen
from voicectl_daemon.live.ari import Ari, Next, Refused, Unreachable
from voicectl_daemon.live.signalling import SHARED, Bridge, Channel, Event, Move, moves

WAIT_SECONDS = 0.5
AGAIN_SECONDS = 2.0
"""Before it is tried again to reach Asterisk."""
HEARD = ("in", "out")
"""What the ear of each leg hears, as Asterisk sees the channel: the caller, and who answers."""
LEGS = range(1, 1 + len(HEARD))
PAIR = ("ear", "line")
"""The two channels of each."""
GONE = 404
"""What Asterisk says of a channel that is over."""

log = logging.getLogger(__name__)


class Replaced(Exception):
    """Somebody else has connected as the same user, and hears everything in our stead."""


Moved: TypeAlias = Callable[[Collection[str], Move], None]
"""Hears what happens to the call of which one of these is a leg, if any is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the sound of a line's calls is to be brought."""

    address: str
    """Host and port."""
    format: str
    """Asterisk's name."""


def places(listen: Sequence[Listen], taken: Mapping[str, LineStatus]) -> dict[str, Place]:
    """Return, by the event of the dialplan, where calls are taken that come by ARI."""
    found = {}
    for number, each in enumerate(listen):
        line = line_of(each, first=not number)
        port = taken[each.name].port if each.name in taken else 0
        if each.transport == "ari" and port:
            found[line.context] = Place(f"{line.address}:{port}", FORMATS[line.rate])
    return found


class Beside:
    """A thread that hears of calls."""

    def __init__(
        self, settings: Asterisk, places: Callable[[], Mapping[str, Place]], moved: Moved
    ) -> None:
        self._ari = Ari(settings)
        self._where = settings.ari
        self._app = settings.user
        self._ours = re.compile(rf"({re.escape(self._app)}-[0-9a-f-]{{36}})-(?:{'|'.join(PAIR)})")
        self._places = places
        self._moved = moved
        self.trouble = OPENING
        """Why no calls are heard of; empty when they are."""
        self._replaced = False
        """Whether somebody else was the last to come; whoever took turns would lose calls."""

    def serve(self, stopping: threading.Event, alive: Callable[[], None]) -> None:
        """Bring the sound of calls here until it is told to stop."""
        while not stopping.is_set():
            with unforeseen.survived(log, "unexpected beside a call"):
                self._is_in_trouble(self._followed(stopping, alive))
            alive()
            stopping.wait(AGAIN_SECONDS)

    def _followed(self, stopping: threading.Event, alive: Callable[[], None]) -> str:
        """Hear of calls as long as it goes well, and return why it does not."""
        try:
            if self._replaced and self._is_there("applications", self._app):
                raise Replaced
            with self._ari.events(self._app) as following:
                self._replaced = False
                self._mend()
                self._is_in_trouble("")
                while not stopping.is_set():
                    alive()
                    self._heed(following)
                self._leave_all()
        except Replaced:
            self._replaced = True
            return (
                f"somebody else is connected to {self._where} as '{self._app}', and Asterisk "
                "tells only the last who came: each daemon needs a `user` of its own there"
            )
        except Refused as error:
            return f"{self._where} says {error}"
        except Unreachable as error:
            return f"{self._where} does not answer: {error}"
        except msgspec.MsgspecError:
            return f"{self._where} is something else than Asterisk"
        except ConfigError as error:
            return error.text
        return ""

    def _is_in_trouble(self, why: str) -> None:
        if why and why != self.trouble:
            log.warning("no calls are heard of by ARI: %s", why)
        elif self.trouble not in ("", OPENING) and not why:
            log.info("calls are heard of by ARI again")
        self.trouble = why

    def _heed(self, following: Next) -> None:
        raw = following(WAIT_SECONDS)
        if raw is None:
            return
        try:
            event = parse.json(raw, Event)
        except msgspec.MsgspecError:
            return  # of a kind that is not for us
        if event.type == "ApplicationReplaced":
            raise Replaced
        for channel, move in moves(event):
            self._moves(channel, move, event.bridge)
        if event.channel is not None:
            self._heed_channel(event, event.channel)

    def _heed_channel(self, event: Event, channel: Channel) -> None:
        ours = self._ours.fullmatch(channel.id)
        if event.type == "ChannelUserevent" and (place := self._places().get(event.eventname)):
            self._listen(channel.id, place)
        elif ours and event.type == "StasisStart":
            self._join(ours[1], channel.id)
        elif ours and event.type == "ChannelDestroyed":
            self._leave(ours[1])

    def _moves(self, channel: Channel, move: Move, bridge: Bridge | None) -> None:
        among = {channel.id}
        bridges = [bridge] if bridge else self._bridges() if move in SHARED else []
        for each in bridges:
            if channel.id in each.channels:
                among.update(each.channels)
        self._moved({named(each, leg) for each in among for leg in LEGS}, move)

    def _bridges(self) -> list[Bridge]:
        return parse.json(self._ari.ask("GET", "bridges"), list[Bridge])

    def _listen(self, channel: str, place: Place) -> None:
        for leg, heard in zip(LEGS, HEARD, strict=True):
            name = named(channel, leg)
            mine = f"{self._app}-{name}"
            if self._is_there("channels", f"{mine}-ear"):
                continue  # the dialplan says it twice
            ear = {"spy": heard, "snoopId": f"{mine}-ear"}
            line = {
                "channelId": f"{mine}-line", "external_host": place.address, "data": name,
                "encapsulation": "audiosocket", "transport": "tcp", "format": place.format,
            }  # fmt: skip
            try:
                self._ari.ask("POST", "channels", channel, "snoop", app=self._app, **ear)
                self._ari.ask("POST", "channels", "externalMedia", app=self._app, **line)
            except Refused as error:
                self._leave(mine)
                if error.status != GONE:
                    log.warning("a call is not heard: Asterisk says %s", error)

    def _is_there(self, *place: str) -> bool:
        try:
            self._ari.ask("GET", *place)
        except Refused:
            return False
        return True

    def _join(self, bridge: str, channel: str) -> None:
        with suppress(Refused):  # the other one has made it
            self._ari.ask("POST", "bridges", bridge, type="mixing")
        with suppress(Refused):  # the call is over already
            self._ari.ask("POST", "bridges", bridge, "addChannel", channel=channel)

    def _leave(self, bridge: str) -> None:
        for place in (*(("channels", f"{bridge}-{each}") for each in PAIR), ("bridges", bridge)):
            with suppress(Refused):
                self._ari.ask("DELETE", *place)

    def _mend(self) -> None:
        """Join what was left alone, and take away half a leg: nobody is left to hear it.

        Whoever went away in between heard of neither.
        """
        bridges = self._bridges()
        joined = {channel for bridge in bridges for channel in bridge.channels}
        for mine, channels in self._left(bridges).items():
            if len(channels) == len(PAIR):
                for channel in channels - joined:
                    self._join(mine, channel)
            else:
                self._leave(mine)

    def _leave_all(self) -> None:
        for mine in self._left(self._bridges()):
            self._leave(mine)

    def _left(self, bridges: Sequence[Bridge]) -> dict[str, set[str]]:
        """Return the channels of each leg that is heard, or was: two where all is well."""
        found: dict[str, set[str]] = {
            each.id: set() for each in bridges if self._ours.fullmatch(f"{each.id}-{PAIR[0]}")
        }
        for channel in parse.json(self._ari.ask("GET", "channels"), list[Channel]):
            if ours := self._ours.fullmatch(channel.id):
                found.setdefault(ours[1], set()).add(channel.id)
        return found


def named(channel: str, leg: int) -> str:
    """Return the UUID of a leg of a call, always the same for the same channel of Asterisk's.

    It is of version 8, and its last digit is the leg; all others are the call.
    """
    said = hashlib.sha256(channel.encode()).hexdigest()
    return f"{said[:8]}-{said[8:12]}-8{said[12:15]}-a{said[15:18]}-{said[18:29]}{leg}"
