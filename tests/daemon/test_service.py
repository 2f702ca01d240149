"""The daemon as a service: what it tells systemd, and how it leaves while calls are up."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.conftest import Site
from tests.line import LINE, serve
from tests.waiting import wait_until
from voicectl.config import Config
from voicectl.paths import Home
from voicectl_daemon import main, vitals
from voicectl_daemon.supervised import Supervised

Cut: TypeAlias = Callable[..., bytes]


class Systemd:
    """The socket that systemd listens on, and what came."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self._socket.settimeout(60)

    def __enter__(self) -> Systemd:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def until(self, wanted: str) -> list[str]:
        """Return what is said, up to the first line that begins so."""
        told: list[str] = []
        while not any(line.startswith(wanted) for line in told):
            told += self._socket.recv(4096).decode().splitlines()
        return told


@pytest.fixture
def systemd(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    """Somebody who is told what systemd would be."""
    with Systemd(str(site.folder / "notify")) as told:
        monkeypatch.setenv("NOTIFY_SOCKET", told.address)
        monkeypatch.setenv("WATCHDOG_USEC", "2000000")
        yield told


def test_systemd_is_told_when_it_is_ready_alive_and_leaving(
    systemd: Systemd, site: Site, weights: Path
) -> None:
    with serve(site, LINE) as line:
        assert systemd.until("READY=1") == ["READY=1"]
        assert [each.port > 0 for each in line.door.lines()] == [True], "calls can come"
        assert "STATUS=0 calls up, 1 of 1 lines open" in systemd.until("WATCHDOG=1")
        assert systemd.until("WATCHDOG=1")[-1] == "WATCHDOG=1", "again and again"
        os.kill(line.door.status().pid, signal.SIGTERM)
        assert systemd.until("STOPPING=1")[-1] == "STOPPING=1"


def test_a_line_that_cannot_be_opened_does_not_keep_it_from_being_ready(
    systemd: Systemd, site: Site, weights: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serve(site, f'[[listen]]\nname = "a"\nport = {port}\n'):
            assert systemd.until("READY=1") == ["READY=1"]
            assert systemd.until("STATUS=") == ["STATUS=0 calls up, 0 of 1 lines open"]


def test_the_protocol_is_spoken_to_a_socket_without_a_file_too() -> None:
    with Systemd(f"@voicectl-{uuid.uuid4()}") as systemd:
        telling = Supervised({"NOTIFY_SOCKET": systemd.address})
        telling.status("one")
        telling.status("one")
        before = time.monotonic_ns() // 1000
        telling.reloading()
        status, reloading, moment = systemd.until("MONOTONIC_USEC=")
        assert (status, reloading) == ("STATUS=one", "RELOADING=1"), "told once, and together"
        assert before <= int(moment.partition("=")[2]) <= time.monotonic_ns() // 1000


def test_whom_nobody_waits_for_gives_no_sign_of_life() -> None:
    wanted = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "3000000"}
    assert Supervised(dict(wanted)).beat_seconds == 1.5
    assert Supervised(wanted | {"WATCHDOG_PID": "1"}).beat_seconds is None
    assert Supervised({"WATCHDOG_USEC": "3000000"}).beat_seconds is None
    left = dict(wanted)
    Supervised(left).ready()
    assert left == {}, "nothing that was started here speaks in its place"


def refused(port: int) -> bool:
    """Whether no more calls are taken."""
    with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return False
    return True


def rest_of(peer: socket.socket) -> bytes:
    """Return all that is said to a peer until it is hung up on."""
    said = b""
    with suppress(ConnectionResetError):
        while more := peer.recv(65536):
            said += more
    return said


def calls_of(site: Site) -> list[tuple[str, str | None]]:
    """Return why each call ended, and the job that works on it."""
    with sqlite3.connect(site.home.ledger) as ledger:
        return ledger.execute("SELECT reason, job FROM live ORDER BY started").fetchall()


def test_calls_that_are_up_are_waited_for(site: Site, weights: Path, cut: Cut) -> None:
    call = site.folder / "call.wav"
    call.write_bytes(cut(0.0, 6.0))
    with serve(site, LINE) as line:
        port = line.port
        with line.played(call):
            site.wait_until(line.recorded, "some seconds are recorded")
            pid = line.door.status().pid
            os.kill(pid, signal.SIGTERM)
            site.wait_until(lambda: refused(port), "no more calls are taken")
            assert len(line.door.live()) == 1, "the door is open and the call goes on"
        site.wait_until(lambda: site.is_gone(pid), "it leaves after the call")
    ((reason, job),) = calls_of(site)
    assert reason == "hangup"
    assert job, "its recording is to be worked on"


@pytest.mark.parametrize(("seconds", "times"), [(1, 1), (60, 2)])
def test_who_does_not_hang_up_is_hung_up_on(
    seconds: int, times: int, site: Site, weights: Path
) -> None:
    with serve(site, f"{LINE}[daemon]\ndrain_seconds = {seconds}\n") as line, line.up() as peer:
        port, pid = line.port, line.door.status().pid
        for _ in range(times):
            line.door.stop()
            site.wait_until(lambda: refused(port), "no more calls are taken")
        assert rest_of(peer).endswith(b"\x00\x00\x00"), "as AudioSocket says goodbye"
        site.wait_until(lambda: site.is_gone(pid), "it leaves")
    ((reason, job),) = calls_of(site)
    assert reason == "the service stops"
    assert job, "its recording is to be worked on"


def test_the_journal_gets_objects_without_a_word_of_a_call(
    site: Site, weights: Path, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, log = site.folder / "0722123456.wav", site.folder / "serve.log"
    call.write_bytes(cut(0.0, 6.0))
    log.touch()
    monkeypatch.setenv("JOURNAL_STREAM", f"{log.stat().st_dev}:{log.stat().st_ino}")
    with serve(site, f"{LINE}[redaction]\nmask_names = true\n") as line:
        with line.played(call):
            pass
        (view,) = line.ended()
        line.batch(view)
    lines = log.read_text().splitlines()
    assert [each for each in lines if not re.fullmatch(r"<[2-7]>\{.*\}", each)] == []
    told = [json.loads(each[3:]) for each in lines]
    assert {"time", "level", "service", "pid", "message"} <= told[0].keys()
    of_call = [each["message"] for each in told if each.get("call") == view.call.id]
    assert of_call[0] == "a call begins on the line 'pbx'"
    assert re.fullmatch(r"a call of \d s is over: hangup", of_call[-1])
    words = {word.lower() for turn in view.turns for word in turn.text.split() if len(word) > 4}
    assert len(words) > 3, "something was said"
    everything = log.read_text().lower()
    assert [word for word in words | {view.call.channel, "0722123456"} if word in everything] == []


def test_names_of_recordings_are_masked_in_the_log() -> None:
    code = "import logging; logging.getLogger('x').warning('/a/0722123456.wav:3 at 10.11.12.131')"
    lines = f"from voicectl_daemon import journal, nameless; journal.begin('v'); {code}; "
    lines += f"journal.mask_names(nameless.masked_name); {code}"
    ran = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    plain, masked = ran.stderr.splitlines()
    assert plain == "v: /a/0722123456.wav:3 at 10.11.12.131"
    assert masked == "v: /a/PHONE.wav:3 at 10.11.12.131"


def test_a_config_is_read_anew_while_calls_go_on(
    systemd: Systemd, site: Site, weights: Path
) -> None:
    log = site.folder / "serve.log"
    with serve(site, LINE) as line, line.up():
        systemd.until("READY=1")
        pid = line.door.status().pid
        (call,) = line.door.live()
        told = "calls are listened to with"
        site.wait_until(lambda: told in log.read_text(), "there are ears")

        site.configure("[[listen]]\nname = 'pbx'\nprot = 0\n")
        os.kill(pid, signal.SIGHUP)
        assert systemd.until("READY=1")[-3] == "RELOADING=1"
        assert "the config stays as it was: " in log.read_text()
        assert [each.name for each in line.door.lines()] == ["pbx"]

        nightly = "[[schedule]]\nname='nightly'\ncron='@daily'\nrecipe='transcribe'\n"
        site.configure(
            '[[listen]]\nname = "other"\nport = 0\n[live]\nlanguage = "es"\n[workers]\ncount = 2\n'
            + nightly + 'paths=["/in"]\noutput="/out"\n'
        )  # fmt: skip
        os.kill(pid, signal.SIGHUP)
        systemd.until("READY=1")
        site.wait_until(lambda: line.door.lines()[0].port, "the new line takes calls")
        assert [each.name for each in line.door.lines()] == ["other"]
        assert [each.name for each in line.door.schedules()] == ["nightly"]
        assert "changed, and counts after a restart: [workers] count" in log.read_text()
        assert [each.id for each in line.door.live()] == [call.id], "it goes on"
        with line.up():
            site.wait_until(lambda: len(line.door.live()) == 2, "and another one comes")
        site.wait_until(lambda: log.read_text().count(told) == 2, "new ears know the language")


def test_prometheus_and_a_prober_are_told_how_it_is(site: Site, weights: Path, cut: Cut) -> None:
    call = site.folder / "call.wav"
    call.write_bytes(cut(0.0, 6.0))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        deaf = f'[[listen]]\nname = "deaf"\nport = {taken.getsockname()[1]}\n'
        with serve(site, LINE + deaf) as line:
            site.wait_until(lambda: line.asked("/health").status_code == 200, "it is alive")
            with line.played(call):
                site.wait_until(line.door.live, "the call is up")
                assert 'voicectl_calls_active{line="pbx"} 1' in line.asked("/metrics").text
            (view,) = line.ended()

            def only_the_line() -> bool:
                health = line.asked("/health").json()
                reasons = health["reasons"]
                return (
                    len(reasons) == 1 and "in use" in reasons[0] and health["state"] == "degraded"
                )

            site.wait_until(only_the_line, "it is seen")
            told = dict(
                each.rsplit(" ", 1)
                for each in line.asked("/metrics").text.splitlines()
                if not each.startswith("#")
            )
    assert told['voicectl_calls_total{line="pbx",state="ended"}'] == "1.0"
    assert told['voicectl_calls_active{line="pbx"}'] == "0"
    assert (told['voicectl_line_open{line="pbx"}'], told['voicectl_line_open{line="deaf"}']) == (
        "1", "0",
    )  # fmt: skip
    assert told["voicectl_call_duration_seconds_count"] == "1"
    finals = str(len(view.turns))
    assert told["voicectl_stt_latency_seconds_count"] == finals
    assert told['voicectl_stt_latency_seconds_bucket{le="+Inf"}'] == finals
    assert int(told["voicectl_disk_free_bytes"]) > 0
    route = 'voicectl_http_requests_total{method="GET",route="/health",status="200"}'
    assert float(told[route]) >= 2
    assert not [name for name in told if view.call.id in name or str(view.call.job) in name]


def test_a_ledger_that_does_not_answer_stops_the_signs_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "STALE_SECONDS", 0.5)
    monkeypatch.setattr(vitals, "LOOK_SECONDS", 0.05)
    with ExitStack() as parts:
        house = main.build(Home(tmp_path), Config(), parts, on_demand=False)
        wait_until(lambda: house.vitals.health().state == "ok", "all parts answer")
        with house.books.ledger.change():
            why = "the ledger has not answered for"
            wait_until(lambda: why in str(house.vitals.health()), "it is noticed")
            rounds = house.vitals.rounds
            assert house.vitals.health().state == "failed"
            time.sleep(10 * vitals.LOOK_SECONDS)
            assert house.vitals.rounds == rounds
        wait_until(lambda: house.vitals.health().state == "ok", "it answers again")
