"""Calls in progress: which there are, what was said so far, and what is said now."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, StreamingResponse

from voicectl.errors import VoicectlError
from voicectl.events import Event, EventKind
from voicectl.live import LineStatus, LiveCall, LiveView
from voicectl_daemon.api import events
from voicectl_daemon.api.stream import MEDIA, Stream
from voicectl_daemon.parts import House, Parts, Tenant

router = APIRouter(prefix="/v1", tags=["live"])

_LIVE = frozenset(
    (
        EventKind.CALL_CONNECTED,
        EventKind.CALL_PROGRESS,
        EventKind.CALL_RINGING,
        EventKind.CALL_TRANSFER_REQUESTED,
        EventKind.CALL_TRANSFERRED,
        EventKind.CALL_WARNING,
        EventKind.CALL_ANALYSIS,
        EventKind.CALL_ALERT,
        EventKind.CALL_MARKED,
        EventKind.CALL_ESCALATED,
        EventKind.CALL_ENDED,
        EventKind.CALL_FAILED,
        EventKind.TRANSCRIPT_TURN,
    )
)


@router.get("/live")
def live(
    house: House, tenant: Tenant, *, ended: bool = Query(False, description="those just over, too")
) -> list[LiveCall]:
    """Return the calls in progress, the oldest first."""
    return house.switchboard.calls.all(tenant, ended=ended)


@router.get("/lines")
def lines(house: House) -> list[LineStatus]:
    """Return where calls are taken, or why they are not."""
    return house.switchboard.lines()


@router.get(
    "/live/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {MEDIA: {}}, "description": "Events as JSON, each behind `data:`"}},
)
async def stream(
    house: House,
    tenant: Tenant,
    call: str | None = Query(None, description="only what happens in this one"),
) -> Stream:
    """Send the events of `/v1/live/events` as server-sent events, for browsers and curl.

    First comes what was said so far; it ends when the daemon leaves.
    """
    found = _whole(house, tenant, call)
    standing = partial(house.switchboard.calls.standing, tenant, found)
    return Stream(house.books.bus, partial(_is_about, tenant, found), standing)


@router.get("/live/{call}")
def one(call: str, house: House, tenant: Tenant) -> LiveView:
    """Return one call in progress, or one that has just ended, with what was said."""
    return house.switchboard.calls.find(tenant, call)


@router.websocket("/live/events")
async def live_events(
    socket: WebSocket, house: House, tenant: Tenant, call: str | None = None
) -> None:
    """Send what happens in calls as JSON events; with `call`, in one of them.

    Whoever comes late is told first what was said so far; what happens
    meanwhile may be told twice, and is never left out. A turn is told again,
    under the same id, whenever more of it is understood.
    """
    calls = house.switchboard.calls
    try:
        found = _whole(house, tenant, call)
    except VoicectlError as error:
        refusal = JSONResponse(error.to_wire(), status_code=error.http_status)
        await socket.send_denial_response(refusal)
        return
    try:
        with house.books.bus.listening(partial(_is_about, tenant, found)) as listener:
            await socket.accept()  # from here on the client counts on missing nothing
            for event in calls.standing(tenant, found):
                await events.send(socket, event)
            await events.follow(socket, listener)
    except (WebSocketDisconnect, TimeoutError):
        return


def _whole(house: Parts, tenant: str, call: str | None) -> str | None:
    """Return the whole id of a call that is asked for. Raises `NotFound`."""
    return house.switchboard.calls.find(tenant, call).call.id if call else None


def _is_about(tenant: str, call: str | None, event: Event) -> bool:
    return event.kind in _LIVE and event.tenant == tenant and call in (None, event.call)
