"""json: everything, as a superset of whisper's own; UTF-8, offsets in seconds.

What the recogniser did not say of a segment is null. `suspect` tells why a text
may be invented, or is null.
"""

from __future__ import annotations

from typing import Any

import msgspec

from voicectl.render import Style
from voicectl.render.plain import clean, segments
from voicectl.types import Audio, CallRecord, Segment, Word


def render(record: CallRecord, style: Style) -> str:
    """Return one object: whisper's keys first, then ours."""
    encoded = msgspec.json.encode(_clean(_call(record)))
    if style.pretty_json:
        encoded = msgspec.json.format(encoded, indent=2)
    return encoded.decode() + "\n"


def _call(record: CallRecord) -> dict[str, Any]:
    transcript = record.transcript
    return {
        "text": transcript.text if transcript else "",
        "language": transcript.language if transcript else None,
        "segments": [_segment(segment) for segment in segments(record)],
        "call": record.id,
        "model": transcript.model if transcript else None,
        "duration": record.audio.seconds,
        "direction": record.audio.direction,
        "agent": record.audio.agent,
        "caller": record.audio.caller,
        "audio": _audio(record.audio),
        "speech_seconds": transcript.speech_seconds if transcript else None,
        "skipped": [list(each) for each in transcript.skipped] if transcript else [],
        "rules": transcript.rules if transcript else None,
        "entities": msgspec.to_builtins(record.entities),
        "labels": msgspec.to_builtins(record.labels),
        "scores": msgspec.to_builtins(record.scores),
        "risks": msgspec.to_builtins(record.risks),
        "summary": msgspec.to_builtins(record.summary),
        "translation": _translation(record),
        "steps": [
            {
                "stage": done.stage,
                "runner": done.runner,
                "model": done.model,
                "unread": list(done.unread),
            }
            for done in record.done
        ],
    }


def _translation(record: CallRecord) -> dict[str, Any] | None:
    if record.translation is None:
        return None
    entities = msgspec.to_builtins(record.translated_entities)
    return {**msgspec.to_builtins(record.translation), "entities": entities}


def _audio(audio: Audio) -> dict[str, Any]:
    return {
        "name": audio.name,
        "sha256": audio.sha256,
        "rate": audio.rate,
        "channels": audio.channels,
        "codec": audio.codec,
        "warnings": list(audio.warnings),
    }


def _segment(segment: Segment) -> dict[str, Any]:
    said = segment.decoding
    return {
        "id": segment.id,
        "seek": said.seek if said else None,
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": said.tokens if said else (),
        "temperature": said.temperature if said else None,
        "avg_logprob": said.avg_logprob if said else None,
        "compression_ratio": said.compression_ratio if said else None,
        "no_speech_prob": said.no_speech_prob if said else None,
        "words": [_word(word) for word in segment.words],
        "speaker": segment.speaker,
        "speaker_confidence": segment.speaker_confidence,
        "channel": segment.channel,
        "language": segment.language,
        "language_probability": segment.language_probability,
        "confidence": segment.confidence,
        "suspect": segment.suspect,
        "original": segment.original,
    }


def _word(word: Word) -> dict[str, Any]:
    return {
        "word": word.text,
        "start": round(word.start, 3),
        "end": round(word.end, 3),
        "probability": word.probability,
    }


def _clean(value: Any) -> Any:
    """Return `value` with every text in it cleaned: a terminal obeys what json does not escape."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value
