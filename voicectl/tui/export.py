"""A conversation as a file, whether the call is over or not."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

from voicectl import registry
from voicectl.live import LiveCall, LiveTurn
from voicectl.render import Style, files
from voicectl.tui.conversation.said import of_record
from voicectl.tui.masks import Known
from voicectl.types import Audio, CallRecord, Segment, Transcript

FORMAT = "md"


def document(record: CallRecord) -> str:
    """Return what is known of a call, as `calls export -f md` writes it."""
    made: str = registry.load(registry.FORMATS, FORMAT)(record, Style())
    return made


def masked(record: CallRecord, known: Known) -> CallRecord:
    """Return a call as a screen shows it, with nothing beside the conversation."""
    if known.hidden or record.transcript is None:
        return record
    shown = known.conversation(of_record(record))
    segments = tuple(
        replace(segment, text=said.text, words=())
        for segment, said in zip(record.transcript.segments, shown, strict=True)
    )
    transcript = replace(record.transcript, segments=segments)
    bare = CallRecord(record.id, record.tenant, record.audio, record.created)
    return replace(bare, transcript=transcript)


def so_far(call: LiveCall, turns: tuple[LiveTurn, ...]) -> CallRecord:
    """Return a call in progress as a record: the turns that do not change any more."""
    said = [turn for turn in turns if turn.final]
    segments = (
        Segment(
            number,
            turn.start,
            turn.end,
            turn.text,
            speaker=turn.speaker,
            channel=turn.leg,
            language=turn.language,
            suspect=turn.suspect,
        )
        for number, turn in enumerate(said)
    )
    audio = Audio(call.recording, call.id, call.seconds, 0, len(call.legs), "", "")
    transcript = Transcript(tuple(segments), call.language, "while it went on")
    return CallRecord(call.id, call.tenant, audio, call.started, transcript)


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file that was not there before, and return it. Raises `VoicectlError`."""
    for number in count(1):
        stem = name if number == 1 else f"{name}-{number}"
        path = folder / f"{stem}.{FORMAT}"
        if not path.exists():
            files.write(path, text)
            return path
    raise AssertionError("one of all numbers is free")
