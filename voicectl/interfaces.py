"""What can be replaced: one small protocol for each task, one for stages.

A backend is a class in one file that keeps one of these promises and is named
by an entry point of the group that `voicectl.registry` lists. Nothing here
imports a model library; samples are NumPy arrays but only for the type checker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias

import msgspec

from voicectl.types import CallRecord, Event, Job, RunnerInfo, Segment, Transcript

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples: TypeAlias = NDArray[np.float32]
    """Mono, 16,000 Hz, -1 to 1, shape (n,)."""

RATE = 16_000
"""Hertz, of all samples inside voicectl."""


class TranscribeOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the transcribe stage, under whisper's own names where whisper has one."""

    model: str = "auto"
    """A name of the catalogue, a folder, or `auto`: the best for the language."""
    language: str | None = None
    languages: tuple[str, ...] = ()
    """The languages that may be detected; empty allows all."""
    task: Literal["transcribe", "translate"] = "transcribe"
    channels: Literal["auto", "split", "mix"] = "auto"
    channel_names: tuple[str, ...] = ()
    """Speakers of the channels, from the left."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    device_index: int = 0
    compute_type: str = "auto"
    threads: int = 0
    """0 takes every core this process may use."""
    batch_size: int = 8
    temperature: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    beam_size: int = 5
    best_of: int = 5
    patience: float = 1.0
    length_penalty: float = 1.0
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    suppress_tokens: tuple[int, ...] = (-1,)
    initial_prompt: str | None = None
    hotwords: str | None = None
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

    @classmethod
    def without_effect(cls) -> frozenset[str]:
        """Names of the options that change speed but never text, times or speakers."""
        return frozenset({"threads", "batch_size", "device_index"})


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of one leg, ready for a recogniser."""

    samples: Samples
    offset: float
    """Where it starts, in seconds on the clock of the recording."""


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """A language and how sure the recogniser is of it."""

    language: str
    probability: float


class Transcriber(Protocol):
    """Speech to text."""

    info: ClassVar[RunnerInfo]

    def __init__(self, folder: str, options: TranscribeOptions) -> None:
        """Load the weights in `folder`. Raises `ModelMissing` when they cannot be loaded."""

    def transcribe(
        self, clip: Clip, options: TranscribeOptions, language: str | None
    ) -> Iterator[Segment]:
        """Yield the segments of `clip` as they are found, on the clock of the recording."""

    def detect(self, clips: Sequence[Clip], options: TranscribeOptions) -> LanguageGuess:
        """Return the language of most of the speech in `clips`."""


class Tools(Protocol):
    """What a stage is lent while it runs."""

    def runner(self, group: str, name: str, model: str, options: Any) -> Any:
        """Return a loaded backend of `group`, kept warm between recordings."""

    def segment(self, segment: Segment) -> None:
        """Tell listeners of a segment at once; the result does not depend on it."""

    def progress(self, seconds: float) -> None:
        """Tell how much of the recording has been worked through.

        Raises `Cancelled` when somebody asked for this work to stop.
        """


class Stage(Protocol):
    """One step of a recipe: a record goes in, a richer record comes out."""

    name: ClassVar[str]
    options: ClassVar[type[msgspec.Struct]]
    """What the recipe may say; a frozen Struct that refuses unknown fields."""
    needs: ClassVar[tuple[str, ...]]
    """Fields of the record that an earlier step must have filled."""

    def weights(self, options: Any) -> tuple[str, ...]:
        """Return the SHA-256 of every file of weights the step may use.

        Raises `ModelMissing` when one is not on this machine.
        """

    def run(self, record: CallRecord, options: Any, tools: Tools) -> tuple[CallRecord, str]:
        """Return the richer record and the name of the model that did it."""


Render = Callable[[CallRecord, Any], str]
"""A format: a whole file as text from a record and a `voicectl.render.Style`."""

__all__ = [
    "RATE",
    "CallRecord",
    "Clip",
    "Event",
    "Job",
    "LanguageGuess",
    "Render",
    "Stage",
    "Tools",
    "TranscribeOptions",
    "Transcriber",
    "Transcript",
]
