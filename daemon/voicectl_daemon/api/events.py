"""Events over a WebSocket: first where things stand, then what happens."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

from voicectl.errors import NotFound, VoicectlError
from voicectl.events import Event, EventKind
from voicectl_daemon import bus
from voicectl_daemon.books import Books
from voicectl_daemon.parts import House, Tenant

router = APIRouter(prefix="/v1")

TRY_AGAIN_LATER = 1013
SLOW_SECONDS = 5.0
"""How long a listener may leave its line full before it is let go."""


@router.websocket("/events")
async def events(socket: WebSocket, house: House, tenant: Tenant, job: str | None = None) -> None:
    """Send events as JSON; with `job`, those of one job until it is finished.

    Whoever comes late is told first where things stand; what happens meanwhile
    may be told twice, and is never left out.
    """
    ledger = house.books.ledger
    try:
        found = await asyncio.to_thread(ledger.find_job, tenant, job) if job else None
    except VoicectlError as error:
        refusal = JSONResponse(error.to_wire(), status_code=error.http_status)
        await socket.send_denial_response(refusal)
        return
    try:
        with house.books.bus.listening(partial(_is_about, tenant, found)) as listener:
            await socket.accept()  # from here on the client counts on missing nothing
            if found and await _catch_up(socket, house.books, found):
                await socket.close()
                return
            await follow(socket, listener, EventKind.JOB_FINISHED if found else None)
    except NotFound:
        await socket.close(TRY_AGAIN_LATER)  # the job went with its calls, and with it its end
    except (WebSocketDisconnect, TimeoutError):
        return


def _is_about(tenant: str, job: str | None, event: Event) -> bool:
    return event.tenant == tenant and job in (None, event.job)


async def _catch_up(socket: WebSocket, books: Books, job: str) -> bool:
    """Send where a job stands; True when it is finished."""
    told = await asyncio.to_thread(_standing, books, job)
    for event in told:
        await send(socket, event)
    return told[-1].kind is EventKind.JOB_FINISHED


def _standing(books: Books, job: str) -> list[Event]:
    found, tasks = books.ledger.job(job), books.ledger.tasks(job)
    told = [bus.of_job(EventKind.JOB_CREATED, found)]
    told += [event for task in tasks if (event := bus.standing(task))]
    if found.state != "planning":
        told.append(bus.planned(found, tasks))
    if found.state == "finished":
        told.append(bus.of_job(EventKind.JOB_FINISHED, found, **found.counts))
    return told


async def follow(socket: WebSocket, listener: bus.Listener, last: EventKind | None = None) -> None:
    """Send events until there are no more, the client leaves, or it is too slow.

    Where `last` is given the first event of that kind is the last one.
    """
    gone = asyncio.create_task(_until_gone(socket))
    try:
        while True:
            coming = asyncio.create_task(listener.next())
            await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                return
            event = coming.result()
            if event is None:
                await socket.close(TRY_AGAIN_LATER)
                return
            await send(socket, event)
            if event.kind is last:
                await socket.close()
                return
    finally:
        gone.cancel()


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def send(socket: WebSocket, event: Event) -> None:
    """Send one event. Raises `TimeoutError` for a listener that does not read."""
    async with asyncio.timeout(SLOW_SECONDS):
        await socket.send_text(msgspec.json.encode(event).decode())
