"""Good recordings of every kind that comes to a helpline, and texts that point elsewhere."""

from __future__ import annotations

import io
import struct
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

CALL = Path(__file__).parents[1] / "data" / "call_en_0_mono.wav"
SECONDS = 3
RATE = 8_000

WRITTEN = {
    "pcm.wav": ("wav", "pcm_s16le", 8_000),
    "pcm24.wav": ("wav", "pcm_s24le", 48_000),
    "float.wav": ("wav", "pcm_f32le", 16_000),
    "mulaw.wav": ("wav", "pcm_mulaw", 8_000),
    "alaw.wav": ("wav", "pcm_alaw", 8_000),
    "ima.wav": ("wav", "adpcm_ima_wav", 8_000),
    "ms.wav": ("wav", "adpcm_ms", 8_000),
    "g726.wav": ("wav", "g726", 8_000),
    "call.w64": ("w64", "pcm_s16le", 8_000),
    "call.aiff": ("aiff", "pcm_s16be", 8_000),
    "call.au": ("au", "pcm_mulaw", 8_000),
    "call.caf": ("caf", "pcm_s16le", 8_000),
    "call.voc": ("voc", "pcm_s16le", 8_000),
    "call.flac": ("flac", "flac", 16_000),
    "call.mp3": ("mp3", "libmp3lame", 16_000),
    "opus.ogg": ("ogg", "libopus", 16_000),
    "vorbis.ogg": ("ogg", "vorbis", 16_000),
    "aac.m4a": ("ipod", "aac", 16_000),
    "alac.m4a": ("ipod", "alac", 16_000),
    "pcm.mov": ("mov", "pcm_s16be", 8_000),
    "call.aac": ("adts", "aac", 16_000),
    "call.amr": ("amr", "libopencore_amrnb", 8_000),
    "call.mka": ("matroska", "pcm_s16le", 8_000),
    "call.webm": ("webm", "libopus", 16_000),
    "call.wma": ("asf", "wmav2", 16_000),
    "call.avi": ("avi", "libmp3lame", 16_000),
    "call.flv": ("flv", "pcm_s16le", 11_025),
    "call.ts": ("mpegts", "mp2", 16_000),
    "call.mpg": ("mpeg", "mp2", 16_000),
    "call.ac3": ("ac3", "ac3", 32_000),
    "call.wv": ("wv", "wavpack", 16_000),
    "call.tta": ("tta", "tta", 16_000),
    "call.g722": ("g722", "g722", 16_000),
    "call.ulaw": ("mulaw", "pcm_mulaw", 8_000),
    "call.sln16": ("s16le", "pcm_s16le", 16_000),
}
"""Name -> ffmpeg's format and codec, and the rate in hertz."""

TOLD = (".wav", ".aiff", ".au", ".flac", ".mp3", ".tta", ".wv")
"""Formats whose header says how long the recording is, and lies before the audio."""

POINTERS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}/a.ts\n#EXT-X-ENDLIST\n",
    "list.wav": "ffconcat version 1.0\nfile {url}/a.wav\nfile '{url}/b.wav'\n",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio {port} RTP/AVP 0\n",
    "dash.mpd": '<?xml?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period>'
    "<BaseURL>{url}/x.mp4</BaseURL></Period></MPD>",
    "reference.mov": "RTSPtextRTSP://127.0.0.1:{port}\n",
    "list.asx": '<ASX version="3.0"><Entry><Ref href="{url}/a.wma"/></Entry></ASX>',
    "list.pls": "[playlist]\nFile1={url}/a.mp3\nNumberOfEntries=1\n",
}
"""What would fetch something, were it obeyed."""


def speech() -> np.ndarray:
    """Three seconds of a call: mono, 8,000 Hz, 16 bit."""
    return np.frombuffer(CALL.read_bytes()[44:], "<i2")[: SECONDS * RATE]


@cache
def good() -> dict[str, bytes]:
    """Recordings that everybody can play, by name."""
    found = {name: written(*how) for name, how in WRITTEN.items()}
    return found | {"wav49.wav": _wav49(), "call.gsm": _gsm(), "two.wav": _two()}


def written(form: str, codec: str, rate: int) -> bytes:
    """The same speech, as ffmpeg writes it."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        layout = "stereo" if codec == "vorbis" else "mono"  # ffmpeg's own writes nothing else
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, AudioStream)
        stream.codec_context.options = {"strict": "experimental"}
        if codec in ("g726", "wmav2"):
            stream.bit_rate = 32_000
        frame = av.AudioFrame.from_ndarray(speech()[None].copy(), "s16", "mono")
        frame.sample_rate = RATE
        taken = stream.codec_context.format.name
        swr = AudioResampler(taken, layout, rate)
        for each in (*swr.resample(frame), *swr.resample(None)):
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _gsm() -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (SECONDS * 50, 33), np.uint8)
    noise[:, 0] = 0xD0 | noise[:, 0] & 0x0F
    return noise.tobytes()


def _wav49() -> bytes:
    """Asterisk's: 65 bytes are two frames of GSM."""
    frames = np.random.default_rng(2).bytes(65 * 25 * SECONDS)
    form = struct.pack("<4sIHHIIHHHH", b"fmt ", 20, 0x31, 1, RATE, 1_625, 65, 0, 2, 320)
    body = form + struct.pack("<4sI", b"data", len(frames)) + frames
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WAVE") + body


def _two() -> bytes:
    """Two legs, as a PBX records a call."""
    whole = CALL.with_name("call_en_0_2ch_mulaw.wav").read_bytes()
    data = whole[whole.index(b"data") + 8 :][: SECONDS * RATE * 2]
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 7, 2, RATE, 2 * RATE, 2, 8)
    body = form + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WAVE") + body
