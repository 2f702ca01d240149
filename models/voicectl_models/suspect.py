"""Signs that a recogniser invented what it wrote.

Text is flagged, never dropped: the reader sees it marked, the analysis skips
it. The thresholds are whisper's own; the loop check is for what its
compression ratio misses in short windows. The phrases are those that Whisper
is known to write into silence, because the subtitles it learned from end with
them; they count only where the recogniser itself was in doubt.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from voicectl import parse
from voicectl.interfaces import TranscribeOptions

LOOP = "loop"
SILENCE = "silence"
PHRASE = "phrase"

LOOP_REPEATS = 4
"""So many equal n-grams in a row are no speech."""
DOUBT_NO_SPEECH = 0.3
DOUBT_LOGPROB = -0.7
"""Beyond either a phrase of the list is not believed."""
LIKE_TOLD = 0.8
"""Ratio of `difflib` above which a word is taken for one that the recogniser was told."""
FASTEST_SPEECH = 12.0
"""Tokens a second; nobody speaks faster."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a stretch of text besides the text."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    language: str
    """Of the speech."""
    whole_turn: bool
    """True when the turn contains nothing else."""


def compression_ratio(text: str) -> float:
    """Return how well text compresses, as whisper counts it; repetition compresses well."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def judge(signs: Signs, options: TranscribeOptions) -> str | None:
    """Return why the text may be invented; None when nothing speaks for that."""
    if _loops(signs.text, options.compression_ratio_threshold):
        return LOOP
    silent, sure = options.no_speech_threshold, options.logprob_threshold
    unsure = sure is None or signs.avg_logprob < sure
    if silent is not None and signs.text.strip() and not _plain(signs.text):
        return SILENCE  # full stops and no word, of which it may be as sure as of speech
    if silent is not None and signs.no_speech_prob > silent and unsure:
        return SILENCE
    doubtful = signs.no_speech_prob > DOUBT_NO_SPEECH or signs.avg_logprob < DOUBT_LOGPROB
    if not (signs.whole_turn and doubtful):
        return None
    written = "en" if options.task == "translate" else signs.language
    known = _plain(signs.text) in phrases(written) or _only_told(signs.text, options)
    return PHRASE if known else None


def _only_told(text: str, options: TranscribeOptions) -> bool:
    """True when the text is nothing but words that the recogniser was told to listen for.

    In noise it hears what it was told, or nearly: "Kanjiru" for "Wanjiru".
    """
    told = set(_plain(" ".join((options.hotwords or "", *options.vocabulary))).split())
    return bool(told) and all(
        word in told or get_close_matches(word, told, n=1, cutoff=LIKE_TOLD)
        for word in set(_plain(text).split())
    )


def unbelievable(
    text: str, tokens: int, seconds: float, logprob: float, options: TranscribeOptions
) -> bool:
    """True when a window should be recognised again, with more care."""
    threshold = options.logprob_threshold
    return (
        _loops(text, options.compression_ratio_threshold)
        or tokens > 8 + FASTEST_SPEECH * seconds
        or (threshold is not None and logprob < threshold)
    )


def _loops(text: str, threshold: float | None) -> bool:
    if threshold is None:
        return False
    return compression_ratio(text) > threshold or longest_loop(text) >= LOOP_REPEATS


def longest_loop(text: str) -> int:
    """Return how often the most repeated n-gram of 2 to 6 words stands in a row."""
    words = _plain(text).split()
    longest = 1
    for size in range(2, 7):
        run = 0
        for word, earlier in zip(words[size:], words, strict=False):
            run = run + 1 if word == earlier else 0
            longest = max(longest, (run + size) // size)
    return longest


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


@cache
def phrases(language: str) -> frozenset[str]:
    """Return what Whisper writes into silence in a language, plain and in lower case."""
    table = parse.toml(
        files("voicectl_models").joinpath("phrases.toml").read_bytes(), dict[str, list[str]]
    )
    return frozenset(_plain(phrase) for phrase in table.get(language, []))
