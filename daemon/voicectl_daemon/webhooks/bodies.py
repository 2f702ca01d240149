"""What webhooks are told of an event: ids, times, kinds, numbers and names of categories.

Words of a call, its channel and the name of its recording are left out; where a site wants
them, numbers in them are masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import PurePath
from typing import Any

import msgspec

from voicectl.events import Event, EventKind
from voicectl_daemon.nameless import masked_name

PING = "webhook.ping"


def body_of(event: Event, call: str | None, *, words: bool) -> bytes:
    """Return an event of a kind in `KINDS` as JSON.

    `call` is the call in progress that it is about, if it is known.
    """
    detail = event.detail or {}
    told: dict[str, Any] = {"tenant": event.tenant, "call": call}
    return _encoded(event.kind, event.at, told | KINDS[event.kind](event, detail, words))


def ping(hook: str, at: datetime) -> bytes:
    """Return what a webhook is sent to try it."""
    return _encoded(PING, at, {"webhook": hook})


def _encoded(kind: str, at: datetime, data: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"type": kind, "timestamp": at, "data": data})


def _of_call(_event: Event, detail: dict[str, Any], words: bool) -> dict[str, Any]:
    """Return how a call stands: the detail is a `LiveCall`."""
    names = ("line", "state", "started", "ended", "seconds", "language", "category", "urgent")
    told = {name: detail.get(name) for name in names}
    told["legs"] = len(detail.get("legs", ()))
    if words:
        told["channel"] = masked_name(str(detail.get("channel", "")))
        told["recording"] = masked_name(PurePath(str(detail.get("recording", ""))).name)
    return told


def _of_alert(_event: Event, detail: dict[str, Any], words: bool) -> dict[str, Any]:
    told = {name: detail.get(name) for name in ("kind", "text", "seconds", "turn")}
    if words:
        told["said"] = masked_name(str(detail.get("said", "")))
    return told


def _of_escalation(event: Event, detail: dict[str, Any], words: bool) -> dict[str, Any]:
    """Return how a call stands, and who found that others should know; the note stays here."""
    return _of_call(event, detail, words) | {name: detail.get(name) for name in ("mark", "who")}


def _of_analysis(_event: Event, detail: dict[str, Any], _words: bool) -> dict[str, Any]:
    return {
        "seconds": detail.get("seconds"),
        "turns": detail.get("turns"),
        "labels": [
            {name: label[name] for name in ("scheme", "name", "score")}
            for label in detail.get("labels", ())
        ],
        "history": detail.get("history", ()),
        "entities": Counter(entity["label"] for entity in detail.get("entities", ())),
        "urgent": Counter(risk["kind"] for risk in detail.get("risks", ())),
    }


def _of_failure(_event: Event, detail: dict[str, Any], _words: bool) -> dict[str, Any]:
    return {name: detail.get(name) for name in ("line", "code", "reason")}


def _of_job(event: Event, detail: dict[str, Any], _words: bool) -> dict[str, Any]:
    return {"job": event.job, "counts": detail}


KINDS: dict[EventKind, Callable[[Event, dict[str, Any], bool], dict[str, Any]]] = {
    EventKind.CALL_CONNECTED: _of_call,
    EventKind.CALL_ENDED: _of_call,
    EventKind.CALL_FAILED: _of_failure,
    EventKind.CALL_ALERT: _of_alert,
    EventKind.CALL_ESCALATED: _of_escalation,
    EventKind.CALL_ANALYSIS: _of_analysis,
    EventKind.JOB_FINISHED: _of_job,
}
"""Everything that can be asked for; see `voicectl.webhook.HAPPENINGS`."""
