"""Where somebody speaks: Silero's voice activity detection over levelled legs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from faster_whisper.vad import VadOptions, get_speech_timestamps

from voicectl.interfaces import RATE, Clip, TranscribeOptions
from voicectl_models import device, level, windows

NEAR_SECONDS = 1.0
"""Regions closer than this are one turn: the pause is part of the sentence."""
LONGEST_SECONDS = 28.0
"""A turn is not joined beyond this, so that it fits a window with room to spare."""

CLOSELY = VadOptions(
    threshold=0.3, min_speech_duration_ms=0, min_silence_duration_ms=100, speech_pad_ms=100
)


def find(clips: Sequence[Clip], options: TranscribeOptions) -> list[Clip]:
    """Return the clips levelled, each with the regions in which somebody speaks.

    Without voice activity detection the whole clip is one region.
    """
    threads = device.threads(options.threads, device.available_cores())
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda clip: _found(clip, options), clips))


def _found(clip: Clip, options: TranscribeOptions) -> Clip:
    samples = level.levelled(clip.samples)
    if not options.vad_filter:
        return replace(clip, samples=samples, speech=((0, len(samples)),))
    found = get_speech_timestamps(samples, vad_options(options))
    regions = [(region["start"], region["end"]) for region in found]
    longest = int(LONGEST_SECONDS * RATE)
    near = windows.join_near(regions, int(NEAR_SECONDS * RATE), longest)
    return replace(clip, samples=samples, speech=tuple(near))


def closely(clip: Clip) -> Clip:
    """Return the clip levelled, with its speech cut at every short pause.

    A recogniser wants whole sentences; who speaks changes in pauses of a tenth
    of a second, and a quiet 'yes' between two of them is somebody's turn.
    """
    samples = level.levelled(clip.samples)
    found = get_speech_timestamps(samples, CLOSELY)
    regions = tuple((region["start"], region["end"]) for region in found)
    return replace(clip, samples=samples, speech=regions)


def vad_options(options: TranscribeOptions) -> VadOptions:
    """Return our options in Silero's words."""
    return VadOptions(
        threshold=options.vad_threshold,
        min_speech_duration_ms=options.vad_min_speech_duration_ms,
        max_speech_duration_s=options.vad_max_speech_duration_s,
        min_silence_duration_ms=options.vad_min_silence_duration_ms,
    )
