"""Decoding: what telephone systems write comes out sample by sample, in little memory."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from tests.unit.models.conftest import joined, likeness, samples_of
from voicectl.errors import Undecodable
from voicectl.interfaces import RATE
from voicectl_models import decode, headers


@pytest.mark.parametrize(
    ("name", "codec", "form", "rate", "least", "bit_rate"),
    [
        ("a.wav", "pcm_s16le", "wav", 8_000, 0.99, None),
        ("b.wav", "pcm_s16le", "wav", 44_100, 0.99, None),
        ("c.wav", "pcm_u8", "wav", 8_000, 0.98, None),
        ("d.wav", "pcm_s24le", "wav", 48_000, 0.99, None),
        ("e.wav", "pcm_f32le", "wav", 16_000, 0.99, None),
        ("f.wav", "pcm_f64le", "wav", 22_050, 0.99, None),
        ("g.wav", "pcm_alaw", "wav", 8_000, 0.99, None),
        ("h.wav", "pcm_mulaw", "wav", 8_000, 0.99, None),
        ("i.wav", "adpcm_ima_wav", "wav", 8_000, 0.95, None),
        ("j.wav", "adpcm_ms", "wav", 8_000, 0.95, None),
        ("k.wav", "libmp3lame", "wav", 16_000, 0.95, None),
        ("l.w64", "pcm_s16le", "w64", 8_000, 0.99, None),
        ("m.au", "pcm_mulaw", "au", 8_000, 0.99, None),
        ("n.aiff", "pcm_s16be", "aiff", 8_000, 0.99, None),
        ("o.caf", "pcm_s16le", "caf", 8_000, 0.99, None),
        ("p.flac", "flac", "flac", 48_000, 0.99, None),
        ("q.mp3", "libmp3lame", "mp3", 16_000, 0.97, 32_000),
        ("r.ogg", "libopus", "ogg", 48_000, 0.9, 16_000),
        ("s.m4a", "aac", "ipod", 44_100, 0.97, 64_000),
        ("t.webm", "libopus", "webm", 48_000, 0.9, 24_000),
        ("u.mkv", "pcm_s16le", "matroska", 8_000, 0.99, None),
        ("v.amr", "libopencore_amrnb", "amr", 8_000, 0.6, 12_200),
        ("w.wv", "wavpack", "wv", 16_000, 0.99, None),
        ("x.wma", "wmav2", "asf", 16_000, 0.95, 32_000),
        ("y.aac", "aac", "adts", 16_000, 0.95, 32_000),
        ("z.mp4", "alac", "mp4", 16_000, 0.99, None),
        ("1.ulaw", "pcm_mulaw", "mulaw", 8_000, 0.99, None),
        ("1.UL", "pcm_mulaw", "mulaw", 8_000, 0.99, None),
        ("1.pcma", "pcm_alaw", "alaw", 8_000, 0.99, None),
        ("1.sln", "pcm_s16le", "s16le", 8_000, 0.99, None),
        ("1.sln44", "pcm_s16le", "s16le", 44_100, 0.99, None),
        ("1.g722", "g722", "g722", 16_000, 0.98, None),
    ],
)
def test_what_telephone_systems_write(
    encode, speech, tmp_path, name, codec, form, rate, least, bit_rate
):
    path = encode(tmp_path / name, speech, codec, form, rate, bit_rate=bit_rate)
    decoded = decode.blocks(str(path), name)
    samples = joined(decoded)
    correlation, lag = likeness(speech[0], samples[0])

    assert decode.probe(str(path), name).rate == rate
    assert decode.probe(str(path), name).channels == 1
    assert samples.dtype == np.float32
    assert decoded.seconds == pytest.approx(8.0, abs=0.2), "the last packet may be padded"
    assert decoded.warnings == []
    assert correlation > least
    assert abs(lag) < 0.08 * RATE, "words would be told at the wrong time"


@pytest.mark.parametrize(
    ("suffix", "rate", "size"),
    [(suffix, rate, {"mulaw": 1, "alaw": 1, "s16le": 2}[form])
     for suffix, (form, rate) in headers.HEADERLESS.items() if form in ("mulaw", "alaw", "s16le")],
)  # fmt: skip
def test_headerless_files_are_told_by_their_suffix(tmp_path, suffix, rate, size):
    path = tmp_path / f"call{suffix}"
    path.write_bytes(np.random.default_rng(0).bytes(2 * rate * size))
    decoded = decode.blocks(str(path), path.name)
    shapes = [block.samples.shape for block in decoded]
    assert decode.probe(str(path), path.name).rate == rate
    assert shapes == [(1, 2 * RATE)]
    assert decoded.warnings == []


@pytest.mark.parametrize(
    ("name", "frame", "seconds"),
    [
        ("a.gsm", bytes.fromhex("d820a2e15a" + "50004924924924" * 4), 0.02),
        ("b.g729", bytes(10), 0.01),
    ],
)
def test_headerless_speech_codecs(tmp_path, name, frame, seconds):
    path = tmp_path / name
    path.write_bytes(frame * 100)
    decoded = decode.blocks(str(path), name)
    assert sum(block.samples.shape[1] for block in decoded) == seconds * 100 * RATE
    assert decoded.shape.rate == 8_000


def test_gsm_in_wav(tmp_path):
    """Asterisk's wav49: 65 bytes are two frames of 20 ms."""
    frames = np.random.default_rng(0).bytes(65 * 50)
    form = struct.pack("<4sIHHIIHHHH", b"fmt ", 20, 0x31, 1, 8_000, 1_625, 65, 0, 2, 320)
    data = form + struct.pack("<4sI", b"data", len(frames)) + frames
    path = tmp_path / "a.WAV"
    path.write_bytes(struct.pack("<4sI4s", b"RIFF", len(data) + 4, b"WAVE") + data)
    decoded = decode.blocks(str(path), "a.WAV")
    assert sum(block.samples.shape[1] for block in decoded) == 2 * RATE
    assert decoded.shape == decode.Shape(2.0, 8_000, 1, "gsm_ms")


def test_first_bytes_win_over_the_suffix(encode, speech, tmp_path):
    path = encode(tmp_path / "call.ulaw", speech, "pcm_s16le", "wav", 16_000)
    assert decode.probe(str(path), "call.ulaw") == decode.Shape(8.0, 16_000, 1, "pcm_s16le")
    assert decode.probe(str(path), "call.mp3") == decode.Shape(8.0, 16_000, 1, "pcm_s16le")


def test_the_name_that_people_use_tells_the_format(tmp_path):
    """An upload lies under a number; what it was called says what it is."""
    path = tmp_path / "0001"
    path.write_bytes(bytes(8_000))
    assert decode.probe(str(path), "call.ulaw").seconds == 1.0
    with pytest.raises(Undecodable):
        decode.probe(str(path), "0001")


def test_channels_stay_apart(call):
    """The reference says where each side speaks: the other side is silent there."""
    left, right = np.sqrt((call[:, : 60 * RATE].reshape(2, -1, RATE) ** 2).mean(axis=2))
    alone = (left > 0.01) != (right > 0.01)
    assert call.shape == (2, round(70.576 * RATE))
    assert alone.sum() > 30
    assert np.minimum(left, right)[alone].max() < 0.01


def test_six_channels(encode, speech, tmp_path):
    gains = np.array([1, 0.5, 0.25, 0.1, 0.8, 0], np.float32)[:, None]
    path = encode(tmp_path / "a.flac", speech * gains, "flac", "flac", 16_000)
    samples = samples_of(path)
    assert samples.shape == (6, speech.shape[1])
    assert np.abs(samples - speech * gains).max() < 1e-3


@pytest.mark.parametrize("seconds", [0.37, 2.0, 600.0])
def test_blocks_join_without_a_seam(call, seconds):
    path = Path(__file__).parents[2] / "data" / "call_en_0_2ch_mulaw.wav"
    found = list(decode.blocks(str(path), path.name, seconds))
    assert np.array_equal(joined(found), call)
    at = 0
    for block in found:
        assert block.offset == at / RATE
        assert block.samples.shape[1] <= round(seconds * RATE)
        at += block.samples.shape[1]


def test_two_tracks_are_told(speech, tmp_path):
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w", format="matroska") as container:
        streams = [container.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(2)]
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(speech, format="fltp", layout="mono")
            frame.sample_rate = 16_000
            container.mux(stream.encode(frame))
    decoded = decode.blocks(str(path), "two.mkv")
    assert [block.samples.shape[0] for block in decoded] == [1]
    assert decoded.warnings == ["it has 2 audio tracks; only the best was used"]


def test_giving_up_closes_the_file(encode, speech, tmp_path):
    path = encode(tmp_path / "a.wav", speech, "pcm_mulaw", "wav")
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    decoded = decode.blocks(str(path), "a.wav", 1.0)
    next(decoded)
    decoded.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before
    with pytest.raises(StopIteration):
        next(decoded)


def test_names_that_are_no_utf8(encode, speech, tmp_path):
    path = encode(tmp_path / "a.wav", speech, "pcm_mulaw", "wav")
    strange = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe\n\x1b[31m.wav")
    path.rename(strange)
    assert decode.probe(strange, Path(strange).name).seconds == 8.0
    os.truncate(strange, 20)
    with pytest.raises(Undecodable) as caught:
        decode.probe(strange, Path(strange).name)
    assert caught.value.text.startswith(r"\udcff\udcfe\n\x1b[31m.wav cannot be decoded")
    assert caught.value.text.isprintable()


def test_a_header_may_point_anywhere(tmp_path):
    path = tmp_path / "a.caf"
    path.write_bytes(bytes(10))
    with headers.opened(str(path)) as file:
        assert [file.seek(-5), file.seek(1 << 70), file.seek(5)] == [-1, -1, 5]


TEN_HOURS = """
import sys
from voicectl.interfaces import RATE
from voicectl_models import decode
decoded = decode.blocks(sys.argv[1], "a.ulaw")
samples = sum(block.samples.shape[1] for block in decoded)
# ru_maxrss would begin with what the parent had at the fork; this is the child's own peak
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(samples, peak.split()[1])
"""


@pytest.mark.slow
def test_ten_hours_fit_into_little_memory(tmp_path):
    path = tmp_path / "a.ulaw"
    with path.open("wb") as file:
        file.truncate(10 * 3_600 * 8_000)
    assert decode.probe(str(path), "a.ulaw").seconds == 36_000
    run = subprocess.run(
        [sys.executable, "-c", TEN_HOURS, str(path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    samples, kilobytes = map(int, run.stdout.split())
    assert samples == 36_000 * RATE
    assert kilobytes < 400_000


def test_decoding_prints_nothing(encode, speech, tmp_path, capfd):
    path = encode(tmp_path / "a.mp3", speech, "libmp3lame", "mp3", 16_000)
    os.truncate(path, 3_000)
    list(decode.blocks(str(path), "a.mp3"))
    assert capfd.readouterr() == ("", "")
