"""Which language is spoken where in a call, from a few windows of each leg.

Asking costs a pass of the encoder, so each leg is sampled first: windows of
10 s, spread over its speech. Where they agree, that is the language of the
leg. Only where they do not is every stretch of it asked, and a stretch leaves
the main language of its leg only when the recogniser is sure of another one.

Windows of 10 s find the language about as often as those of 30 s, at a fifth
of the cost; below 4 s of speech the answer is mostly a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from voicectl.interfaces import RATE, Clip, LanguageGuess, Region, TranscribeOptions

WINDOW_SECONDS = 10.0
EVERY_SECONDS = 30.0
"""A long leg is sampled about this often."""
LEAST_SECONDS = 4.0
"""Shorter turns are asked together with their neighbours."""
AT_ONCE = 32
"""Windows asked about before looking whether anybody still wants to know."""

Leg: TypeAlias = tuple[int, int | None]
"""Recording and channel."""
Chances: TypeAlias = Mapping[str, float]
"""Probability by language."""
Ask: TypeAlias = Callable[[Sequence[Clip]], Sequence[Chances]]
"""Returns the chances of each clip: `Transcriber.detect`."""


def leg_of(clip: Clip) -> Leg:
    """Return which leg of which recording a clip is of."""
    return clip.recording, clip.channel


def only(options: TranscribeOptions) -> str | None:
    """Return the language when there is nothing to find out."""
    return options.language or (options.languages[0] if len(options.languages) == 1 else None)


def spoken(
    clips: Sequence[Clip], options: TranscribeOptions, ask: Ask, before: Mapping[Leg, str]
) -> list[tuple[LanguageGuess, ...]]:
    """Return the language of every region of speech in every clip.

    `before` is what was spoken in earlier pieces of a leg.
    """
    legs = [_Sampled(clip, options) for clip in clips]
    for leg, chances in _answered([(leg, leg.samples()) for leg in legs], ask):
        leg.heard = chances
    calls = _by_call(legs)
    for leg in legs:
        leg.settle(before.get(leg_of(leg.clip)), calls[leg.clip.recording])
    mixed = [leg for leg in legs if not leg.agreed]
    for leg, chances in _answered([(leg, leg.stretches()) for leg in mixed], ask):
        leg.listen_again(chances)
    return [leg.guesses for leg in legs]


def _answered(
    asked: Sequence[tuple[_Sampled, list[Clip]]], ask: Ask
) -> Iterator[tuple[_Sampled, list[Chances]]]:
    """Yield the answers for each leg; all legs are asked about together."""
    windows = [window for _, several in asked for window in several]
    answers = [
        chances
        for first in range(0, len(windows), AT_ONCE)
        for chances in ask(windows[first : first + AT_ONCE])
    ]
    for leg, several in asked:
        yield leg, answers[: len(several)]
        del answers[: len(several)]


def _by_call(legs: Iterable[_Sampled]) -> dict[int, Chances]:
    """Return the chances of each recording as a whole."""
    windows: dict[int, list[Chances]] = defaultdict(list)
    for leg in legs:
        windows[leg.clip.recording] += leg.heard
    return {recording: together(several) for recording, several in windows.items()}


class _Sampled:
    """One clip of a leg, and what was found out about it."""

    def __init__(self, clip: Clip, options: TranscribeOptions) -> None:
        self.clip = clip
        self.heard: list[Chances] = []
        self.agreed = True
        self.guesses: tuple[LanguageGuess, ...] = ()
        self._options = options
        self._main = "en"

    def samples(self) -> list[Clip]:
        """Return windows spread over the speech."""
        parts = spread(self.clip.speech, self._options.language_detection_segments)
        return [_cut(self.clip, regions) for regions in parts]

    def stretches(self) -> list[Clip]:
        """Return a window of every stretch."""
        groups = stretches(self.clip.speech)
        return [_cut(self.clip, [self.clip.speech[turn] for turn in group]) for group in groups]

    def settle(self, before: str | None, call: Chances) -> None:
        """Decide on the main language, and whether the windows agree on it."""
        if not self.heard:
            return
        sure = self._options.language_detection_threshold
        chances = self._allowed(together(self.heard))
        best = most(chances)
        self._main = best.language
        if best.probability < sure:
            self._main = before or most(self._allowed(call)).language
        self.agreed = self._options.in_order or all(
            most(self._allowed(each)).language == self._main for each in self.heard
        )
        guess = LanguageGuess(self._main, chances.get(self._main, 0.0))
        self.guesses = (guess,) * len(self.clip.speech)

    def listen_again(self, heard: Sequence[Chances]) -> None:
        """Decide for each stretch by itself."""
        found = verdicts(
            [self._allowed(each) for each in heard],
            self._main,
            self._options.language_detection_threshold,
        )
        turns = dict(enumerate(self.guesses))
        for group, guess in zip(stretches(self.clip.speech), found, strict=True):
            turns |= dict.fromkeys(group, guess)
        self.guesses = tuple(turns.values())

    def _allowed(self, chances: Chances) -> dict[str, float]:
        return among(chances, self._options.languages)


def spread(speech: Sequence[Region], count: int) -> list[list[Region]]:
    """Return windows of 10 s of speech, evenly spread, as the regions in each.

    `count` of them, or one each half minute if that is more; fewer where there
    is not enough speech for that.
    """
    total = sum(end - start for start, end in speech)
    width = int(WINDOW_SECONDS * RATE)
    room = -(-total // width)
    wanted = min(room, max(count, round(total / RATE / EVERY_SECONDS)))
    if wanted <= 1:
        return [within(speech, 0, width)] if total else []
    step = (total - width) / (wanted - 1)
    starts = [round(number * step) for number in range(wanted)]
    return [within(speech, start, start + width) for start in starts]


def within(speech: Sequence[Region], first: int, last: int) -> list[Region]:
    """Return the regions between two samples of the speech, counted without the pauses."""
    found, seen = [], 0
    for start, end in speech:
        left, right = max(first - seen, 0), min(last - seen, end - start)
        if left < right:
            found.append((start + left, start + right))
        seen += end - start
    return found


def stretches(speech: Sequence[Region]) -> list[list[int]]:
    """Return the turns, by number, grouped so that each group is long enough to be asked about."""
    groups: list[list[int]] = []
    length = LEAST_SECONDS * RATE
    for turn, (start, end) in enumerate(speech):
        if length < LEAST_SECONDS * RATE:
            groups[-1].append(turn)
            length += end - start
        else:
            groups.append([turn])
            length = end - start
    if length < LEAST_SECONDS * RATE and len(groups) > 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return groups


def verdicts(heard: Sequence[Chances], main: str, sure: float) -> list[LanguageGuess]:
    """Return the language of each stretch in turn.

    It is another one than before, or than the main one, only where that is sure.
    """
    found: list[LanguageGuess] = []
    for chances in heard:
        guess = most(chances)
        if guess.language != main and guess.probability < sure:
            kept = {main, found[-1].language if found else main}
            guess = most({language: chances.get(language, 0.0) for language in sorted(kept)})
        found.append(guess)
    return found


def together(heard: Sequence[Chances]) -> dict[str, float]:
    """Return the mean chances of several windows."""
    sums: dict[str, float] = defaultdict(float)
    for chances in heard:
        for language, probability in chances.items():
            sums[language] += probability / len(heard)
    return dict(sums)


def among(chances: Chances, allowed: Sequence[str]) -> dict[str, float]:
    """Return the chances when only the allowed languages, if any are named, can be spoken."""
    left = {
        language: probability
        for language, probability in chances.items()
        if not allowed or language in allowed
    }
    whole = sum(left.values())
    if not allowed:
        return left
    if not whole:
        return dict.fromkeys(allowed, 1 / len(allowed))
    return {language: probability / whole for language, probability in left.items()}


def most(chances: Chances) -> LanguageGuess:
    """Return the most likely language; the first of equals."""
    if not chances:
        return LanguageGuess("en", 0.0)
    language = max(chances, key=lambda each: chances[each])
    return LanguageGuess(language, chances[language])


def _cut(clip: Clip, regions: Sequence[Region]) -> Clip:
    """Return a clip with at most a window of the speech in some of its regions."""
    return replace(clip, speech=tuple(within(regions, 0, int(WINDOW_SECONDS * RATE))))


@dataclass(frozen=True, slots=True)
class Said:
    """A part of a clip that is in one language."""

    clip: Clip
    """With the speech in that language only."""
    guesses: tuple[LanguageGuess, ...] = ()
    """One for each region; empty when the language was given."""

    def probability(self, seconds: float) -> float | None:
        """Return how sure the language is at a time on the clock of the recording."""
        if not self.guesses:
            return None
        sample = (seconds - self.clip.offset) * RATE

        def distance(turn: int) -> float:
            start, end = self.clip.speech[turn]
            return max(start - sample, sample - end, 0.0)

        nearest = min(range(len(self.guesses)), key=distance)
        return round(self.guesses[nearest].probability, 4)


def apart(clip: Clip, guesses: Sequence[LanguageGuess]) -> dict[str, Said]:
    """Return the parts of a clip by their languages."""
    turns: dict[str, list[tuple[Region, LanguageGuess]]] = defaultdict(list)
    for region, guess in zip(clip.speech, guesses, strict=True):
        turns[guess.language].append((region, guess))
    return {
        language: Said(
            replace(clip, speech=tuple(region for region, _ in several)),
            tuple(guess for _, guess in several),
        )
        for language, several in turns.items()
    }
