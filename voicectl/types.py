"""The values that travel through voicectl, from a recording to its record.

All are frozen. Offsets are seconds on the clock of the recording; times carry a zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from voicectl.translated import Translation
from voicectl.understanding import Entity, Label, Risk, Score, Summary

DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording on disk; never its samples."""

    path: str
    """Where the recording lies, absolute."""
    name: str
    """What people call it: the file name as the user gave it."""
    seconds: float
    """Length, as decoded where it has been decoded, else as declared."""
    rate: int
    """Hertz, of the recording itself."""
    channels: int
    codec: str
    sha256: str
    """Of the content, in hexadecimal."""
    warnings: tuple[str, ...] = ()
    """What is wrong with the recording but did not stop it, one sentence each."""
    direction: str | None = None
    """`inbound` or `outbound`; this and the rest is what the site's config finds in the name."""
    agent: str | None = None
    caller: str | None = None
    channel_names: tuple[str, ...] = ()
    """Speakers of the channels from the left."""


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word."""

    start: float
    end: float
    text: str
    """With the white space that precedes it, as the recogniser gave it."""
    probability: float
    """0 to 1, as the recogniser sees it."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """What the recogniser said of a segment, in whisper's own terms."""

    seek: int
    """Start of the window, in frames of 10 ms."""
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech by one speaker."""

    id: int
    """Counts from 0 in the order of time; unique inside a transcript."""
    start: float
    end: float
    text: str
    speaker: str | None = None
    """A name or `SPEAKER_00`; None when nobody told speakers apart."""
    channel: int | None = None
    """0 is left; None when the channels were mixed."""
    language: str | None = None
    """ISO 639-1."""
    confidence: float | None = None
    """0 to 1: mean probability of the words."""
    words: tuple[Word, ...] = ()
    suspect: str | None = None
    """Why the text may be invented (`loop`, `silence`, …); None when it is not suspected."""
    decoding: Decoding | None = None
    language_probability: float | None = None
    """0 to 1, of the turn or of its leg; None when the language was given."""
    speaker_confidence: float | None = None
    """0 to 1: is it this speaker? None unless voices were told apart."""
    original: str | None = None
    """The text as it was recognised, where replacement rules changed it."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said, in one language; a translation is another transcript."""

    segments: tuple[Segment, ...]
    language: str | None
    """Of the text; ISO 639-1. The language of most of the speech when several were spoken."""
    model: str
    task: str = "transcribe"
    """`transcribe`, or `translate` when the text is English for other speech."""
    language_probability: float | None = None
    speech_seconds: float | None = None
    """How much of the recording was taken for speech, summed over the legs."""
    skipped: tuple[tuple[float, float], ...] = ()
    """Starts and ends of stretches of 2 s and more in which nobody was taken to speak."""
    rules: str | None = None
    """SHA-256 of the replacement rules that were applied; None without rules."""

    @property
    def text(self) -> str:
        """The whole text on one line."""
        return " ".join(segment.text.strip() for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Done:
    """Who wrote a part of the record, when, with what."""

    stage: str
    runner: str
    model: str
    at: datetime
    seconds: float
    """How long the step took."""
    recipe_hash: str
    unread: tuple[int, ...] = ()
    """Ids of segments in a language that the step does not understand."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """Everything known about one call."""

    id: str
    tenant: str
    audio: Audio
    created: datetime
    """When voicectl first saw it."""
    transcript: Transcript | None = None
    done: tuple[Done, ...] = ()
    """The steps of the recipe that were taken, in order."""
    entities: tuple[Entity, ...] = ()
    labels: tuple[Label, ...] = ()
    """The surest first."""
    scores: tuple[Score, ...] = ()
    risks: tuple[Risk, ...] = ()
    summary: Summary | None = None
    translation: Translation | None = None
    translated_entities: tuple[Entity, ...] = ()
    """Found in the translation: their places are in its text."""


@dataclass(frozen=True, slots=True)
class Part:
    """What was heard in a stretch of a recording, kept until the whole is done."""

    begin: float
    end: float
    """The stretch, in seconds on the clock of the recording."""
    segments: tuple[Segment, ...]
    spent: float
    """Seconds of work up to `end`."""
    memory: dict[str, Any]
    """What the stage has to know to go on from `end`; as JSON can say it."""


class TaskState(StrEnum):
    """Where a task stands; the last five are final."""

    NEW = "new"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    """A step failed; what those before it found is kept."""
    FAILED = "failed"
    DEAD = "dead"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """True when nothing more will happen by itself."""
        return self not in (TaskState.NEW, TaskState.QUEUED, TaskState.RUNNING)

    @property
    def good(self) -> bool:
        """True when the recording's whole result is in the store."""
        return self is TaskState.DONE

    @property
    def kept(self) -> bool:
        """True when what the steps found, all of them or the first, is in the store."""
        return self in (TaskState.DONE, TaskState.PARTIAL)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a task failed, in the form in which errors travel."""

    code: str
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One recording of a job."""

    id: str
    job: str
    tenant: str
    seq: int
    """Place in the job, from 0."""
    path: str
    name: str
    state: TaskState
    key: str | None = None
    """Equal keys give equal results; set when the content is known."""
    call: str | None = None
    """The call that holds the result; set when the content is known."""
    seconds: float | None = None
    """Length of the recording; None before it was looked at."""
    done_seconds: float = 0.0
    """How much of the recording has been worked through."""
    skipped: bool = False
    """True when an earlier result was used."""
    attempts: int = 0
    error: Problem | None = None


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files that the asking command wants to write; the daemon only remembers them."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    folder: str = ""
    """Absolute; empty when no file is wanted."""
    formats: tuple[str, ...] = ()
    options: dict[str, Any] | None = None
    """What the writers take: see `voicectl.render.Style`."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one command or request asked for."""

    id: str
    tenant: str
    recipe: str
    created: datetime
    state: str
    """`planning`, `running` or `finished`."""
    tasks: int
    counts: dict[str, int]
    """How many tasks are in which state."""
    seconds: float
    """Audio in all tasks that were looked at."""
    skipped: int
    outputs: Outputs
    command: str
    """What the user typed, to be shown again."""
    notes: tuple[str, ...] = ()
    """What the user must know before it is done; told once, when the job is handed in."""


@dataclass(frozen=True, slots=True)
class Source:
    """One recording that a client asks for."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    path: str
    """Absolute; or `upload:ID` for what came through the door."""
    name: str
    """What people call it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client wants done."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    sources: tuple[Source, ...]
    recipe: str = "transcribe"
    """The name of one; with `written` only what it is called."""
    written: str | None = None
    """A recipe of the client's own, in TOML."""
    options: dict[str, dict[str, Any]] | None = None
    """Options of the steps, by the name of the stage; they win over the recipe's."""
    outputs: Outputs = Outputs()
    force: bool = False
    """Do it again even when it is done."""
    fail_fast: bool = False
    """Cancel what is left when one recording fails."""
    command: str = ""


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One process that owns models."""

    pid: int | None
    """None while it is not started."""
    state: str
    """`idle`, `working` or `off`."""
    task: str | None
    models: tuple[str, ...]
    memory: int
    """Resident bytes."""
    lets_go: float | None = None
    """Seconds until it lets its models go when nothing comes; None when it works or keeps them."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the daemon can do what it is there for."""

    state: str
    """`ok`, `degraded`: something does not work and the rest does, or `failed`."""
    reasons: tuple[str, ...] = ()
    """One sentence each."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the daemon is."""

    version: str
    pid: int
    home: str
    on_demand: bool
    uptime: float
    """Seconds."""
    workers: tuple[WorkerStatus, ...]
    queued: int
    running: int
    calls: int
    disk_free: int
    """Bytes, where the data folder lies."""
    disk_used: int
    """Bytes of the ledger and the store."""
    memory: int
    """Resident bytes of the daemon itself."""
    schedule: str | None = None
    """Which is due next; None where this daemon keeps to none."""
    due: datetime | None = None
    """When that is."""
    health: Health = Health("ok")
