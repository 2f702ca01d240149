"""What the daemon and its children say to each other, one message at a time.

A child is a separate process that runs native code on behalf of the daemon.
See `child` for how a message travels.
"""

from __future__ import annotations

from multiprocessing.connection import Connection
from typing import TypeAlias

import msgspec

from voicectl import parse
from voicectl.types import Audio, CallRecord, Problem, Segment
from voicectl_daemon import child

NICE = 10
"""Of a worker beside calls in progress."""


class Look(msgspec.Struct, tag=True, frozen=True):
    """Say what kind of recording this is."""

    path: str
    name: str


class Run(msgspec.Struct, tag=True, frozen=True):
    """Run a checked recipe over one recording, or over several short ones together."""

    order: str
    steps: bytes
    tasks: tuple[str, ...]
    records: tuple[CallRecord, ...]
    """One for each task; the steps it has been stamped with are not taken again."""
    kept: tuple[msgspec.Raw, ...]
    """For each task the list of `voicectl.types.Part` from when its work was broken off."""
    marks: tuple[tuple[str, ...], ...]
    """With which the steps of each record are stamped."""
    lost: tuple[dict[str, Problem], ...]
    """For each task the steps that are not to be taken, and why."""


class Embed(msgspec.Struct, tag=True, frozen=True):
    """Return the vectors of what is said in some calls."""

    calls: tuple[tuple[str, ...], ...]
    """Texts of segments."""


class Echo(msgspec.Struct, tag=True, frozen=True):
    """Say a word, after what was ordered before."""

    word: str


class Stop(msgspec.Struct, tag=True, frozen=True):
    """Give up the order you are at."""

    order: str


class Looked(msgspec.Struct, tag=True, frozen=True):
    """What kind of recording it is."""

    audio: Audio


class Echoed(msgspec.Struct, tag=True, frozen=True):
    """The word that was to be said."""

    word: str


class Begun(msgspec.Struct, tag=True, frozen=True):
    """A step of the recipe is taken now, for some of the recordings."""

    number: int
    tasks: tuple[str, ...]


class Meant(msgspec.Struct, frozen=True):
    """One call as vectors."""

    vectors: bytes
    """One after the other, a signed byte a dimension; their length means nothing."""
    centre: bytes
    """Their middle, 4 bytes a dimension; empty without any."""


class Embedded(msgspec.Struct, tag=True, frozen=True):
    """The vectors that were asked for."""

    calls: tuple[Meant, ...]


class Heard(msgspec.Struct, tag=True, frozen=True):
    """A segment, before the call is done."""

    task: str
    segment: Segment


class Progress(msgspec.Struct, tag=True, frozen=True):
    """How much of a recording has been worked through; without a task only a sign of life."""

    seconds: float
    task: str | None = None


class Kept(msgspec.Struct, tag=True, frozen=True):
    """What was heard in a stretch of a recording, to be kept until the whole is done."""

    task: str
    part: msgspec.Raw
    """A `voicectl.types.Part`; the daemon only files it."""


class Alive(msgspec.Struct, tag=True, frozen=True):
    """The child's own state, told every few seconds."""

    memory: int
    models: tuple[str, ...]


class Finished(msgspec.Struct, tag=True, frozen=True):
    """A step of the recipe is done for one recording."""

    task: str
    record: CallRecord
    whole: bool
    """True when no step is left."""
    original: bytes | None = None
    """What one of the steps has masked, sealed."""


class Ended(msgspec.Struct, tag=True, frozen=True):
    """The order is done: of every task it was said what became of it."""


class Failed(msgspec.Struct, tag=True, frozen=True):
    """It did not work; the child is fine."""

    code: str
    text: str
    hint: str
    task: str | None = None
    """None when the whole order failed."""
    number: int = 0
    """Which step of the recipe it was."""
    without: tuple[str, ...] = ()
    """All steps that were not taken for the task."""


Order: TypeAlias = Look | Run | Embed | Echo | Stop
Report: TypeAlias = (
    Looked | Embedded | Echoed | Begun | Heard | Progress | Kept | Alive | Finished | Failed | Ended
)

_orders: parse.Decoder[Order] = parse.decoder(Order)
_reports: parse.Decoder[Report] = parse.decoder(Report)


def read_order(line: Connection) -> Order:
    """Return the next order. Raises `EOFError` when the daemon is gone."""
    return _orders.decode(line.recv_bytes())


def send(line: Connection, message: Order | Report) -> None:
    """Send one message whole."""
    line.send_bytes(msgspec.json.encode(message))


class Child(child.Child[Order, Report]):
    """A worker."""

    def __init__(self, models_folder: str, *, yields: bool = False) -> None:
        """Start it; one that `yields` gives way to all that is heard as it is spoken.

        Raises `WorkerDied` when the system has no room for another process.
        """
        nice = NICE if yields else 0
        super().__init__("voicectl_daemon.worker", _reports, [models_folder, str(nice)])
