"""Turns of a call in progress as the stages of recipes read them, and what they found, as told."""

from __future__ import annotations

from collections.abc import Sequence

from voicectl.live import (
    LiveAnalysis,
    LiveEntity,
    LiveLabel,
    LiveRisk,
    LiveTranslation,
    LiveTurn,
    LiveView,
    Moment,
)
from voicectl.types import Audio, CallRecord, Segment, Transcript
from voicectl_recipes.load import Plan

SHOWN = frozenset({"translation", "translated_entities", "entities", "labels", "risks"})
"""Fields of a record that are told while a call goes on: quality and summary need all of it."""
READ = SHOWN | {"audio", "transcript"}
MODEL = "turns of a call in progress"


def steps(plan: Plan) -> Plan:
    """Return the steps of a recipe that can be taken while a call goes on.

    Masking is none of them: it is for what is kept.
    """
    return tuple(step for step in plan if step.stage.fills <= SHOWN and step.stage.reads <= READ)


def readable(turns: Sequence[LiveTurn]) -> tuple[LiveTurn, ...]:
    """Return the turns that are over, and that somebody has probably said."""
    return tuple(turn for turn in turns if turn.final and turn.text.strip() and not turn.suspect)


def record(view: LiveView, turns: Sequence[LiveTurn]) -> CallRecord:
    """Return a record of what was said so far; segments have the places of the turns as ids."""
    call = view.call
    segments = tuple(
        Segment(
            id=place,
            start=turn.start,
            end=turn.end,
            text=turn.text,
            speaker=turn.speaker,
            channel=turn.leg,
            language=turn.language,
        )
        for place, turn in enumerate(turns)
    )
    # No step may read the recording: it still grows, and has no digest.
    audio = Audio("", call.id, call.seconds, 0, len(call.legs), "", "")
    transcript = Transcript(segments, call.language, MODEL)
    return CallRecord(call.id, call.tenant, audio, call.started, transcript)


def analysis(
    found: CallRecord, turns: Sequence[LiveTurn], before: LiveAnalysis | None, unable: Sequence[str]
) -> LiveAnalysis:
    """Return what is told of a record; `before` is what was told last."""
    ids = [turn.id for turn in turns]
    labels = tuple(
        LiveLabel(each.scheme, each.name, each.score, tuple(ids[at] for at in each.evidence))
        for each in found.labels
    )
    seconds = max((turn.end for turn in turns), default=0.0)
    return LiveAnalysis(
        seconds=seconds,
        turns=len(turns),
        entities=tuple(
            LiveEntity(each.label, each.text, ids[each.segment], each.start, each.end, each.score)
            for each in found.entities
        ),
        labels=labels,
        risks=risks(found, ids),
        translation=()
        if found.translation is None
        else tuple(
            LiveTranslation(ids[each.segment], found.translation.language, each.text)
            for each in found.translation.segments
        ),
        history=_moved(before.history if before else (), seconds, labels),
        unable=tuple(unable),
    )


def risks(found: CallRecord, ids: Sequence[str]) -> tuple[LiveRisk, ...]:
    """Return the urgent words of a record whose segments are the turns with these ids."""
    return tuple(
        LiveRisk(each.kind, each.text, ids[each.segment], each.start, each.end)
        for each in found.risks
    )


def _moved(
    history: tuple[Moment, ...], seconds: float, labels: Sequence[LiveLabel]
) -> tuple[Moment, ...]:
    now = Moment(seconds, None, 0.0)
    if labels:
        now = Moment(seconds, labels[0].name, labels[0].score)
    last = history[-1] if history else Moment(0.0, None, 0.0)
    same = (last.category, last.score) == (now.category, now.score)
    return history if same else (*history, now)
