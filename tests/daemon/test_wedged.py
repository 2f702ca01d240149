"""Processes that are there and do nothing: they are told of, and ended."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import msgspec
import psutil
import pytest

from tests.line import serve
from tests.waiting import wait_until
from voicectl import parse
from voicectl.config import Config
from voicectl.errors import WorkerDied
from voicectl.lines import Live
from voicectl.paths import Home
from voicectl.types import DEFAULT_TENANT, Ask, Source
from voicectl_daemon import main, proof, vitals
from voicectl_daemon.api import jobs
from voicectl_daemon.child import Child
from voicectl_daemon.ears import line as ears
from voicectl_daemon.work import hand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Site
    from voicectl_daemon.parts import Parts


LINE = """
[[listen]]
name = "pbx"
port = 0
"""


@pytest.fixture
def house(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """A daemon without a process of its own that looks at itself all the time."""
    monkeypatch.setattr(vitals, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(proof, "EVERY_SECONDS", 0.2)
    monkeypatch.setattr(proof, "SHOWN_SECONDS", 0.5)
    monkeypatch.setattr(hand, "ANSWER_SECONDS", 3.0)
    with ExitStack() as parts:
        yield main.build(Home(tmp_path), Config(models=str(weights)), parts, on_demand=False)


def state(house: Parts) -> str:
    return house.vitals.health().state


def test_a_worker_that_does_not_answer_is_told_of_and_replaced(house: Parts) -> None:
    house.foreman.warm()
    house.vitals.prove()
    (worker,) = house.foreman.status()
    assert worker.pid
    wait_until(lambda: house.foreman.status()[0].memory, "it answers")
    wait_until(lambda: state(house) == "ok", "all is well")
    psutil.Process(worker.pid).suspend()
    wait_until(lambda: "a worker has not answered for" in str(house.vitals.health()), "it shows")
    assert state(house) == "degraded"
    wait_until(lambda: not psutil.pid_exists(worker.pid), "it is ended")
    wait_until(lambda: state(house) == "ok", "another one answered")
    assert house.foreman.status()[0].state == "off", "which was there for that alone"


def test_one_that_hangs_at_its_work_is_replaced(
    house: Parts, make_call: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "SILENT_SECONDS", 4.0)
    call = make_call("call", 0.0, 61.0, 2)
    job = jobs.hand_in(house, DEFAULT_TENANT, Ask((Source(str(call), call.name),)))
    ledger = house.books.ledger
    wait_until(lambda: house.foreman.status()[0].memory, "it is worked on, and that is told")
    (worker,) = house.foreman.status()
    assert worker.pid
    psutil.Process(worker.pid).suspend()
    wait_until(lambda: ledger.counts().get("done"), "it is done all the same")
    (task,) = ledger.tasks(job.id)
    assert task.attempts == 2


def test_without_workers_that_can_be_started_it_has_failed(
    house: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "AGAIN_SECONDS", 0.1)
    with monkeypatch.context() as gone:
        gone.setattr(sys, "executable", "/bin/false")
        house.vitals.prove()
        wait_until(lambda: "exit status 1" in str(house.vitals.health()), "it shows")
        wait_until(lambda: state(house) == "failed", "it has failed")
        rounds = house.vitals.rounds
        wait_until(lambda: house.vitals.rounds > rounds, "a restart would mend nothing")
    wait_until(lambda: state(house) == "ok", "workers can be started again")


def test_a_store_that_takes_nothing_is_told_of(house: Parts) -> None:
    with house.books.store.writing():
        house.vitals.prove()
        wait_until(lambda: "the store has not answered for" in str(house.vitals.health()), "shown")
    wait_until(lambda: state(house) == "ok", "it answers")
    assert house.books.store.count("default") == 0


def test_callers_are_sent_on_when_the_media_process_hangs(site: Site, weights: Path) -> None:
    with serve(site, LINE) as line, line.up() as peer:
        media = line.child("media")
        media.suspend()
        peer.settimeout(60)
        with suppress(ConnectionResetError):
            while peer.recv(4096):
                pass
        site.wait_until(lambda: line.child("media").pid != media.pid, "there is another one")
        with line.up():
            assert len(line.door.live()) == 1
        log = (site.folder / "serve.log").read_text()
        assert "the media process was lost: it said nothing for 10 s" in log


def test_ears_without_calls_give_signs_of_life(weights: Path) -> None:
    arguments = [str(weights), msgspec.json.encode(Live()).decode()]
    reports = parse.decoder(ears.Report)
    child = Child[ears.Order, ears.Report]("voicectl_daemon.ears", reports, arguments)
    try:
        wait_until(lambda: isinstance(child.report(0.5), ears.Alive), "they are there")
        psutil.Process(child.pid).suspend()

        def given_up() -> bool:
            child.report(0.2)
            try:
                child.give_up_after(1.0)
            except WorkerDied:
                return True
            return False

        wait_until(given_up, "they are ended")
        assert not child.alive
    finally:
        child.leave()
