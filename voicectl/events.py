"""What happens, as it is told to whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """Everything that can happen. Every start is followed by done, failed or cancelled.

    Calls in progress have values of `voicectl.live` as details: the `LiveCall` as it begins, ends
    and is escalated, a `LiveTurn` (without text it is taken back), and so on; or what changed.
    One that was not taken has no id, but `line`, `code` of SIP, and `reason`.
    """

    JOB_CREATED = "job.created"
    JOB_PLANNED = "job.planned"
    JOB_FINISHED = "job.finished"
    TASK_LOOKED_AT = "task.looked_at"
    TASK_STARTED = "task.started"
    TASK_PROGRESS = "task.progress"
    TASK_SEGMENT = "task.segment"
    TASK_REQUEUED = "task.requeued"
    TASK_DONE = "task.done"
    TASK_FAILED = "task.failed"
    TASK_CANCELLED = "task.cancelled"
    CALL_DELETED = "call.deleted"
    CALL_CONNECTED = "call.connected"
    CALL_PROGRESS = "call.progress"
    CALL_RINGING = "call.ringing"
    CALL_TRANSFER_REQUESTED = "call.transfer_requested"
    CALL_TRANSFERRED = "call.transferred"
    CALL_WARNING = "call.warning"
    CALL_ANALYSIS = "call.analysis"
    CALL_ALERT = "call.alert"
    CALL_MARKED = "call.marked"
    CALL_ESCALATED = "call.escalated"
    CALL_ENDED = "call.ended"
    CALL_FAILED = "call.failed"
    TRANSCRIPT_TURN = "transcript.turn"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, told to whoever listens."""

    kind: EventKind
    at: datetime
    tenant: str
    job: str | None = None
    task: str | None = None
    call: str | None = None
    detail: dict[str, Any] | None = None
