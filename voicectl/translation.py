"""What was written down in one language, in another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Protocol

import msgspec
from msgspec import Meta

from voicectl.runners import RunnerInfo
from voicectl.types import CallRecord, Segment

Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")]
"""ISO 639-1, or 639-3 where that has none."""


class TranslateOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the translate stage."""

    target: Language = "en"
    """The language to translate into."""
    backend: str = "auto"
    """A name of the group `voicectl.translators`; `speech`: from the recording itself, by the
    model that understands speech, to English only; `auto`: whoever can, text before speech."""
    model: str = "auto"
    """A folder with a model of the backend; for `speech` also a name of the catalogue; `auto`:
    what the backend brings."""
    languages: tuple[Language, ...] = ()
    """Only what was said in these is translated; empty means everything but the target."""
    threads: int = 0
    """0 takes every core this process may use."""


@dataclass(frozen=True, slots=True)
class Bundled:
    """Weights that come with a backend, for one pair of languages."""

    source: str
    target: str
    name: str
    folder: str
    sha256: str
    """Changes when the weights do."""


class Translator(Protocol):
    """Text to text."""

    info: ClassVar[RunnerInfo]
    model: str
    """Name of the loaded weights."""

    @classmethod
    def bundled(cls) -> tuple[Bundled, ...]:
        """Return what needs no folder; asking loads nothing."""

    def __init__(self, folder: str, name: str, options: TranslateOptions) -> None:
        """Load what is in `folder`. Raises `ModelMissing` when it cannot be loaded."""

    def knows(self, source: str, target: str) -> bool:
        """True when it translates between these languages."""

    def translate(
        self, texts: Sequence[str], source: str, target: str, heed: Callable[[float], None]
    ) -> tuple[str, ...]:
        """Return one text for each; a blank one stays blank.

        `heed` is called with the share that is done, 0 to 1, and raises when the work should stop.
        """


def told(record: CallRecord) -> tuple[Segment, ...]:
    """Return the segments of a call as its translation has them, with their own ids and times.

    One that was not translated is as it was said.
    """
    segments = record.transcript.segments if record.transcript else ()
    if record.translation is None:
        return segments
    language = record.translation.language
    texts = {each.segment: each for each in record.translation.segments}

    def in_it(segment: Segment) -> Segment:
        each = texts.get(segment.id)
        if each is None:
            return segment
        return replace(
            segment, text=each.text, language=language, suspect=each.suspect, words=(),
            confidence=None, language_probability=None, decoding=None, original=None,
        )  # fmt: skip

    return tuple(map(in_it, segments))
