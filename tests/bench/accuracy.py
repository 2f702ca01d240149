"""Word error rates of both models, beside plain faster-whisper.

voicectl is run as a user would, from the command line; what it flags as
suspect counts like everything else it writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from corpus import Call, Clip, calls, languages, prompts, some
from faster_whisper.audio import decode_audio
from house import House, house
from peers import Plain
from report import Section, arguments, models
from scoring import BY_CHARACTER, Score, score

PROMPTS = 150
CAREFUL, FAST = {"beam_size": 5}, {"beam_size": 1, "vad_filter": True}
"""faster-whisper's own defaults, and what is nearest to voicectl's."""
HEAD = ("", "words", "voicectl", "faster-whisper", "with beam 1 and VAD")
Row = tuple[str, ...]
Texts = tuple[str, str, str]
"""What voicectl, faster-whisper, and faster-whisper with beam 1 and VAD have heard."""


class Trial:
    """Those that are compared, with one set of weights."""

    def __init__(self, home: House, model: str) -> None:
        self.model = model
        self._home = home
        self._plain = Plain(models() / model)

    def clips(self, clips: Sequence[Clip]) -> list[Texts]:
        """Return what each hears in some clips of one language."""
        language = clips[0].language
        heard = self._ours([clip.path for clip in clips], language)
        return [
            (heard[clip.path.stem]["text"], *self._theirs(str(clip.path), language))
            for clip in clips
        ]

    def call(self, call: Call) -> tuple[Texts, Texts, Texts]:
        """Return what each hears on the left, on the right, and in the mix of a call."""
        heard = self._ours([call.stereo, call.mono], call.language)
        left, right = (
            (_on_channel(heard[call.stereo.stem], channel), *self._theirs(leg, call.language))
            for channel, leg in enumerate(decode_audio(str(call.stereo), split_stereo=True))
        )
        mixed = self._theirs(str(call.mono), call.language)
        return left, right, (heard[call.mono.stem]["text"], *mixed)

    def languages(self, clips: Sequence[Clip]) -> list[tuple[str, str]]:
        """Return which language voicectl and faster-whisper find in each clip."""
        heard = self._ours([clip.path for clip in clips], None)
        return [
            (heard[clip.path.stem]["language"], self._plain.hear(str(clip.path))[1])
            for clip in clips
        ]

    def _ours(self, recordings: Sequence[Any], language: str | None) -> dict[str, dict[str, Any]]:
        flags = ["--model", self.model, *(["--language", language] if language else [])]
        return self._home.transcribe(recordings, *flags)[1]

    def _theirs(self, recording: Any, language: str) -> tuple[str, str]:
        return (
            self._plain.hear(recording, language=language, **CAREFUL)[0],
            self._plain.hear(recording, language=language, **FAST)[0],
        )


def main() -> None:
    given = arguments(__doc__).parse_args()
    section = Section("accuracy", "Word error rates", also=("jiwer", "whisper-normalizer"))
    section.say(
        "In percent, over all words of a row, after whisper's normaliser. Languages are given "
        "unless the table is about finding them out. faster-whisper has its own defaults, which "
        "are those of whisper: beam 5, no VAD, conditioned on the text before; beside that it has "
        "what is nearest to voicectl's own: beam 1 and VAD."
    )
    count, most, others = (10, 1, 1) if given.quick else (PROMPTS, None, None)
    english, foreign = (
        [call for call in calls() if (call.language == "en") is wanted] for wanted in (True, False)
    )
    with house(models()) as home:
        tiny, base = Trial(home, "tiny.en"), Trial(home, "base")
        rows = [row for trial in (tiny, base) for row in on_english(trial, english, count)]
        section.table(HEAD, rows)
        section.table(HEAD, [row for call in foreign[:others] for row in on_call(base, call)])
        section.table((*HEAD, "language found: voicectl", "faster-whisper"),
                      list(on_languages(base, most)))  # fmt: skip
    section.publish(write=given.write)


def on_english(trial: Trial, some_calls: Sequence[Call], count: int) -> Iterator[Row]:
    """Yield the rows of English prompts and calls."""
    clips = some(prompts(), count)
    scores = _scores([clip.text for clip in clips], trial.clips(clips), "en")
    yield _row(f"{trial.model}: {len(clips)} prompts", scores)
    for call in some_calls:
        yield from on_call(trial, call)


def on_call(trial: Trial, call: Call) -> Iterator[Row]:
    """Yield the rows of each leg of a call, of both legs, and of the mix of both."""
    name = f"{trial.model}: {call.name}"
    left, right, mixed = trial.call(call)
    yield _row(f"{name}, left leg", _scores([call.legs[0]], [left], call.language))
    yield _row(f"{name}, right leg", _scores([call.legs[1]], [right], call.language))
    yield _row(f"{name}, both legs", _scores(call.legs, [left, right], call.language))
    yield _row(f"{name}, mono", _scores([call.text], [mixed], call.language))


def on_languages(trial: Trial, most: int | None) -> Iterator[Row]:
    """Yield the rows of read sentences: errors with the language given, and which is found."""
    found: list[tuple[bool, bool]] = []
    for language, clips in languages().items():
        scores = _scores([clip.text for clip in clips[:most]], trial.clips(clips[:most]), language)
        right = [(ours == language, theirs == language)
                 for ours, theirs in trial.languages(clips[:most])]  # fmt: skip
        unit = " (characters)" if language in BY_CHARACTER else ""
        yield (*_row(f"{trial.model}: {language}{unit}", scores), *_right(right))
        found += right
    yield ("all languages", "", "", "", "", *_right(found))


def _on_channel(record: dict[str, Any], channel: int) -> str:
    return " ".join(part["text"] for part in record["segments"] if part["channel"] == channel)


def _scores(said: Sequence[str], heard: Sequence[Texts], language: str) -> list[Score]:
    return [score(zip(said, texts, strict=True), language) for texts in zip(*heard, strict=True)]


def _row(what: str, scores: Sequence[Score]) -> Row:
    return what, str(scores[0].total), *(f"{each.error:.2f}" for each in scores)


def _right(found: Sequence[tuple[bool, bool]]) -> list[str]:
    return [f"{sum(column)} of {len(column)}" for column in zip(*found, strict=True)]


if __name__ == "__main__":
    main()
