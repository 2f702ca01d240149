"""Decoding: what telephone systems write, sample by sample on its own clock."""

from __future__ import annotations

import math
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from voicectl.errors import Undecodable
from voicectl_models import clock, decode, headers

RATE = 16_000


def likeness(first, second, reach=1_600):
    """Best correlation within `reach` samples, and the lag of the second."""
    n = min(first.size, second.size)
    size = 1 << (n + reach).bit_length()
    spectrum = np.fft.rfft(first[:n], size).conj() * np.fft.rfft(second[:n], size)
    cross = np.fft.irfft(spectrum, size)
    around = np.concatenate((cross[-reach:], cross[: reach + 1]))
    best = int(around.argmax())
    return around[best] / np.linalg.norm(first[:n]) / np.linalg.norm(second[:n]), best - reach


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
    encode, speech, samples_of, tmp_path, name, codec, form, rate, least, bit_rate
):
    more = {} if bit_rate is None else {"bit_rate": bit_rate}
    path = encode(tmp_path / name, speech, codec, form, rate, **more)
    decoded = decode.blocks(str(path), name)
    samples = np.concatenate([block.samples for block in decoded], axis=1)
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


def test_six_channels(encode, speech, samples_of, tmp_path):
    gains = np.array([1, 0.5, 0.25, 0.1, 0.8, 0], np.float32)[:, None]
    path = encode(tmp_path / "a.flac", speech * gains, "flac", "flac", 16_000)
    samples = samples_of(path)
    assert samples.shape == (6, speech.shape[1])
    assert np.abs(samples - speech * gains).max() < 1e-3


@pytest.mark.parametrize(
    ("rate", "hertz"), [(48_000, 10_000), (44_100, 8_500), (44_100, 12_000), (96_000, 30_000)]
)
def test_nothing_is_mirrored_into_the_band(tmp_path, rate, hertz):
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(4 * rate) / rate)
    samples = _through(tmp_path, tone, rate)
    assert _db(samples[0, 4_000:-4_000]) - _db(tone) < -80


@pytest.mark.parametrize(("rate", "hertz"), [(8_000, 3_400), (44_100, 7_000), (48_000, 7_400)])
def test_the_band_stays_whole_and_clean(tmp_path, rate, hertz):
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(4 * rate) / rate)
    ours = _through(tmp_path, tone, rate)[0, 4_000:-4_000]
    at = 2 * np.pi * hertz * np.arange(ours.size) / RATE
    basis = np.stack((np.sin(at), np.cos(at)), axis=1)
    fitted = basis @ np.linalg.lstsq(basis, ours, rcond=None)[0]
    assert _db(fitted) - _db(tone) == pytest.approx(0, abs=0.5)
    assert _db(ours - fitted) - _db(tone) < -70


def _through(folder: Path, tone, rate):
    path = folder / "tone.sln"
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 3, 1, rate, rate * 4, 4, 32,
        b"data", tone.size * 4,
    )  # fmt: skip
    path.write_bytes(header + tone.astype("<f4").tobytes())
    return np.concatenate([b.samples for b in decode.blocks(str(path), path.name)], axis=1)


def _db(samples):
    return 20 * math.log10(np.sqrt(np.mean(np.square(samples))) + 1e-12)


@pytest.mark.parametrize("seconds", [0.37, 2.0, 600.0])
def test_blocks_join_without_a_seam(call, seconds):
    path = Path(__file__).parents[2] / "data" / "call_en_0_2ch_mulaw.wav"
    found = list(decode.blocks(str(path), path.name, seconds))
    assert np.array_equal(np.concatenate([b.samples for b in found], axis=1), call)
    at = 0
    for block in found:
        assert block.offset == at / RATE
        assert block.samples.shape[1] <= round(seconds * RATE)
        at += block.samples.shape[1]


@pytest.mark.parametrize(
    ("name", "codec", "form"), [("a.mkv", "pcm_s16le", "matroska"), ("a.webm", "libopus", "webm")]
)
def test_a_hole_in_the_clock_is_silence(encode, speech, tmp_path, name, codec, form):
    path = encode(tmp_path / name, speech, codec, form, 48_000, holes={3.0: 5.0})
    decoded = decode.blocks(str(path), name)
    samples = np.concatenate([block.samples for block in decoded], axis=1)[0]
    assert decoded.seconds == pytest.approx(13, abs=0.1)
    assert "1 gaps in its clock, 5.0 s, became silence" in decoded.warnings
    assert not samples[int(3.2 * RATE) : int(7.8 * RATE)].any()
    correlation, lag = likeness(speech[0, 3 * RATE :], samples[8 * RATE :])
    assert correlation > 0.9
    assert abs(lag) < 0.08 * RATE


def test_a_clock_that_jumps_by_days_is_refused(encode, speech, tmp_path):
    path = encode(tmp_path / "a.mkv", speech, "pcm_s16le", "matroska", holes={3.0: 90_000.0})
    with pytest.raises(Undecodable, match="a.mkv cannot be decoded: its clock jumps ahead"):
        list(decode.blocks(str(path), "a.mkv"))


def test_roundings_of_many_holes_do_not_add_up(encode, speech, tmp_path):
    """Rounding to samples must not shift the end: 11,025 Hz divides nothing."""
    steps = {k * 0.12: 0.1 for k in range(1, 60)}
    path = encode(tmp_path / "a.mkv", speech, "pcm_s16le", "matroska", 11_025, holes=steps)
    decoded = decode.blocks(str(path), "a.mkv")
    samples = np.concatenate([block.samples for block in decoded], axis=1)[0]
    correlation, lag = likeness(speech[0, -7_000:], samples[-7_000:])
    assert decoded.seconds == pytest.approx(8.0 + 5.9, abs=0.05)
    assert correlation > 0.95
    assert abs(lag) < 0.05 * RATE


def test_a_timestamp_after_the_end_is_not_believed():
    faults = clock.Faults()
    watch = clock.Clock(0.0, 10.0, faults)
    assert watch.place(0.0, 1.0) is None
    assert watch.place(8_323.0, 1.0) is None, "one damaged packet"
    assert watch.place(2.0, 1.0) is None, "back in step"
    assert watch.place(5.0, 1.0) == 5 * RATE, "a hole inside the recording"
    assert faults.told() == [
        "1 gaps in its clock, 2.0 s, became silence",
        "its clock jumps 2 times; it was read as one piece",
    ]


def test_a_late_start_is_no_fault():
    faults = clock.Faults()
    assert clock.Clock(0.0, 0.0, faults).place(2.0, 1.0) == 2 * RATE
    assert faults.told() == []


def test_many_holes_count_together():
    faults = clock.Faults()
    watch = clock.Clock(0.0, 0.0, faults)
    at = 0.0
    for _ in range(25):
        watch.place(at, 1.0)
        at += 3_600.0
    with pytest.raises(headers.Refused, match="jumps ahead"):
        watch.place(at, 1.0)


def test_a_clock_starts_where_the_recording_starts():
    watch = clock.Clock(3_600.0, 0.0, clock.Faults())
    assert watch.place(3_600.0, 1.0) is None
    assert watch.place(3_601.02, 1.0) is None, "jitter"
    assert watch.place(None, 1.0) is None
    assert watch.place(3_604.0, 1.0) == 4 * RATE


def test_two_tracks_are_told(speech, tmp_path):
    import av

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


def test_damage_in_the_middle_loses_only_the_middle(encode, speech, tmp_path):
    for name, codec, form in (
        ("a.mp3", "libmp3lame", "mp3"),
        ("a.flac", "flac", "flac"),
        ("a.ogg", "libopus", "ogg"),
    ):
        path = encode(tmp_path / name, speech, codec, form, 16_000)
        content = bytearray(path.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 3_000] = np.random.default_rng(1).bytes(3_000)
        path.write_bytes(content)
        decoded = decode.blocks(str(path), name)
        samples = np.concatenate([block.samples for block in decoded], axis=1)[0]
        correlation, _ = likeness(speech[0, -2 * RATE :], samples[-2 * RATE :], RATE)
        assert correlation > 0.8, name
        assert decoded.warnings, name


@pytest.mark.parametrize(
    ("name", "codec", "form"),
    [("a.wav", "pcm_mulaw", "wav"), ("a.mp3", "libmp3lame", "mp3"), ("a.flac", "flac", "flac")],
)
def test_a_cut_file_says_what_is_missing(encode, speech, tmp_path, name, codec, form):
    path = encode(tmp_path / name, speech, codec, form, 16_000)
    os.truncate(path, path.stat().st_size // 4)
    decoded = decode.blocks(str(path), name)
    list(decoded)
    assert 1 < decoded.seconds < 3
    assert f"the header says 8.0 s, {decoded.seconds:.1f} s could be decoded" in decoded.warnings


def test_a_length_that_is_only_guessed_is_no_promise(encode, speech, tmp_path):
    """An MP3 without a Xing header, loud in its first frames only."""
    path = encode(tmp_path / "a.mp3", speech, "libmp3lame", "mp3", 16_000)
    content = path.read_bytes()
    tag = max(content.find(b"Xing"), content.find(b"Info"))
    path.write_bytes(content[content.index(b"\xff\xf3", tag) :])
    decoded = decode.blocks(str(path), "a.mp3")
    list(decoded)
    assert decoded.warnings == []


def test_the_recording_grows_while_it_is_read(encode, speech, tmp_path):
    path = encode(tmp_path / "a.ulaw", np.tile(speech, 20), "pcm_mulaw", "mulaw")
    decoded = decode.blocks(str(path), "a.ulaw", 1.0)
    next(decoded)
    with path.open("ab") as file:
        file.write(bytes(8_000))
    list(decoded)
    assert decoded.seconds == 161.0
    assert "the file was changed while it was read" in decoded.warnings


def test_the_recording_vanishes_while_it_is_read(encode, speech, tmp_path):
    path = encode(tmp_path / "a.ulaw", np.tile(speech, 20), "pcm_mulaw", "mulaw")
    decoded = decode.blocks(str(path), "a.ulaw", 1.0)
    next(decoded)
    path.unlink()
    list(decoded)
    assert decoded.seconds == 160.0


def test_the_recording_shrinks_while_it_is_read(encode, speech, tmp_path):
    path = encode(tmp_path / "a.ulaw", np.tile(speech, 20), "pcm_mulaw", "mulaw")
    decoded = decode.blocks(str(path), "a.ulaw", 1.0)
    next(decoded)
    os.truncate(path, 500_000)
    list(decoded)
    assert decoded.seconds < 160.0
    assert len(decoded.warnings) == 2


def test_giving_up_closes_the_file(encode, speech, tmp_path):
    path = encode(tmp_path / "a.wav", speech, "pcm_mulaw", "wav")
    open_before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    decoded = decode.blocks(str(path), "a.wav", 1.0)
    next(decoded)
    decoded.close()
    assert len(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208
    with pytest.raises(StopIteration):
        next(decoded)


def test_names_that_are_no_utf8(encode, speech, tmp_path):
    path = encode(tmp_path / "a.wav", speech, "pcm_mulaw", "wav")
    strange = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe\n\x1b[31m.wav")
    os.rename(path, strange)  # noqa: PTH104
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
