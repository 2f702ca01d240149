"""What can be replaced: one small protocol for each task, one for stages.

A backend is a class in one file that keeps one of these promises and is named
by an entry point of the group that `voicectl.registry` lists. Nothing here
imports a model library; samples are NumPy arrays but only for the type checker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol, TypeAlias

import msgspec
from msgspec import Meta

from voicectl.embedding import Embedder, EmbedOptions
from voicectl.generation import LanguageModel, ModelOptions
from voicectl.recognition import EntityOptions, Recognizer
from voicectl.rules import Rule
from voicectl.runners import RunnerInfo
from voicectl.translation import TranslateOptions, Translator
from voicectl.types import Audio, CallRecord, Part, Segment
from voicectl.wishes import Wish as Wish

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples: TypeAlias = NDArray[np.float32]
    """Mono, 16,000 Hz, -1 to 1, shape (n,)."""

ChannelsWish: TypeAlias = Literal["auto", "split", "mix"]
"""How to treat several channels: find out, each a leg, or all in one."""

Speakers: TypeAlias = Annotated[int, Meta(ge=1, le=20)]
"""How many people are heard."""

RATE = 16_000
"""Hertz, of all samples inside voicectl."""


class TranscribeOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the transcribe stage, under whisper's own names where whisper has one."""

    model: str = "auto"
    """A name of the catalogue, a folder, or `auto`: the best for the language."""
    language: str | None = None
    languages: tuple[str, ...] = ()
    """The languages that may be detected; empty allows all."""
    language_detection_threshold: Annotated[float, Meta(ge=0, le=1)] = 0.6
    """A stretch of a leg is taken for another language than the rest only above this."""
    language_detection_segments: Annotated[int, Meta(ge=1)] = 4
    """At least so many windows of each leg are asked about; fewer where there is less speech."""
    task: Literal["transcribe", "translate"] = "transcribe"
    channels: ChannelsWish = "auto"
    channel_names: tuple[str, ...] = ()
    """Speakers of the channels, from the left."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    device_index: int = 0
    compute_type: str = "auto"
    threads: int = 0
    """0 takes every core this process may use."""
    batch_size: int = 8
    piece_seconds: Annotated[float, Meta(ge=1.0)] = 300.0
    """About how much of a recording is worked on at a time. What was heard is kept after each
    piece; more also takes more memory."""
    temperature: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    beam_size: int | None = None
    """None follows five hypotheses, and one in English where the recogniser is sure."""
    best_of: int = 5
    patience: float = 1.0
    length_penalty: float = 1.0
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    suppress_tokens: tuple[int, ...] = (-1,)
    initial_prompt: str | None = None
    hotwords: str | None = None
    vocabulary: tuple[str, ...] = ()
    """Terms to listen for, after the hotwords; as many from the first on as the model can take."""
    replacements: tuple[Rule, ...] = ()
    """Applied in order to what was recognised."""
    prefix: str | None = None
    condition_on_previous_text: bool = False
    compression_ratio_threshold: float | None = 2.4
    logprob_threshold: float | None = -1.0
    no_speech_threshold: float | None = 0.6
    hallucination_silence_threshold: float | None = None
    vad_filter: bool = True
    vad_threshold: float = 0.5
    vad_min_speech_duration_ms: int = 0
    vad_max_speech_duration_s: float = 28.0
    vad_min_silence_duration_ms: int = 500

    @property
    def in_order(self) -> bool:
        """True when speech must be recognised in the order of time, one leg after the other."""
        return (
            self.condition_on_previous_text
            or not self.vad_filter
            or self.hallucination_silence_threshold is not None
        )


PARTIES = 2
"""How many speakers a call has at most when nobody says otherwise."""


class DiarizeOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the diarize stage."""

    backend: str = "dvector"
    """A name of the group `voicectl.diarizers`."""
    model: str = "auto"
    """A name of the catalogue, a folder, or `auto`: what the backend brings."""
    num_speakers: Speakers | None = None
    min_speakers: Speakers | None = None
    max_speakers: Speakers | None = None
    speaker_name: tuple[str, ...] = ()
    """One is put in place of `SPEAKER` in `SPEAKER_00`; several are given out in order of
    first appearance."""
    threads: int = 0
    """0 takes every core this process may use."""

    def __post_init__(self) -> None:
        """Refuse numbers that contradict each other."""
        if self.num_speakers is not None and (self.min_speakers or self.max_speakers):
            raise ValueError("num_speakers says it all: leave min_speakers and max_speakers away")
        if self.min_speakers and self.max_speakers and self.max_speakers < self.min_speakers:
            raise ValueError(
                f"max_speakers ({self.max_speakers}) is less than min_speakers "
                f"({self.min_speakers})"
            )

    @property
    def bounds(self) -> tuple[int, int]:
        """The fewest and the most speakers there may be."""
        if self.num_speakers is not None:
            return self.num_speakers, self.num_speakers
        fewest = self.min_speakers or 1
        return fewest, self.max_speakers or max(PARTIES, fewest)


Region: TypeAlias = tuple[int, int]
"""First sample, and the sample after the last."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of one leg, ready for a recogniser."""

    samples: Samples
    offset: float
    """Where it starts, in seconds on the clock of the recording."""
    channel: int | None = None
    """None when the channels were mixed or there is but one."""
    recording: int = 0
    """Which of several recordings it belongs to."""
    group: int = 0
    """Clips of equal number may be recognised in one window."""
    speech: tuple[Region, ...] = ()
    """Where somebody speaks; empty before anybody looked, or when nobody does."""

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.samples) / RATE

    @property
    def speech_seconds(self) -> float:
        """How much of it is speech."""
        return sum(end - start for start, end in self.speech) / RATE


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a recording with all its legs, cut where nobody speaks."""

    offset: float
    seconds: float
    clips: tuple[Clip, ...]
    """One for each leg that is not silent."""
    more: bool = False
    """True when another piece follows."""

    @property
    def end(self) -> float:
        """Where the next one begins."""
        return self.offset + self.seconds


class Recording(Protocol):
    """A recording that is read piece by piece, so that ten hours fit in memory."""

    legs: Mapping[str, Any]
    """How its channels were understood; known with the first piece."""
    warnings: Sequence[str]
    """What was wrong with it and did not stop us; complete after the last piece."""
    seconds: float
    """Length as decoded so far."""

    def pieces(
        self, begin: float = 0.0, understood: Mapping[str, Any] | None = None
    ) -> Iterator[Piece]:
        """Yield the recording in order, on from the piece that begins at `begin`.

        They are the same pieces whether those before them are asked for or not.
        `understood` is what `legs` was then. Raises `Undecodable`.
        """


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """A language and how sure the recogniser is of it."""

    language: str
    probability: float


Heed: TypeAlias = Callable[[float], None]
"""Called by long work now and then with the share that is done, 0 to 1.

Raises `Cancelled` when the work should stop.
"""


class Transcriber(Protocol):
    """Speech to text."""

    info: ClassVar[RunnerInfo]
    model: str
    """Name of the loaded weights."""

    def __init__(self, folder: str, name: str, options: TranscribeOptions) -> None:
        """Load the weights in `folder`. Raises `ModelMissing` when they cannot be loaded."""

    @classmethod
    def load_key(cls, options: TranscribeOptions) -> tuple[str, ...]:
        """Return what of the options decides how weights are loaded."""

    def transcribe(
        self,
        clips: Sequence[Clip],
        options: TranscribeOptions,
        language: str | None,
        heed: Heed,
    ) -> Iterator[tuple[int, Segment]]:
        """Yield `(index of the clip, segment)` on the clock of the recording.

        Only the regions in `Clip.speech` are listened to. The segments of a clip
        come in order of time. See `Heed`.
        """

    def detect(
        self, clips: Sequence[Clip], options: TranscribeOptions
    ) -> Sequence[Mapping[str, float]]:
        """Return how likely each language is in each clip, from half a minute of its speech.

        A recogniser of one language says that language.
        """


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch in which one voice speaks."""

    start: float
    end: float
    speaker: int
    """Counts from 0 in the order in which voices appear."""
    confidence: float
    """0 to 1."""


HeedSeconds: TypeAlias = Callable[[float], None]
"""As `Heed`, called with the seconds of the recording that are worked through."""


class Diarizer(Protocol):
    """Who speaks when, on one leg."""

    info: ClassVar[RunnerInfo]
    model: str
    """Name of the loaded weights."""

    def __init__(self, folder: str, name: str, options: DiarizeOptions) -> None:
        """Load what is in `folder`. Raises `ModelMissing` when it cannot be loaded."""

    def diarize(
        self, clips: Iterable[Clip], options: DiarizeOptions, heed: HeedSeconds
    ) -> tuple[Turn, ...]:
        """Return the turns of a leg in order of their start, on the clock of the recording.

        `clips` are its pieces in order, to be taken one at a time. The number of
        speakers keeps to `DiarizeOptions.bounds`, unless there is too little
        speech for the fewest. Turns may overlap where two speak at once.
        """


class Tools(Protocol):
    """What a stage is lent while it runs."""

    def recording(self, audio: Audio, channels: ChannelsWish, piece_seconds: float) -> Recording:
        """Open a recording, to be read in pieces of about so many seconds."""

    def speech(self, clips: Sequence[Clip], options: TranscribeOptions) -> list[Clip]:
        """Return the clips levelled, with the regions in which somebody speaks."""

    def transcriber(self, options: TranscribeOptions, language: str | None) -> Transcriber:
        """Return a loaded recogniser for the language, kept warm between recordings.

        Without a language it is one that can find the language out.
        """

    def diarizer(self, options: DiarizeOptions) -> Diarizer:
        """Return a loaded diarizer, kept warm between recordings."""

    def embedder(self, options: EmbedOptions) -> Embedder:
        """Return a loaded embedder, kept warm between recordings."""

    def recognizer(self, options: EntityOptions) -> Recognizer:
        """Return a loaded recogniser of names and numbers, kept warm between recordings."""

    def language_model(self, options: ModelOptions) -> LanguageModel:
        """Return a language model, kept warm between recordings."""

    def translator(self, options: TranslateOptions, source: str) -> Translator | None:
        """Return a loaded translator of text; None where speech has to be translated instead."""

    def segment(self, record: int, segment: Segment) -> None:
        """Tell listeners of a segment at once; the result does not depend on it."""

    def progress(self, record: int, seconds: float) -> None:
        """Tell how much of a recording has been worked through."""

    def heed(self) -> None:
        """Raise `Cancelled` when somebody asked for this work to stop."""

    def keep(self, record: int, part: Part) -> None:
        """Keep what a stage has of a record so far, on from the part kept before."""

    def kept(self, record: int) -> Sequence[Part]:
        """Return the parts that were kept of a record when its work was broken off, in order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step made of one record."""

    index: int
    """Which of the records it was given."""
    record: CallRecord | None = None
    """Richer than before; None when the step failed."""
    error: Exception | None = None
    """A `VoicectlError`, unless nobody foresaw it."""
    runner: str = ""
    model: str = ""
    earlier: float = 0.0
    """Seconds that were spent on the record before its work was broken off."""
    unread: tuple[int, ...] = ()
    """As in `Done`."""
    original: bytes | None = None
    """The record as it was before, where that is to be kept: sealed, see `voicectl.sealing`."""


class Stage(Protocol):
    """One step of a recipe: records go in, richer records come out.

    Several come at once so that a stage may work on them together; one that
    fails must not take the others along.
    """

    name: ClassVar[str]
    options: ClassVar[type[msgspec.Struct]]
    """What a recipe may say; a frozen Struct that refuses unknown fields."""
    idle_options: ClassVar[frozenset[str]]
    """Names of the options that change speed but never the result."""
    fills: ClassVar[frozenset[str]]
    """Fields of `CallRecord` that it makes or changes, so that one can go back to the step."""
    reads: ClassVar[frozenset[str]]
    """Fields of `CallRecord` that it looks at: it comes after the steps that fill them and is not
    taken when one of those fails; all others go on."""

    def wishes(self, options: Any) -> tuple[Wish, ...]:
        """Return the models the step may use."""

    def run(self, records: Sequence[CallRecord], options: Any, tools: Tools) -> Iterator[Outcome]:
        """Yield one outcome for each record, in any order, as they are ready."""


Render = Callable[[CallRecord, Any], str]
"""A format: a whole file as text from a record and a `voicectl.render.Style`."""
