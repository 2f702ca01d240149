"""What daemons said: the events of a real call, and calls of which every word is written here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from voicectl import parse
from voicectl.events import Event, EventKind
from voicectl.live import (
    AlertKind,
    CallState,
    LineStatus,
    LiveAlert,
    LiveAnalysis,
    LiveCall,
    LiveEntity,
    LiveLabel,
    LiveRisk,
    LiveTranslation,
    LiveTurn,
    Moment,
)
from voicectl.marks import Mark, MarkKind
from voicectl.results import Hit
from voicectl.tui import recorded
from voicectl.tui.recorded import Recorded
from voicectl.types import (
    Audio,
    CallRecord,
    Done,
    Job,
    Outputs,
    Problem,
    Segment,
    Status,
    Task,
    TaskState,
    Transcript,
    WorkerStatus,
)
from voicectl.understanding import Entity, Label, Risk, Sentence, Summary

REAL = Path(__file__).parent / "data" / "one_call.jsonl"
NOW = datetime(2026, 11, 21, 17, 30, 28, 600_000, UTC)
"""Between two hearings of the second turn of the real call."""
LEGS = ("caller", "agent")
TRICKS = "\x1b[31mred\x1b]0;owned\x07 \u202egpj.\u2066x\x9b2J [bold]loud[/] \r\n line"


def now() -> datetime:
    return NOW


def real(until: datetime = NOW) -> tuple[Event, ...]:
    """The events of the real call, up to a moment."""
    return tuple(event for event in recorded.events(REAL) if event.at <= until)


STATUS = Status(
    version="0.1.0",
    pid=4711,
    home="/var/lib/voicectl",
    on_demand=False,
    uptime=93_784.0,
    workers=(
        WorkerStatus(4720, "working", "t1", ("base", "tiny.en"), 383_000_000),
        WorkerStatus(None, "off", None, (), 0),
    ),
    queued=3,
    running=1,
    calls=1292,
    disk_free=36_000_000_000,
    disk_used=53_000_000,
    memory=148_000_000,
    schedule="nightly",
    due=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
)
LINES = [LineStatus("pbx", "127.0.0.1", 8301), LineStatus("annex", "", 0, "address in use")]


def job(id_: str, state: str, command: str, **counts: int) -> Job:
    return Job(id_, "default", "helpline", NOW - timedelta(hours=1), state, sum(counts.values()),
               counts, 71.2 * sum(counts.values()), 0, Outputs(), command)  # fmt: skip


JOBS = [
    job("c5j5xahmz5", "running", "after the call 5ktb4x13h5", running=1, queued=2),
    job("jcf1nc7wkg", "finished", "voicectl run helpline ./calls", done=127, failed=1),
]
TASKS = [
    Task("t1", "c5j5xahmz5", "default", 0, "/srv/a.wav", "20261121-173017-pbx.wav",
         TaskState.RUNNING, seconds=71.2, done_seconds=30.0),
    Task("t2", "c5j5xahmz5", "default", 1, "/srv/b.wav", "20261121-173018-pbx.wav",
         TaskState.FAILED, seconds=3.0,
         error=Problem("undecodable", "no audio can be read from it")),
]  # fmt: skip


def call(number: int = 0, **more: Any) -> LiveCall:
    """A call with both legs, in the third minute."""
    made = LiveCall(
        id=f"{number}anyysxr80",
        tenant="default",
        line="pbx",
        state=CallState.CONVERSING,
        started=NOW - timedelta(seconds=153 - 7 * number),
        channel=f"1768629478.{110 + number}",
        legs=LEGS,
        seconds=150.0,
        levels=(0.3, 0.004),
        language="sw",
    )
    return replace(made, **more)


CONVERSATION = (
    (0, 0.4, "Hello, is this the helpline?"),
    (1, 2.9, "Yes it is. You can talk to me, nobody else hears us. What is your name?"),
    (0, 8.2, "My name is Amina, I am calling from Kisumu. My uncle has a knife and he says he will "
             "come back tonight."),
    (1, 17.6, "I hear you, Amina. Are you in a safe place at this moment?"),
    (0, 22.3, "I am at my aunt's, the number here is 0712 345 678."),
)  # fmt: skip


def turns(last: str = "I will stay on the line with") -> list[LiveTurn]:
    said = [
        LiveTurn(f"{leg}-{at}", leg, start, start + 2, text, final=True, speaker=LEGS[leg])
        for at, (leg, start, text) in enumerate(CONVERSATION)
    ]
    return [*said, LiveTurn("1-9", 1, 27.1, 29.0, last, final=False, speaker=LEGS[1])]


def events(call: LiveCall, said: Iterable[LiveTurn] = ()) -> list[Event]:
    """What a late listener is told of a call."""
    told = [_event(EventKind.CALL_CONNECTED, call, asdict(call))]
    told += [_event(EventKind.TRANSCRIPT_TURN, call, asdict(turn)) for turn in said]
    return told


def _event(kind: EventKind, call: LiveCall, detail: dict[str, Any]) -> Event:
    # As it comes over the wire: numbers, text, lists.
    event = Event(kind, NOW, call.tenant, call=call.id, detail=detail)
    return parse.json(msgspec.json.encode(event), Event)


def record(id_: str) -> CallRecord:
    """The same call as a recipe understood it afterwards."""
    segments = tuple(
        Segment(at, start, start + 2, text, speaker=LEGS[leg], channel=leg, language="en")
        for at, (leg, start, text) in enumerate(CONVERSATION)
    )

    def found(label: str, text: str, segment: int) -> Entity:
        start = segments[segment].text.index(text)
        return Entity(label, text, segment, start, start + len(text), 0.9)

    knife = segments[2].text.index("knife")
    return CallRecord(
        id_,
        "default",
        Audio("/srv/a.wav", "a.wav", 71.2, 8000, 2, "pcm_s16le", "00"),
        NOW,
        Transcript(segments, "en", "base"),
        (Done("transcribe", "faster-whisper", "base", NOW, 4.0, "00"),),
        (found("NAME", "Amina", 2), found("PLACE", "Kisumu", 2), found("PHONE", "0712 345 678", 4)),
        (Label("Helpline", "violence at home", 0.82, (2,)), Label("Helpline", "threats", 0.61, ())),
        (),
        (Risk("weapon", "knife", 2, knife, knife + 5, "en"),),
        Summary((Sentence("My uncle has a knife and he says he will come back tonight.", (2,)),
                 Sentence("I am at my aunt's.", (4,))), "extractive"),
    )  # fmt: skip


def analysis(turns: Sequence[LiveTurn]) -> LiveAnalysis:
    """What was found in the conversation so far; the first name was heard otherwise then."""

    def place(at: int, words: str) -> tuple[str, str, int, int]:
        start = turns[at].text.index(words)
        return words, turns[at].id, start, start + len(words)

    name, where, number = place(2, "Amina"), place(2, "Kisumu"), place(4, "0712 345 678")
    return LiveAnalysis(
        26.0,
        5,
        entities=(
            LiveEntity("NAME", *name, 0.9),
            LiveEntity("PLACE", *where, 0.9),
            LiveEntity("PHONE", *number, 0.9),
            LiveEntity("NAME", "Emma", turns[3].id, 0, 4, 0.9),
        ),
        labels=(LiveLabel("Helpline", "violence at home", 0.82, (turns[2].id,)),),
        risks=(LiveRisk("weapon", *place(2, "knife")),),
        translation=(LiveTranslation(turns[0].id, "sw", "Habari, hii ni simu ya msaada?"),),
        history=(Moment(6.0, None, 0.0), Moment(26.0, "violence at home", 0.82)),
    )


ALERT = LiveAlert(AlertKind.URGENT, "urgent words were said: weapon", 17.0, "0-2", "knife")


def analysed(call: LiveCall) -> list[Event]:
    """A call in progress that was read, and of which somebody should know."""
    said = turns()
    told = events(replace(call, category="violence at home", urgent=("weapon",)), said)
    told.append(_event(EventKind.CALL_ALERT, call, asdict(ALERT)))
    return [*told, _event(EventKind.CALL_ANALYSIS, call, asdict(analysis(said)))]


def marked(call: LiveCall, note: str = "call back before six") -> Event:
    """Three marks of two people."""
    marks = (
        Mark("m1", call.id, NOW, "anna", MarkKind.FLAG),
        Mark("m2", call.id, NOW, "ben", MarkKind.ESCALATION, "in danger now"),
        Mark("m3", call.id, NOW, "anna", MarkKind.NOTE, note),
    )
    kinds = [mark.kind for mark in marks]
    told = {"marked": kinds, "marks": [asdict(mark) for mark in marks]}
    return _event(EventKind.CALL_MARKED, call, told)


def ten() -> list[Event]:
    """Ten calls, each in another state."""
    late = {2: 4.2, 5: 38.0}
    states = {3: CallState.RINGING, 6: CallState.ON_HOLD, 7: CallState.TRANSFERRING}
    told: list[Event] = []
    for number in range(8):
        told += events(
            call(number, lag=late.get(number, 0.0), state=states.get(number, CallState.CONVERSING),
                 language=("sw", "en", "fr")[number % 3], levels=(0.5 / 4**number, 0.03),
                 warnings=("the peer sends 16000 samples a second, not 8000",) * (number == 0)),
            turns() if number == 0 else (),
        )  # fmt: skip
    over = call(8, state=CallState.ENDED, reason="hangup", ended=NOW, told=True, job="jcf1nc7wkg")
    broken = call(9, state=CallState.ERROR, reason="the service was interrupted", ended=NOW)
    return [*told, *events(over, turns()), *events(broken)]


def house(told: Sequence[Event], **more: Any) -> Recorded:
    """A daemon of which that is known."""
    given: dict[str, Any] = {"line_states": LINES[:1], "job_list": JOBS, "task_list": TASKS}
    return Recorded(tuple(told), STATUS, **{"answers_at": NOW, **given, **more})


def hits() -> list[Hit]:
    return [
        Hit("c2mt2pr3z59s", "a.wav", 2, 8.2, 10.2, "caller", CONVERSATION[2][2]),
        Hit("c2mt2pr3z59t", "b.wav", 4, 22.3, 24.3, "caller", "no knife here, I am only tired"),
    ]
