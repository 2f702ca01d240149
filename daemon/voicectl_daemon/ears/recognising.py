"""Turns of calls in progress to text, with the recogniser of the step `transcribe`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from voicectl.interfaces import Clip, TranscribeOptions
from voicectl.lines import Live
from voicectl.live import LiveTurn
from voicectl.types import Segment
from voicectl_daemon.ears.followed import Followed
from voicectl_daemon.ears.leg import Spoken
from voicectl_models import level
from voicectl_models.pool import Pool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A turn that is to be recognised."""

    call: Followed
    leg: int
    spoken: Spoken

    @property
    def age(self) -> float:
        """Seconds of sound that have come since it ended."""
        return self.call.now - self.spoken.end


class Recogniser:
    """Owns the models."""

    def __init__(self, models: Path, live: Live) -> None:
        self._pool = Pool(models)
        self._options = TranscribeOptions(
            model=live.model, language=live.language, languages=live.languages
        )
        self._quick = msgspec.structs.replace(self._options, beam_size=1, temperature=(0.0,))
        self.allowed = (live.language,) if live.language else live.languages

    def warm(self) -> str:
        """Load what will be needed first, and return its name. Raises `ModelMissing`."""
        language = self.allowed[0] if len(self.allowed) == 1 else None
        return self._pool.transcriber(self._options, language).model

    def finals(self, over: Sequence[Waiting]) -> list[LiveTurn]:
        """Return turns that are over, of several calls at once, in the same order.

        A window of the recogniser holds turns of one call only: no word of one call
        can turn up in another.
        """
        self._learn([each for each in over if each.call.tongue.open])
        return self._turns(over, self._options, final=True)

    def partial(self, each: Waiting) -> LiveTurn:
        """Return a turn that is still being spoken: quickly, and not for keeps."""
        (turn,) = self._turns([each], self._quick, final=False)
        return turn

    def _learn(self, over: Sequence[Waiting]) -> None:
        """Find out which language is spoken."""
        if not over:
            return
        clips = [_clip(each, 0) for each in over]
        asked = self._pool.transcriber(self._options, None)
        for each, clip, chances in zip(
            over, clips, asked.detect(clips, self._options), strict=True
        ):
            each.call.tongue.learn(chances, clip.seconds)

    def _turns(
        self, over: Sequence[Waiting], options: TranscribeOptions, *, final: bool
    ) -> list[LiveTurn]:
        found: list[list[Segment]] = [[] for _ in over]
        spoken = [each.call.tongue.language for each in over]
        for language in dict.fromkeys(spoken):
            places = [place for place, each in enumerate(spoken) if each == language]
            calls = list(dict.fromkeys(over[place].call.id for place in places))
            clips = [_clip(over[place], calls.index(over[place].call.id)) for place in places]
            model = self._pool.transcriber(options, language)
            for clip, segment in model.transcribe(clips, options, language, _go_on):
                found[places[clip]].append(segment)
        return [_turn(each, told, final=final) for each, told in zip(over, found, strict=True)]


def _turn(each: Waiting, found: Sequence[Segment], *, final: bool) -> LiveTurn:
    return LiveTurn(
        id=f"{each.leg}-{each.spoken.number}",
        leg=each.leg,
        start=round(each.spoken.start, 3),
        end=round(each.spoken.end, 3),
        text=" ".join(segment.text.strip() for segment in found),
        final=final,
        language=each.call.tongue.language,
        suspect=_suspect(found),
        speaker=each.call.speakers[each.leg],
    )


def _clip(each: Waiting, number: int) -> Clip:
    samples = level.levelled(each.spoken.samples)
    whole = ((0, len(samples)),)
    return Clip(samples, each.spoken.start, each.leg, recording=number, group=number, speech=whole)


def _suspect(found: Sequence[Segment]) -> str | None:
    """Return why a part of the turn may be invented: nobody can hear live which part it was."""
    return next((segment.suspect for segment in found if segment.suspect), None)


def _go_on(_share: float) -> None:
    """Whoever listens live does not call single turns off."""
