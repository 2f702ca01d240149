"""Rows of the store as the values that travel through voicectl, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from voicectl import parse
from voicectl.translated import Translation
from voicectl.types import Audio, CallRecord, Decoding, Done, Segment, Transcript, Word
from voicectl.understanding import Entity, Label, Risk, Score, Summary
from voicectl_daemon import nameless

MEANING: dict[str, Any] = {
    "entities": tuple[Entity, ...],
    "labels": tuple[Label, ...],
    "scores": tuple[Score, ...],
    "risks": tuple[Risk, ...],
    "summary": Summary | None,
    "translation": Translation | None,
    "translated_entities": tuple[Entity, ...],
}
"""Fields of a record that are columns of the same name, and what is in them."""

SEGMENT_SHAPE = """[{"id":"INTEGER","start":"DOUBLE","end":"DOUBLE","text":"VARCHAR",
"speaker":"VARCHAR","channel":"INTEGER","language":"VARCHAR","confidence":"DOUBLE",
"suspect":"VARCHAR","words":[{"start":"DOUBLE","end":"DOUBLE","text":"VARCHAR",
"probability":"DOUBLE"}],"decoding":{"seek":"INTEGER","tokens":["INTEGER"],"temperature":"DOUBLE",
"avg_logprob":"DOUBLE","compression_ratio":"DOUBLE","no_speech_prob":"DOUBLE"},
"language_probability":"DOUBLE","speaker_confidence":"DOUBLE","original":"VARCHAR"}]"""
OWNED_SHAPE = (
    f'[{{"key":"VARCHAR","call":"VARCHAR","tenant":"VARCHAR","segments":{SEGMENT_SHAPE}}}]'
)
HEAD_SHAPE = """[{"key":"VARCHAR","call":"VARCHAR","tenant":"VARCHAR","whole":"BOOLEAN",
"job":"VARCHAR","task":"VARCHAR","language":"VARCHAR","language_probability":"DOUBLE",
"model":"VARCHAR","speech_seconds":"DOUBLE","rules":"VARCHAR",
"done":[{"stage":"VARCHAR","runner":"VARCHAR","model":"VARCHAR","at":"TIMESTAMP",
"seconds":"DOUBLE","recipe_hash":"VARCHAR","unread":["INTEGER"]}],"skipped":[{"start":"DOUBLE","end":"DOUBLE"}],
"entities":[{"label":"VARCHAR","text":"VARCHAR","segment":"INTEGER","start":"INTEGER",
"end":"INTEGER","score":"DOUBLE"}],
"labels":[{"scheme":"VARCHAR","name":"VARCHAR","score":"DOUBLE","evidence":["INTEGER"]}],
"scores":[{"form":"VARCHAR","name":"VARCHAR","verdict":"VARCHAR","evidence":["INTEGER"]}],
"risks":[{"kind":"VARCHAR","text":"VARCHAR","segment":"INTEGER","start":"INTEGER",
"end":"INTEGER","language":"VARCHAR"}],
"summary":{"sentences":[{"text":"VARCHAR","evidence":["INTEGER"],"unsupported":["VARCHAR"]}],
"model":"VARCHAR","unsupported":"INTEGER"},
"translation":{"language":"VARCHAR","segments":[{"segment":"INTEGER","text":"VARCHAR",
"suspect":"VARCHAR"}],"runner":"VARCHAR","model":"VARCHAR"},
"translated_entities":[{"label":"VARCHAR","text":"VARCHAR","segment":"INTEGER",
"start":"INTEGER","end":"INTEGER","score":"DOUBLE"}]}]"""
"""Of a result, all but its segments."""


def head_of(record: CallRecord, transcript: Transcript) -> dict[str, Any]:
    """Return what is kept of a result beside its segments, but for its key."""
    return {
        "call": record.id,
        "tenant": record.tenant,
        "task": transcript.task,
        "language": transcript.language,
        "language_probability": transcript.language_probability,
        "model": transcript.model,
        "speech_seconds": transcript.speech_seconds,
        "rules": transcript.rules,
        "done": record.done,
        "skipped": [{"start": start, "end": end} for start, end in transcript.skipped],
    } | {name: getattr(record, name) for name in MEANING}


def records_of(
    wanted: Sequence[tuple[str, str | None]],
    heads: Sequence[dict[str, Any]],
    told: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
) -> list[CallRecord | None]:
    """Return calls with the transcript that has their key, else the latest; None for no such.

    Given the rows of calls, transcripts and, in order, segments that were found for them.
    """
    calls = {head["id"]: head for head in heads}
    transcripts = {(each["call"], each["key"]): each for each in told}
    transcripts |= {(each["call"], None): each for each in told if each["latest"]}
    segments: dict[str, list[dict[str, Any]]] = {each["key"]: [] for each in told}
    for row in rows:
        segments[row["key"]].append(row)

    def find(call: str, key: str | None) -> CallRecord | None:
        result = transcripts.get((call, key))
        if call not in calls or (key is not None and result is None):
            return None
        return _record(calls[call], result, segments[result["key"]] if result else ())

    return [find(call, key) for call, key in wanted]


def _record(
    head: dict[str, Any], told: dict[str, Any] | None, rows: Sequence[dict[str, Any]]
) -> CallRecord:
    """Return a call with one of its transcripts."""
    facts = {name: head[name] for name in Audio.__dataclass_fields__}
    lists = {name: tuple(head[name] or ()) for name in ("warnings", "channel_names")}
    facts["path"] = nameless.shown_path(head["path"], head["name"])
    audio = Audio(**facts | lists)
    created = head["created"].replace(tzinfo=UTC)
    if told is None:
        return CallRecord(head["id"], head["tenant"], audio, created)
    transcript = Transcript(
        segments=tuple(segment_of(row) for row in rows),
        language=told["language"],
        model=told["model"],
        task=told["task"],
        language_probability=told["language_probability"],
        speech_seconds=told["speech_seconds"],
        skipped=tuple((each["start"], each["end"]) for each in told["skipped"] or ()),
        rules=told["rules"],
    )
    done = done_of(told["done"])
    # In results of older versions there is nothing, not even an empty list.
    meaning = {
        name: parse.plain(_known(told[name]), kind)
        for name, kind in MEANING.items()
        if told[name] is not None
    }
    return CallRecord(head["id"], head["tenant"], audio, created, transcript, done, **meaning)


def _known(found: Any) -> Any:
    """Return what was kept without what is not known of it: older versions had fewer fields."""
    if isinstance(found, dict):
        return {name: _known(value) for name, value in found.items() if value is not None}
    return [_known(each) for each in found] if isinstance(found, list) else found


def done_of(steps: Sequence[dict[str, Any]]) -> tuple[Done, ...]:
    """Return which steps were taken."""
    return tuple(
        Done(**step | {"at": step["at"].replace(tzinfo=UTC), "unread": tuple(step["unread"] or ())})
        for step in steps or ()
    )


def segment_of(row: dict[str, Any]) -> Segment:
    """Return one segment."""
    fields = {name: row[name] for name in Segment.__dataclass_fields__}
    decoding = fields.pop("decoding")
    words = tuple(Word(**word) for word in fields.pop("words") or ())
    if decoding is not None:
        decoding = Decoding(**decoding | {"tokens": tuple(decoding["tokens"])})
    return Segment(**fields, words=words, decoding=decoding)


def plain(value: Any) -> Any:
    """Return what a query found as JSON can carry it: numbers as numbers, the rest as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):  # bool is one too
        return value if abs(value) < 2**63 else str(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(plain(name)): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)
