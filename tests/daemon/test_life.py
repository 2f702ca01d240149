"""How a daemon comes, stays, and leaves."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.conftest import mounted
from voicectl import __version__
from voicectl.client import Door
from voicectl.errors import ConfigError, DaemonUnreachable, DaemonVersion, VoicectlError
from voicectl.types import Ask, Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran, Site
    from tests.daemon.conftest import Desk

SERVE = [sys.executable, "-P", "-m", "voicectl_daemon"]


def pid_of(door: Door) -> int:
    return door.status().pid


def test_a_second_daemon_refuses_and_names_the_first(daemon: Door) -> None:
    for more in ((), ("--on-demand",)):
        second = subprocess.run([*SERVE, *more], capture_output=True, text=True, check=False)
        assert second.returncode == 5
        assert f"a daemon with PID {pid_of(daemon)} already works on" in second.stderr
        assert "voicectl stop" in second.stderr
    assert daemon.status().version == __version__


def test_a_daemon_that_was_killed_stands_in_nobodys_way(site: Site, daemon: Door) -> None:
    first = pid_of(daemon)
    site.kill()
    assert site.home.socket.exists()
    with Door.open() as door:
        assert pid_of(door) != first


def test_a_door_finds_the_next_daemon_by_itself(site: Site, daemon: Door) -> None:
    first = pid_of(daemon)
    site.kill()
    assert daemon.calls() == []
    assert pid_of(daemon) != first


def test_who_may_not_start_one_is_told_so(site: Site) -> None:
    with pytest.raises(DaemonUnreachable, match="no daemon answers") as nobody:
        Door.open(start=False)
    assert nobody.value.hint == "start one with: voicectl serve"
    assert not site.home.folder.exists(), "looking leaves nothing behind"


@pytest.mark.parametrize("clients", [6])
def test_clients_that_come_at_once_get_one_daemon(site: Site, weights: Path, clients: int) -> None:
    code = "from voicectl.client import Door; print(Door.open().status().pid)"
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(clients)
    ]
    pids = {client.communicate()[0] for client in started}
    assert len(pids) == 1
    assert int(pids.pop()) == site.pid


def test_stop_and_start_again_and_again(site: Site, weights: Path) -> None:
    pids = set()
    for _ in range(5):
        with Door.open() as door:
            pids.add(pid_of(door))
            door.stop()
    assert len(pids) == 5


def test_it_leaves_when_there_is_nothing_to_do(site: Site, weights: Path) -> None:
    site.configure("[daemon]\nlinger_seconds = 0.5")
    with Door.open() as door:
        pid = pid_of(door)
        workers = site.workers
    site.wait_until(lambda: site.pid is None, "it leaves")
    site.wait_until(lambda: site.is_gone(pid), "its process ends")
    assert not site.home.socket.exists()
    assert workers() == []


def test_it_stays_while_somebody_watches(site: Site, weights: Path) -> None:
    site.configure("[daemon]\nlinger_seconds = 0.5")
    with Door.open() as door:
        pid = pid_of(door)
        events = door.events()
        door.submit(Ask((Source("/nothing.wav", "nothing.wav"),)))
        next(events)
        time.sleep(2)
        assert site.pid == pid
        events.close()
    site.wait_until(lambda: site.pid is None, "it leaves")


def test_it_stays_while_there_is_work(
    site: Site, weights: Path, make_call: Callable[..., Path], at_desk: Callable[[Door], Desk]
) -> None:
    site.configure("[daemon]\nlinger_seconds = 0.1")
    with Door.open() as door:
        job = at_desk(door).ask(make_call("long", 0.0, 60.0))
        pid = pid_of(door)
    site.wait_until(lambda: site.pid is None, "it leaves when it is done")
    with Door.open() as door:
        assert pid_of(door) != pid
        assert door.job(job.id).counts == {"done": 1}


def test_one_for_good_stays(site: Site, weights: Path) -> None:
    site.configure("[daemon]\nlinger_seconds = 0.1")
    serve = subprocess.Popen(SERVE, stderr=subprocess.PIPE, text=True)
    try:
        site.wait_until(site.is_open, "it opens its door")
        with Door.open(start=False) as door:
            assert not door.status().on_demand
        time.sleep(1.5)
        assert serve.poll() is None
    finally:
        serve.send_signal(signal.SIGTERM)
        _, said = serve.communicate(timeout=30)
    assert serve.returncode == 0
    assert "Traceback" not in said
    assert not site.home.socket.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("delay", [0.2, 0.4, 0.6, 0.8])
def test_it_can_be_ended_while_it_starts(
    site: Site, weights: Path, number: signal.Signals, delay: float
) -> None:
    # Not measured: a Ctrl-C while coverage is imported is swallowed by it.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    serve = subprocess.Popen(SERVE, stderr=subprocess.PIPE, text=True, env=env)
    time.sleep(delay)
    serve.send_signal(number)
    _, said = serve.communicate(timeout=30)
    # Before it listens to signals it is simply gone; Python tells of a Ctrl-C by its trace.
    # One that comes before Python itself is ready makes it give up, with status 1.
    unready = serve.returncode == 1 and "KeyboardInterrupt" in said
    assert serve.returncode in (0, -number) or unready, said
    assert "Traceback" not in said or "KeyboardInterrupt" in said
    with Door.open() as door:
        assert door.calls() == []


def test_a_daemon_of_another_version(site: Site, run: Callable[..., Ran], weights: Path) -> None:
    code = (
        "import voicectl; voicectl.__version__ = '9.9.9'\n"
        "from voicectl_daemon.main import main; main()"
    )
    serve = subprocess.Popen([sys.executable, "-c", code, "--on-demand"])
    try:
        site.wait_until(site.is_open, "it opens its door")
        with pytest.raises(DaemonVersion) as other:
            Door.open()
        assert f"PID {serve.pid}) runs voicectl 9.9.9" in other.value.text
        assert __version__ in other.value.text
        assert "voicectl stop" in other.value.hint
        listed = run("calls", "list")
        assert listed.status == 5
        assert "9.9.9" in listed.stderr
        assert run("stop").status == 0
    finally:
        serve.wait(30)
    with Door.open() as door:
        assert door.status().version == __version__


def test_the_stop_command(site: Site, daemon: Door, run: Callable[..., Ran]) -> None:
    pid = pid_of(daemon)
    assert run("stop").status == 0
    site.wait_until(lambda: site.pid is None, "it leaves")
    assert run("stop").status == 0, "there is nothing to stop, and nothing is started for it"
    assert site.pid is None
    site.wait_until(lambda: site.is_gone(pid), "its process ends")


def test_it_holds_no_folder_and_no_terminal_of_its_caller(site: Site, daemon: Door) -> None:
    process = psutil.Process(pid_of(daemon))
    assert process.cwd() == "/"
    assert os.getsid(process.pid) == process.pid
    assert {file.path for file in process.open_files()} & {str(site.home.ledger)}


def test_what_lies_in_the_working_folder_is_not_run(
    site: Site, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of recordings comes from outside; a logging.py in it is no part of voicectl."""
    for name in ("logging", "uvicorn", "voicectl_daemon", "psutil", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    monkeypatch.chdir(tmp_path)
    with Door.open() as door:
        door.submit(Ask((Source("/nothing.wav", "nothing.wav"),)))
        site.wait_until(lambda: site.workers(), "a worker starts")
        site.wait_until(lambda: door.status().queued == 0, "it has looked")
    assert not (tmp_path / "ran").exists()


# when it cannot start, the one who asked hears why


def test_a_config_with_a_mistake(site: Site, run: Callable[..., Ran]) -> None:
    site.configure("[workers]\ncuont = 2")
    with pytest.raises(ConfigError, match="cuont") as mistake:
        Door.open()
    assert mistake.value.hint == "did you mean 'count'?"
    listed = run("calls", "list")
    assert listed.status == 2
    assert "cuont" in listed.stderr


def test_a_ledger_of_a_newer_voicectl(site: Site) -> None:
    site.home.folder.mkdir()
    with sqlite3.connect(site.home.ledger) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(ConfigError, match="newer voicectl"):
        Door.open()


def test_a_data_folder_that_is_a_file(site: Site) -> None:
    site.home.folder.write_text("a file")
    with pytest.raises(DaemonUnreachable, match="data folder .* cannot be used"):
        Door.open()


@pytest.mark.root
def test_a_data_folder_that_cannot_be_written(site: Site) -> None:
    with (
        mounted(site.home.folder, "ro"),
        pytest.raises(DaemonUnreachable, match="cannot be used: Read-only") as refused,
    ):
        Door.open()
    assert "VOICECTL_HOME" in refused.value.hint


def test_a_store_that_is_a_folder(site: Site) -> None:
    site.home.folder.mkdir()
    site.home.store.mkdir()
    with pytest.raises(VoicectlError, match="store.duckdb cannot be read"):
        Door.open()


def test_a_daemon_that_crashes_at_once(site: Site) -> None:
    site.home.folder.mkdir()
    site.home.bell.mkdir()  # nobody could have thought of that
    with pytest.raises(DaemonUnreachable, match="could not be started: .*OperationalError"):
        Door.open()
    assert "Traceback" in site.log
    site.home.log.unlink()
