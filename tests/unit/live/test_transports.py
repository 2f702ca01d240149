"""What comes over a line is understood however the network cuts it."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicectl import parse
from voicectl.asterisk import TRANSPORTS
from voicectl.lines import Listen
from voicectl_daemon.doctor.asterisk import MODULES
from voicectl_daemon.media import caller, transports
from voicectl_daemon.media.audiosocket import AudioSocket, message
from voicectl_daemon.media.said import (
    BadPeer,
    Called,
    Digit,
    Left,
    Said,
    Sound,
    Strange,
    Transport,
    joined,
)
from voicectl_daemon.media.uid import Uid, order_of
from voicectl_daemon.media.websocket import WebSocket

UUID = uuid4()
TONE = (np.sin(np.arange(16_000) * 0.05) * 8000).astype("<i2").tobytes()
"""A second at 16 kHz."""


def told(transport: Transport, pieces: Sequence[bytes], seconds: float = 0.0) -> list[Said]:
    """Feed pieces, spread over so many seconds; the peer then says no more."""
    found: list[Said] = []
    for place, piece in enumerate(pieces):
        found += transport.feed(piece, 100.0 + seconds * (place + 1) / len(pieces))
    return [*found, *transport.rest()]


def sound(said: Sequence[Said]) -> bytes:
    return b"".join(each.samples for each in said if isinstance(each, Sound))


def cut(raw: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut bytes at some places, as a network does."""
    marks = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
    return [raw[begin:end] for begin, end in zip(marks, marks[1:], strict=False)]


def call_of(samples: bytes) -> bytes:
    frames = [message(0x10, samples[at : at + 320]) for at in range(0, len(samples), 320)]
    return message(0x01, UUID.bytes) + b"".join(frames) + message(0x00, b"")


@given(st.lists(st.integers(0, 40_000), max_size=50))
def test_audiosocket_is_understood_wherever_it_is_cut(places: list[int]) -> None:
    said = told(AudioSocket(), cut(call_of(TONE[:6400]), places))
    assert said[0] == Called(str(UUID))
    assert sound(said) == TONE[:6400]
    assert said[-1] == Left("hangup")


@pytest.mark.parametrize(
    ("kind", "rate"), [(0x10, 8000), (0x11, 12000), (0x12, 16000), (0x16, 48000)]
)
def test_each_kind_of_sound_has_its_rate(kind: int, rate: int) -> None:
    speaking = AudioSocket()
    raw = message(0x01, UUID.bytes) + message(kind, TONE[:640])
    assert told(speaking, [raw])[1] == Sound(rate, TONE[:640])
    head, length = speaking.frame()[0], struct.unpack(">H", speaking.frame()[1:3])[0]
    assert (head, length) == (kind, 2 * rate // 50), "it is answered as it speaks"


def test_frames_of_odd_length_lose_no_byte() -> None:
    raw = b"".join(message(0x10, TONE[at : at + 321]) for at in range(0, 3210, 321))
    assert sound(told(AudioSocket(), [message(0x01, UUID.bytes) + raw])) == TONE[:3210]


def test_a_frame_that_is_broken_off_is_heard_as_far_as_it_came() -> None:
    raw = message(0x01, UUID.bytes) + message(0x10, TONE[:320])[:203]
    assert sound(told(AudioSocket(), [raw])) == TONE[:200]


def test_keys_errors_and_what_nobody_knows() -> None:
    raw = message(0x01, UUID.bytes) + message(0x03, b"5") + message(0x03, b"\xff")
    raw += message(0x42, b"?") + message(0x42, b"!") + message(0xFF, b"\x02")
    assert told(AudioSocket(), [raw])[1:] == [
        Digit("5"),
        Strange("messages of the unknown kind 0x42 are passed over"),
        Left("frames could not be forwarded"),
    ]


@pytest.mark.parametrize("raw", [b"GET / HTTP/1.1\r\n", bytes(64), message(0x10, TONE[:320])])
def test_what_does_not_begin_with_a_uuid_is_no_audiosocket(raw: bytes) -> None:
    with pytest.raises(BadPeer, match="UUID"):
        told(AudioSocket(), [raw])


@given(st.lists(st.integers(0, 40_000), max_size=50))
def test_a_call_id_and_bare_sound_are_understood_wherever_they_are_cut(places: list[int]) -> None:
    raw = b"1768629478.110\r" + TONE
    said = told(Uid(Listen(name="pbx")), cut(raw, places), seconds=1.0)
    assert said[0] == Called("1768629478.110")
    assert sound(said) == TONE


@pytest.mark.parametrize(("seconds", "rate"), [(1.0, 16_000), (2.0, 8_000)])
def test_its_rate_is_measured(seconds: float, rate: int) -> None:
    raw = b"1.1\r" + TONE * 3
    pieces = cut(raw, range(0, len(raw), 641))
    said = told(Uid(Listen(name="pbx", rate=16_000)), pieces, seconds=3 * seconds)
    assert {each.rate for each in said if isinstance(each, Sound)} == {rate}
    assert [each for each in said if isinstance(each, Strange)] == (
        [] if rate == 16_000 else [Strange("it sends 8000 samples a second and not 16000: adapted")]
    )
    assert sound(said) == TONE * 3


def test_a_burst_is_no_rate() -> None:
    said = told(Uid(Listen(name="pbx", rate=8_000)), [b"1.1\r", TONE], seconds=0.1)
    assert {each.rate for each in said if isinstance(each, Sound)} == {8_000}


def test_its_byte_order_is_noticed() -> None:
    big = np.frombuffer(TONE, "<i2").byteswap().tobytes()
    said = told(Uid(Listen(name="pbx")), [b"1.1\r" + big])
    assert sound(said) == TONE
    assert Strange("it sends samples in big-endian order: adapted") in said


def test_silence_and_noise_have_no_order_of_their_own() -> None:
    noise = np.random.default_rng(1).integers(-3000, 3000, 8000).astype("<i2").tobytes()
    assert [order_of(raw) for raw in (b"", bytes(3200), noise)] == ["little"] * 3


def test_an_id_without_end_is_refused() -> None:
    with pytest.raises(BadPeer, match="256"):
        told(Uid(Listen(name="pbx")), [b"1" * 200, b"2" * 200])


def test_an_id_is_shown_without_tricks() -> None:
    (called,) = told(Uid(Listen(name="pbx")), [b"\x1b[2J\xff7\r"])
    assert called == Called("\ufffd[2J\ufffd7")


def test_the_first_bytes_tell_them_apart() -> None:
    line = Listen(name="pbx")
    assert isinstance(transports.made(line, call_of(b"")[:1]), AudioSocket)
    assert isinstance(transports.made(line, b"1768629478.110\r"), Uid)
    assert isinstance(transports.made(line, b"GENEVA-1768629478.110\r"), Uid)
    assert isinstance(transports.made(line, b"GET /media HTTP/1.1\r\n"), WebSocket)
    assert isinstance(transports.made(line, b"G"), WebSocket)


def test_a_transport_is_known_wherever_it_is_needed() -> None:
    by_bytes = set(transports.BY_NAME) - {"ari"}
    assert set(caller.MANNERS) == by_bytes
    assert set(TRANSPORTS) == set(transports.BY_NAME) == set(MODULES)
    for name in transports.BY_NAME:
        assert parse.plain({"name": "pbx", "transport": name}, Listen).transport == name


def test_sound_that_follows_on_sound_is_one_piece() -> None:
    apart = [
        Called("7"), Sound(8000, b"ab"), Sound(8000, b"cd"), Digit("5"), Sound(8000, b"ef"),
        Sound(16000, b"gh"), Sound(16000, b"ij"), Left(),
    ]  # fmt: skip
    assert list(joined(iter(apart))) == [
        Called("7"), Sound(8000, b"abcd"), Digit("5"), Sound(8000, b"ef"),
        Sound(16000, b"ghij"), Left(),
    ]  # fmt: skip
    assert list(joined(iter(apart[:3])))[1:] == [Sound(8000, b"abcd")]


def test_what_was_said_before_a_peer_went_wrong_is_heard() -> None:
    def said() -> Iterator[Said]:
        yield from (Called("7"), Sound(8000, b"ab"), Sound(8000, b"cd"))
        raise BadPeer("it is none")

    hearing = joined(said())
    assert [next(hearing), next(hearing)] == [Called("7"), Sound(8000, b"abcd")]
    with pytest.raises(BadPeer):
        next(hearing)


@given(st.lists(st.binary(max_size=400), max_size=20), st.sampled_from(sorted(transports.BY_NAME)))
def test_whatever_comes_is_understood_or_refused(pieces: list[bytes], name: str) -> None:
    transport = transports.BY_NAME[name](Listen(name="pbx"))
    try:
        said = told(transport, pieces, seconds=math.pi)
    except BadPeer:
        return
    assert all(len(each.samples) % 2 == 0 for each in said if isinstance(each, Sound))
