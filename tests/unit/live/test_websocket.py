"""chan_websocket is understood as Asterisk speaks it, and nothing else is."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Sequence

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from voicectl.lines import Listen
from voicectl_daemon.media import g711
from voicectl_daemon.media.said import Answer, BadPeer, Called, Digit, Left, Said, Sound, Strange
from voicectl_daemon.media.websocket import WebSocket

CALL = "0b4f4e0e-6d4c-4a1f-9c3e-0123456789ab"
SECOND = "0b4f4e0e-6d4c-8a1f-9c3e-0123456789a2"
"""A name that says which leg it is."""
RAMP = np.arange(-1600, 1600, dtype="<i2").tobytes()
PLAIN = "MEDIA_START connection_id:c7 channel:WebSocket/voicectl/0x7f format:slin ptime:20"
MEDIA = Subprotocol("media")


def client(query: str = "", origin: str | None = None) -> ClientProtocol:
    """Return a client of the library's that has asked; it knows nothing of ours."""
    made = ClientProtocol(
        parse_uri(f"ws://pbx/media?{query}"),
        origin=None if origin is None else Origin(origin),
        subprotocols=[MEDIA],
    )
    made.send_request(made.connect())
    return made


def opening(query: str = "") -> bytes:
    return b"".join(client(query).data_to_send())


def framed(*messages: str | bytes) -> bytes:
    return b"".join(
        Frame(Opcode.TEXT, each.encode()).serialize(mask=True)
        if isinstance(each, str)
        else Frame(Opcode.BINARY, each).serialize(mask=True)
        for each in messages
    )


def start(**more: object) -> str:
    return json.dumps({"event": "MEDIA_START", "connection_id": "c7", "format": "slin"} | more)


def told(*messages: str | bytes, query: str = "", rate: int = 16000) -> list[Said]:
    """Return what a connection with these messages means, without the answers."""
    return heard([opening(query) + framed(*messages)], rate)


def heard(pieces: Sequence[bytes], rate: int = 16000) -> list[Said]:
    ours = WebSocket(Listen(name="pbx", rate=8000 if rate == 8000 else 16000))
    said = [each for piece in pieces for each in ours.feed(piece, 0.0)]
    return [each for each in [*said, *ours.rest()] if not isinstance(each, Answer)]


def sound(said: Sequence[Said]) -> bytes:
    return b"".join(each.samples for each in said if isinstance(each, Sound))


@given(st.lists(st.integers(0, 8000), max_size=50), st.sampled_from((PLAIN, start())))
def test_it_is_understood_wherever_it_is_cut(places: list[int], begin: str) -> None:
    raw = opening(f"call={CALL}&leg=agent")
    raw += framed(begin, RAMP[:3200], RAMP[3200:]) + Frame(Opcode.CLOSE, b"").serialize(mask=True)
    marks = sorted({0, len(raw), *(place % len(raw) for place in places)})
    pieces = [raw[a:b] for a, b in zip(marks, marks[1:], strict=False)]
    said = heard(pieces)
    assert said[0] == Called(CALL, CALL, 1)
    assert sound(said) == RAMP
    assert said[-1] == Left("hangup")


def test_a_client_is_content_with_the_answers() -> None:
    ours, peer = WebSocket(Listen(name="pbx")), client()

    def say(raw: bytes) -> None:
        for each in ours.feed(raw, 0.0):
            if isinstance(each, Answer):
                peer.receive_data(each.raw)

    say(b"".join(peer.data_to_send()))
    assert (peer.state, peer.subprotocol) == (State.OPEN, MEDIA)
    peer.events_received()
    peer.send_text(start().encode())
    peer.send_ping(b"there?")
    say(b"".join(peer.data_to_send()))
    assert [event.opcode for event in peer.events_received() if isinstance(event, Frame)] == [
        Opcode.PONG
    ]
    peer.receive_data(ours.farewell)
    last = [event for event in peer.events_received() if isinstance(event, Frame)]
    assert json.loads(last[0].data) == {"command": "HANGUP"}
    assert last[1].opcode is Opcode.CLOSE
    assert len(ours.farewell) < 100


@pytest.mark.parametrize(
    ("query", "variables", "called"),
    [
        (f"call={CALL}&leg=caller&from=%2B254", {}, Called(CALL, CALL, 0)),
        ("call=1768629478.110&leg=agent", {}, Called("1768629478.110", "1768629478.110", 1)),
        (f"call={SECOND}", {}, Called(SECOND, SECOND[:-1], 1)),
        (f"call={CALL}&leg=nobody", {}, Called(CALL)),
        ("leg=agent", {}, Called("c7")),
        ("", {"VOICECTL_CALL": CALL, "VOICECTL_LEG": "agent"}, Called(CALL, CALL, 1)),
        ("call=7", {"VOICECTL_CALL": CALL, "VOICECTL_LEG": "agent"}, Called("7", "7", 1)),
        ("call=%1b[2J&leg=agent", {}, Called("\ufffd[2J", "\ufffd[2J", 1)),
    ],
)
def test_which_leg_of_which_call(query: str, variables: dict[str, str], called: Called) -> None:
    assert told(start(channel_variables=variables), query=query) == [called]


@pytest.mark.parametrize(
    ("name", "rate"), [("slin", 8000), ("slin16", 16000), ("slin48", 48000), ("slin192", 192_000)]
)
def test_each_linear_format_has_its_rate(name: str, rate: int) -> None:
    assert told(start(format=name), RAMP)[1:] == [Sound(rate, RAMP)]


@pytest.mark.parametrize("rate", [8000, 16000])
def test_where_it_does_not_say_the_config_does(rate: int) -> None:
    assert told("MEDIA_START connection_id:c7", RAMP, rate=rate)[1:] == [Sound(rate, RAMP)]


@pytest.mark.parametrize(("name", "tag"), [("ulaw", 7), ("alaw", 6)])
def test_g711_is_what_another_decoder_makes_of_it(name: str, tag: int) -> None:
    codes = bytes(range(256))
    raw = io.BytesIO()
    with wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(codes)
    wav = bytearray(raw.getvalue())
    wav[20] = tag
    with av.open(io.BytesIO(wav)) as container:
        theirs = b"".join(frame.to_ndarray().tobytes() for frame in container.decode(audio=0))
    assert g711.linear(name, codes) == theirs
    assert told(start(format=name), codes)[1:] == [Sound(8000, theirs)]


def test_messages_of_odd_length_lose_no_byte() -> None:
    pieces = [RAMP[at : at + 321] for at in range(0, len(RAMP), 321)]
    assert sound(told(start(), *pieces)) == RAMP


def test_messages_in_fragments() -> None:
    raw = opening()
    begin = start().encode()
    for opcode, data, fin in (
        (Opcode.TEXT, begin[:9], False), (Opcode.CONT, begin[9:], True),
        (Opcode.BINARY, RAMP[:101], False), (Opcode.PING, b"", True),
        (Opcode.CONT, RAMP[101:], True),
    ):  # fmt: skip
        raw += Frame(opcode, data, fin).serialize(mask=True)
    assert sound(heard([raw])) == RAMP


def test_keys_flow_and_what_nobody_knows() -> None:
    said = told(
        PLAIN, "DTMF_END digit:5", "DTMF_END digit:", "DTMF_END", "MEDIA_XOFF", "MEDIA_XON", "",
        '{"event":"DTMF_END","digit":"#","duration_ms":90}', '{"event":"MEDIA_XOFF"}', "{", "[1]",
        '{"event":7}', '{"event":"NEW","x":' + "[" * 30_000, PLAIN, RAMP[:2],
    )  # fmt: skip
    assert said[1:] == [
        Digit("5"), Digit("#"), Strange("it says again which call it is"), Sound(8000, RAMP[:2]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ((RAMP,), "sound before"),
        (("MEDIA_XON",), "MEDIA_START"),
        (("hello {}",), "MEDIA_START"),
        (("{",), "MEDIA_START"),
        ((start(format="opus"),), "opus"),
        ((start(), bytes(70_000)), "PayloadTooBig"),
        ((start(), "x" * 70_000), "PayloadTooBig"),
    ],
)
def test_who_does_not_keep_to_it_is_refused(messages: tuple[str | bytes, ...], why: str) -> None:
    with pytest.raises(BadPeer, match=why):
        told(*messages)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 500,
        b"GET /" + b"a" * 10_000,
        opening().replace(b"Sec-WebSocket-Protocol: media\r\n", b""),
        opening().replace(b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8"),
        b"".join(client(origin="http://pbx").data_to_send()),
        opening("&".join(f"a{place}=1" for place in range(40))),
        opening() + Frame(Opcode.TEXT, b"{}").serialize(mask=False),
        opening() + b"\xc2\x80\x00\x00\x00\x00",
    ],
    ids=range(9),
)
def test_what_is_no_websocket_of_asterisk_s_is_refused(raw: bytes) -> None:
    with pytest.raises(BadPeer):
        heard([raw])


def test_a_page_in_a_browser_is_told_why() -> None:
    ours = WebSocket(Listen(name="pbx"))
    feeding = ours.feed(b"".join(client(origin="http://pbx").data_to_send()), 0.0)
    answer = next(feeding)
    assert isinstance(answer, Answer)
    assert answer.raw.startswith(b"HTTP/1.1 403 ")
    with pytest.raises(BadPeer, match="InvalidOrigin"):
        next(feeding)


@given(st.lists(st.text(max_size=200) | st.binary(max_size=200), max_size=20), st.booleans())
def test_whatever_is_said_is_understood_or_refused(
    messages: list[str | bytes], begun: bool
) -> None:
    try:
        said = told(*((PLAIN,) if begun else ()), *messages)
    except BadPeer:
        return
    assert all(len(each.samples) % 2 == 0 for each in said if isinstance(each, Sound))
