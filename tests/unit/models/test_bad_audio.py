"""What is named like a recording and is none, or is half of one.

Each ends in a result, with a warning where something is missing, or in one
plain sentence. The files are read in a child with a time limit: what hangs or
crashes here would hang or crash the daemon's worker.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from voicectl.errors import Undecodable
from voicectl_models import decode

DATA = Path(__file__).parents[2] / "data"
CALL = DATA / "call_en_0_mono.wav"
CPU_SECONDS = 5
"""What a bomb would go beyond, and no slow machine does."""
NOISE = np.random.default_rng(7).bytes(200_000)

CHILD = """
import json, os, sys, time
from voicectl.errors import Undecodable
from voicectl_models import decode
for line in sys.stdin:
    path, name, nobody = json.loads(line)
    if nobody:
        os.seteuid(65534)
    answer = {"name": name, "error": "", "warnings": [], "seconds": 0.0}
    began = time.process_time()
    try:
        decode.probe(path, name)
    except Undecodable as error:
        answer["probe"] = error.text
    try:
        decoded = decode.blocks(path, name, 60.0)
        for block in decoded:
            assert abs(block.samples).max() <= 1
        answer |= {"warnings": decoded.warnings, "seconds": decoded.seconds}
    except Undecodable as error:
        answer |= {"error": error.text, "hint": error.hint, "cause": repr(error.__cause__)}
    answer["cpu"] = time.process_time() - began
    if nobody:
        os.seteuid(0)
    print(json.dumps(answer), flush=True)
"""


def wav(data, size=None, *, tag=1, channels=1, rate=8_000, bits=16, magic=b"RIFF", first=b""):
    """A WAV file whose header says what it is told to say."""
    width = channels * bits // 8
    form = struct.pack(
        "<HHIIHH", tag, channels & 0xFFFF, rate, rate * width & 0xFFFF_FFFF, width & 0xFFFF, bits
    )
    size = len(data) if size is None else size
    body = first + b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size) + data
    return magic + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def rifx(data):
    """Motorola's order of bytes."""
    form = struct.pack(">HHIIHH", 1, 1, 8_000, 16_000, 2, 16)
    body = b"fmt " + struct.pack(">I", 16) + form + b"data" + struct.pack(">I", len(data)) + data
    return b"RIFX" + struct.pack(">I", len(body) + 4) + b"WAVE" + body


def floats(*values):
    samples = np.zeros(16_000, "<f4")
    samples[1_000 : 1_000 + len(values)] = values
    return wav(samples.tobytes(), tag=3, bits=32)


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("call.wav", bytes(10_000_000))
    return buffer.getvalue()


def coded(codec, form, seconds=3, cover=False, video=False, audio=True, start=0):
    """Speech, a picture or both, as ffmpeg writes them."""
    samples = np.frombuffer(CALL.read_bytes()[44:], "<i2")[
        start * 8_000 : (start + seconds) * 8_000
    ]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        streams = []
        if audio:
            sound = container.add_stream(codec, rate=16_000, layout="mono")
            frame = av.AudioFrame.from_ndarray(samples[None].copy(), format="s16", layout="mono")
            frame.sample_rate = 8_000
            streams.append((sound, [frame]))
        if cover or video:
            picture = container.add_stream("png" if cover else "mpeg4", rate=25)
            picture.width = picture.height = 64
            picture.pix_fmt = "rgb24" if cover else "yuv420p"
            if cover:
                picture.disposition = av.stream.Disposition.attached_pic
            images = []
            for k in range(1 if cover else 50):
                image = av.VideoFrame.from_ndarray(np.full((64, 64, 3), k, np.uint8), "rgb24")
                image = image.reformat(format=picture.pix_fmt)
                image.pts, image.time_base = k, Fraction(1, 25)
                images.append(image)
            streams.insert(0, (picture, images))
        for stream, frames in streams:
            for frame in frames:
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return buffer.getvalue()


def surround(codec, form, layout):
    """Many channels, each in a plane of its own."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        stream = container.add_stream(codec, rate=16_000, layout=layout)
        count = av.AudioLayout(layout).nb_channels
        samples = np.repeat(np.frombuffer(PCM, "<i2"), count)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate = 8_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def between(content, junk, places):
    """Put junk between the parts of a file."""
    step = len(content) // (places + 1)
    parts = [content[k : k + step] for k in range(0, len(content), step)]
    return junk.join(parts)


def torn(content, seed=3):
    """Overwrite a tenth of a file."""
    spoilt = bytearray(content)
    middle = len(spoilt) // 2
    spoilt[middle : middle + len(spoilt) // 10] = np.random.default_rng(seed).bytes(
        len(spoilt) // 10
    )
    return bytes(spoilt)


PCM = CALL.read_bytes()[44 : 44 + 64_000]
"""Four seconds of speech."""
M3U8 = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}/a.ts\n#EXT-X-ENDLIST\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n"
MPD = '<?xml?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period>'
MPD += "<BaseURL>{url}/x.mp4</BaseURL></Period></MPD>"
TOO_MANY = "channels, and 1 to 8 can be used"
NO_RECORDING = "it is damaged, or it is no recording|it is in no format for recordings"

GOOD = {
    "length-ffffffff.wav": wav(PCM, 0xFFFF_FFFF),
    "length-0.wav": wav(PCM, 0),
    "rifx.wav": rifx(np.frombuffer(PCM, "<i2").astype(">i2").tobytes()),
    "odd.wav": wav(PCM + b"\1"),
    "odd.sln": PCM + b"\1",
    "chunk-before.wav": wav(PCM, first=b"LIST" + struct.pack("<I", 4) + b"INFO"),
    "cover.mp3": coded("libmp3lame", "mp3", cover=True),
    "mp3-named.wav": coded("libmp3lame", "mp3"),
    "wav-named.mp3": wav(PCM),
    "flac-named.ogg": coded("flac", "flac"),
    "ogg-named.ulaw": coded("libopus", "ogg"),
    "video.mp4": coded("aac", "mp4", video=True),
    "eight-planes.m4a": surround("aac", "ipod", "7.1"),
    "new\nline.wav": wav(PCM),
    "\x1b]0;esc\x07.wav": wav(PCM),
    "\u202evaw.wav": wav(PCM),
    "not-utf8-\udcff.wav": wav(PCM),
    "n" * 251 + ".wav": wav(PCM),
}
WARNED = {
    "promises-16-mb.wav": (wav(PCM, 16_000_000), "header says 1000.0 s, 4.0 s could be decoded"),
    "nan.wav": (floats(np.nan, np.inf, -np.inf), "3 samples were no finite numbers"),
    "loud.wav": (floats(1e30, 30_000.0), "2 samples were far above full scale"),
    "torn.flac": (torn(coded("flac", "flac", 6)), "damaged packets|became silence"),
    "torn.ogg": (torn(coded("libopus", "ogg", 6)), "damaged packets|gaps in its clock"),
    "torn.m4a": (torn(coded("aac", "ipod", 6)), "damaged packets"),
    "cut.flac": (coded("flac", "flac", 8)[:20_000], "header says 8.0 s"),
    "junk.mp3": (between(coded("libmp3lame", "mp3", 8), NOISE[:5_000], 3), "damaged packets"),
    "chained.ogg": (coded("libopus", "ogg") + coded("libopus", "ogg", start=3), "clock jumps"),
}  # fmt: skip
BAD = {
    "empty.wav": (b"", "it is empty"),
    "cut-header.wav": (wav(PCM)[:20], NO_RECORDING),
    "only-header.wav": (wav(b""), "contains no audio"),
    "one-sample.wav": (wav(b"\1\1"), "contains no audio"),
    "playlist.wav": (M3U8, NO_RECORDING),
    "playlist.m3u8": (M3U8, NO_RECORDING),
    "concat.wav": ("ffconcat version 1.0\nfile {url}/a.wav\n", NO_RECORDING),
    "concat.ffconcat": ("ffconcat version 1.0\nfile /etc/hostname\n", NO_RECORDING),
    "session.wav": (SDP, NO_RECORDING),
    "session.sdp": (SDP, NO_RECORDING),
    "dash.mpd": (MPD, NO_RECORDING),
    "page.wav": ("<!doctype html><html><audio src='{url}/a.wav'></html>", NO_RECORDING),
    "reference.wav": ("RTSPtextRTSP://{url}\n", NO_RECORDING),
    "zip.wav": (zipped(), NO_RECORDING),
    "text.txt": ("Good morning, how can I help you?\n" * 100, "it ends before any audio"),
    "picture.png": (coded("", "image2pipe", cover=True, audio=False), NO_RECORDING),
    "channels-0.wav": (wav(PCM, channels=0), "its header makes no sense"),
    "channels-9.wav": (wav(PCM[:63_000], channels=9), f"9 {TOO_MANY}"),
    "channels-65535.wav": (wav(PCM, channels=65_535), "its header makes no sense"),
    "channels-16.wv": (surround("wavpack", "wv", "hexadecagonal"), f"16 {TOO_MANY}"),
    "rate-0.wav": (wav(PCM, rate=0), "sample rate is 0 Hz|damaged|makes no sense"),
    "rate-4g.wav": (wav(PCM, rate=0xFFFF_FFFF), "sample rate is|damaged|makes no sense"),
    "rate-2g.wav": (wav(PCM, rate=2_000_000_000), "sample rate is 2000000000 Hz"),
    "bits-0.wav": (wav(PCM, bits=0), NO_RECORDING + "|makes no sense|not known"),
    "codec.wav": (wav(PCM, tag=0x4242), "codec is not known|damaged"),
    "noise.wav": (NOISE, NO_RECORDING),
    "huge-tag.mp3": (b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(100_000), f"{NO_RECORDING}|ends before"),
    "cut.mp4": (coded("aac", "mp4")[:4_000], NO_RECORDING),
    "silent-film.mp4": (coded("", "mp4", video=True, audio=False), "it contains no audio track"),
    "zeros.flac": (b"fLaC" + bytes(100_000), f"{NO_RECORDING}|makes no sense|no audio"),
    "empty-chunks.wav": (b"RIFF\0\0\0\0WAVE" + bytes(20_000_000), NO_RECORDING),
    "beyond.caf": (
        coded("pcm_s16le", "caf")[:12] + b"free" + b"\x7f" * 8 + bytes(99),
        NO_RECORDING,
    ),
    "missing.wav": (None, "no such file"),
}
SPECIAL = {
    "pipe.wav": "it is a pipe, not a file",
    "folder.wav": "it is a folder, not a file",
    "socket.wav": "it is a socket or a device, not a file",
    "zero.wav": "it is a device, not a file",
    "loop.wav": "too many levels of symbolic links",
    "dangling.wav": "no such file",
    "nul\0.wav": "null",
}


@pytest.fixture(scope="module")
def canary():
    """A port on loopback that counts who comes."""
    came = []
    listener = socket.create_server(("127.0.0.1", 0))

    def listen():
        while True:
            try:
                visitor, _ = listener.accept()
            except OSError:
                return
            came.append(visitor.recv(1_000))
            visitor.close()

    watch = threading.Thread(target=listen)
    watch.start()
    yield listener.getsockname()[1], came
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    watch.join()


@pytest.fixture(scope="module")
def answers(tmp_path_factory, canary):
    """What became of each file: {name: answer of the child}."""
    folder = tmp_path_factory.mktemp("bad")
    port, _ = canary
    asked = []
    everything = {**GOOD, **{n: c for n, (c, _) in (WARNED | BAD).items()}}
    for name, content in everything.items():
        path = folder / name
        if isinstance(content, str):
            path.write_text(
                content.replace("{url}", f"http://127.0.0.1:{port}").replace("{port}", str(port))
            )
        elif content is not None:
            path.write_bytes(content)
        asked.append((str(path), name, False))
    held = socket.socket(socket.AF_UNIX)
    os.mkfifo(folder / "pipe.wav")
    (folder / "folder.wav").mkdir()
    held.bind(_short(folder) + "/socket.wav")
    (folder / "zero.wav").symlink_to("/dev/zero")
    (folder / "loop.wav").symlink_to("loop.wav")
    (folder / "dangling.wav").symlink_to("nowhere.wav")
    asked += [(f"{folder}/{name}", name, False) for name in SPECIAL]
    (folder / "secret.wav").write_bytes(wav(PCM))
    (folder / "secret.wav").chmod(0)
    asked.append((str(folder / "secret.wav"), "secret.wav", os.geteuid() == 0))
    with held:
        run = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-W", "error", "-c", CHILD],
            input="".join(json.dumps(item) + "\n" for item in asked),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert run.stderr == ""
    assert run.returncode == 0
    yield {answer["name"]: answer for answer in map(json.loads, run.stdout.splitlines())}
    shutil.rmtree(folder)


def _short(folder: Path) -> str:
    """A path to the folder that fits into the address of a socket."""
    return f"/proc/self/fd/{os.open(folder, os.O_RDONLY | os.O_DIRECTORY)}"


def _same(name):
    return name.encode("unicode_escape").decode()[:40]


@pytest.mark.parametrize("name", GOOD, ids=_same)
def test_strange_but_whole(answers, name):
    answer = answers[name]
    assert answer["error"] == ""
    assert answer["warnings"] == []
    assert answer["seconds"] > 0
    assert answer["cpu"] < CPU_SECONDS


@pytest.mark.parametrize("name", WARNED, ids=_same)
def test_what_is_missing_is_told(answers, name):
    answer = answers[name]
    assert answer["error"] == ""
    assert answer["seconds"] > 0.5
    assert re.search(WARNED[name][1], " | ".join(answer["warnings"])), answer
    assert answer["cpu"] < CPU_SECONDS


@pytest.mark.parametrize("name", [*BAD, *SPECIAL, "secret.wav"], ids=_same)
def test_what_is_no_recording_is_refused_in_one_sentence(answers, name):
    reason = {**{n: r for n, (_, r) in BAD.items()}, **SPECIAL, "secret.wav": "permission denied"}
    answer = answers[name]
    assert re.search(reason[name], answer["error"]), answer
    assert answer["error"].isprintable()
    assert answer["error"].startswith(name.split("\0")[0])
    assert "Errno" not in answer["error"]
    assert answer["seconds"] == 0
    assert answer["cpu"] < CPU_SECONDS


def test_looking_refuses_what_decoding_refuses(answers):
    late = {n for n, a in answers.items() if a["error"] and "probe" not in a}
    assert late <= {"only-header.wav", "one-sample.wav"}, "those are seen only by decoding"
    assert not [n for n, a in answers.items() if "probe" in a and not a["error"]]


def test_nothing_was_fetched(answers, canary):
    assert len(answers) == len(GOOD) + len(WARNED) + len(BAD) + len(SPECIAL) + 1 >= 60
    assert canary[1] == []


def test_the_canary_can_sing(tmp_path):
    """Without our guard PyAV does fetch: what the test above fears is real."""
    came = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        path = tmp_path / "list.m3u8"
        path.write_text(M3U8.format(url=url))

        def answer():
            visitor, _ = listener.accept()
            came.append(visitor.recv(1_000))
            visitor.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
            visitor.close()

        watch = threading.Thread(target=answer)
        watch.start()
        with path.open("rb") as file, pytest.raises(av.error.FFmpegError):
            av.open(file, timeout=10)
        watch.join()
    assert came[0].startswith(b"GET /a.ts")


def test_the_cause_is_kept():
    with pytest.raises(Undecodable) as caught:
        decode.probe("/nowhere/a.wav", "a.wav")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
