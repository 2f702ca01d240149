"""Events to listeners: nobody waits for a slow one, nobody who is late misses the end."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

from voicectl.events import Event, EventKind
from voicectl_daemon import bus
from voicectl_daemon.bus import Bus


def event(job: str = "j", number: int = 0) -> Event:
    now = datetime.now(UTC)
    return Event(EventKind.TASK_PROGRESS, now, "default", job, detail={"seconds": number})


def test_listeners_hear_their_job_in_order() -> None:
    async def listen() -> None:
        house = Bus()
        with (
            house.listening(lambda event: event.job == "j") as mine,
            house.listening(bool) as everything,
        ):
            for number in range(3):
                house.publish(event("j", number))
                house.publish(event("other", number))
            assert [(await mine.next()).detail["seconds"] for _ in range(3)] == [0, 1, 2]
            heard = [await everything.next() for _ in range(6)]
            assert [found.job for found in heard] == ["j", "other"] * 3

    asyncio.run(listen())


def test_events_come_from_any_thread() -> None:
    async def listen() -> None:
        house = Bus()
        with house.listening(bool) as listener:
            threads = [
                threading.Thread(target=lambda: [house.publish(event()) for _ in range(100)])
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for _ in range(400):
                assert await listener.next() is not None
            for thread in threads:
                thread.join()

    asyncio.run(listen())


def test_a_slow_listener_is_let_go_and_nobody_waits_for_it() -> None:
    async def listen() -> None:
        house = Bus()
        with house.listening(bool) as slow, house.listening(bool) as quick:
            for number in range(bus.BACKLOG + 100):
                house.publish(event(number=number))
                found = await quick.next()
                assert found is not None
                assert found.detail == {"seconds": number}
            assert slow.lost
            assert not quick.lost
            heard = 0
            while await slow.next() is not None:
                heard += 1
            assert heard == bus.BACKLOG

    asyncio.run(listen())


def test_whoever_comes_after_the_end_is_told_so() -> None:
    async def listen() -> None:
        house = Bus()
        with house.listening(bool) as early:
            house.close()
            assert await early.next() is None
        with house.listening(bool) as late:
            assert await late.next() is None

    asyncio.run(listen())
