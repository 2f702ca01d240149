"""chan_websocket, as Asterisk speaks it: bytes are sound, text is control.

Asterisk is the client. Its first message is `MEDIA_START`, which says what the
sound is; others may follow. Control is JSON, or a word and pairs of `key:value`
as it was before Asterisk 22.8; both are understood, and answered alike. Source:
the documentation of the channel driver, and `chan_websocket.c` of Asterisk 22.

Nothing is said into the call: Asterisk plays silence by a clock of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import msgspec

from voicectl import parse
from voicectl.lines import Listen
from voicectl_daemon.media import framing, g711
from voicectl_daemon.media.said import (
    LEGS,
    Answer,
    BadPeer,
    Called,
    Digit,
    Left,
    Said,
    Sound,
    Strange,
    is_key,
    named,
    printable,
)

LINEAR = {
    "slin": 8_000, "slin12": 12_000, "slin16": 16_000, "slin24": 24_000, "slin32": 32_000,
    "slin44": 44_100, "slin48": 48_000, "slin96": 96_000, "slin192": 192_000,
}  # fmt: skip
"""Hertz, by Asterisk's name of the format."""
LAW_RATE = 8_000
"""Hertz of sound in G.711."""
MOST_PARAMETERS = 32
"""Of the address that is asked for."""


class _Event(msgspec.Struct):
    event: str
    connection_id: str = ""
    format: str = ""
    digit: str = ""
    channel_variables: dict[str, str] = {}


class WebSocket:
    """One connection; keeps the promises of `Transport`."""

    def __init__(self, settings: Listen) -> None:
        self.hello = self.farewell = b""
        self._framing = framing.Framing()
        self._given: dict[str, str] = {}
        """What the dialplan passes with `v()`."""
        self._format = ""
        self._default = "slin" if settings.rate == LAW_RATE else "slin16"
        self._odd = b""

    def feed(self, data: bytes, now: float) -> Iterator[Said]:
        """Yield what the bytes mean."""
        for told in self._framing.feed(data):
            if isinstance(told, Answer):
                yield told
            elif isinstance(told, framing.Asked):
                self._given = _parameters(told.path)
            elif isinstance(told, framing.Gone):
                self.farewell = b""
                yield Left()
            elif isinstance(told, bytes):
                yield from self._sound(told)
            else:
                yield from self._control(told)

    def rest(self) -> Iterator[Said]:
        """Yield nothing: sound is passed on as it comes."""
        yield from ()

    def frame(self) -> bytes:
        """Say nothing, see the module."""
        return b""

    def _sound(self, raw: bytes) -> Iterator[Sound]:
        if not self._format:
            raise BadPeer("it sends sound before it says what it is")
        if self._format in g711.TABLES:
            yield Sound(LAW_RATE, g711.linear(self._format, raw))
            return
        whole = self._odd + raw
        self._odd = whole[len(whole) & ~1 :]
        if len(whole) > 1:
            yield Sound(LINEAR[self._format], whole[: len(whole) & ~1])

    def _control(self, text: str) -> Iterator[Said]:
        event = _read(text)
        if event is None:
            if not self._format:
                raise BadPeer("it does not begin with MEDIA_START, as chan_websocket does")
        elif event.event == "MEDIA_START":
            yield from self._start(event, text.startswith("{"))
        elif not self._format:
            raise BadPeer("it does not begin with MEDIA_START, as chan_websocket does")
        elif event.event == "DTMF_END" and is_key(event.digit):
            yield Digit(event.digit)

    def _start(self, event: _Event, json: bool) -> Iterator[Said]:
        if self._format:
            yield Strange("it says again which call it is")
            return
        known = event.format or self._default
        if known not in LINEAR and known not in g711.TABLES:
            raise BadPeer(f"it sends {printable(known)}: let it send slin or slin16, by c()")
        self._format = known
        hang_up = '{"command":"HANGUP"}' if json else "HANGUP"
        self.farewell = framing.text(hang_up) + framing.close()
        yield self._called(event)

    def _called(self, event: _Event) -> Called:
        said = {
            key.removeprefix("VOICECTL_").lower(): value
            for key, value in event.channel_variables.items()
            if key.startswith("VOICECTL_")
        }
        said |= self._given
        call = printable(said.get("call", ""))
        if call and (leg := said.get("leg")) in LEGS:
            return Called(call, call, LEGS.index(leg))
        return named(call or printable(event.connection_id))


def _parameters(path: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(urlsplit(path).query, max_num_fields=MOST_PARAMETERS))
    except ValueError as error:
        raise BadPeer("the address that it asks for cannot be read") from error


def _read(text: str) -> _Event | None:
    """Return what a message of control says; None when it is none that is known."""
    try:
        if text.startswith("{"):
            return parse.json(text, _Event)
        event, *pairs = text.split() or [""]
        found = dict(pair.partition(":")[::2] for pair in pairs)
        return parse.plain(found | {"event": event}, _Event)
    except (msgspec.MsgspecError, RecursionError):
        return None
