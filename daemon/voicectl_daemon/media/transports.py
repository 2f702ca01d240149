"""Which transport a line speaks, by name or by its first bytes."""

from __future__ import annotations

from collections.abc import Callable

from voicectl.lines import Listen
from voicectl_daemon.media.audiosocket import FIRST, AudioSocket
from voicectl_daemon.media.said import Transport
from voicectl_daemon.media.uid import Uid
from voicectl_daemon.media.websocket import WebSocket

BY_NAME: dict[str, Callable[[Listen], Transport]] = {
    "audiosocket": lambda _settings: AudioSocket(),
    "ari": lambda _settings: AudioSocket(),
    "uid": Uid,
    "websocket": WebSocket,
}
_REQUEST = b"GET "
"""How a WebSocket begins. An id would have to be cut off here to be taken for one."""


def made(settings: Listen, first: bytes) -> Transport:
    """Return a new transport for a connection whose first bytes are known."""
    name = settings.transport
    if name == "auto":
        if first[0] == FIRST[0]:
            name = "audiosocket"
        else:
            name = "websocket" if _REQUEST.startswith(first[: len(_REQUEST)]) else "uid"
    return BY_NAME[name](settings)
