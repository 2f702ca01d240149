"""Every check of the doctor on a machine that is really in that state."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Site, mounted
from voicectl.client import Door
from voicectl.health import Finding, Health
from voicectl_daemon.doctor import Patient, folder, machine, models, service
from voicectl_daemon.doctor.__main__ import CHECKS, examine
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.main import only_daemon
from voicectl_daemon.store import Store
from voicectl_models import device


@pytest.fixture
def patient(site: Site) -> Patient:
    """A data folder in which a daemon has worked and ended."""
    site.home.folder.mkdir(mode=0o700)
    Ledger(site.home.ledger).close()
    Store(site.home.store).close()
    site.config.chmod(0o600)
    return Patient(site.home, site.config)


def state(findings: Iterable[Finding]) -> list[str]:
    return [str(finding.health) for finding in findings]


def only(findings: Iterable[Finding]) -> Finding:
    (found,) = findings
    return found


def test_a_sound_site(patient: Patient, weights: Path) -> None:
    quick = tuple(check for check in CHECKS if check[0] != "packages")
    found = examine(patient, quick)
    about = ("disk", "memory", "models")  # these are the machine's and its owner's
    assert {finding.health for finding in found if finding.check not in about} == {Health.OK}
    assert {finding.remedy for finding in found if finding.health is Health.OK} == {""}


def test_nothing_there_yet(site: Site) -> None:
    site.config.chmod(0o600)
    found = examine(Patient(site.home, site.config), (("folder", folder.data_folder),))
    assert [finding.health for finding in found] == [Health.OK]
    assert not site.home.folder.exists()


def test_it_changes_nothing(patient: Patient) -> None:
    def seen() -> dict[Path, tuple[int, bytes]]:
        return {
            path: (path.stat().st_mtime_ns, path.read_bytes())
            for path in patient.home.folder.rglob("*")
            if path.is_file()
        }

    before = seen()
    examine(patient, tuple(check for check in CHECKS if check[0] != "packages"))
    assert seen() == before


def test_a_check_that_fails_is_a_finding(patient: Patient) -> None:
    def broken(_patient: Patient) -> Iterator[Finding]:
        raise PermissionError("not you")
        yield

    (found,) = examine(patient, (("x", broken),))
    assert (found.health, found.check) == (Health.PROBLEM, "x")
    assert "not you" in found.text


# packages


def test_a_library_that_aborts_is_named(
    patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "huey.py").write_text(
        "import os, sys\nsys.stderr.write('wrong ELF class\\n')\nos.abort()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = only(machine.packages(patient))
    assert (found.health, found.remedy) == (Health.PROBLEM, "./install.sh")
    assert "huey cannot be loaded" in found.text


def test_every_package_loads(patient: Patient) -> None:
    assert state(machine.packages(patient)) == ["ok", "ok"]


# config


def test_a_config_that_others_may_change(patient: Patient, site: Site) -> None:
    site.config.chmod(0o666)
    found = only(folder.config(patient))
    assert found.health is Health.PROBLEM
    assert found.remedy.startswith("chmod go-w ")


def test_a_config_with_a_misspelt_key(patient: Patient, site: Site) -> None:
    site.configure("[worker]\n")
    (found,) = examine(patient, (("config", folder.config),))
    assert found.health is Health.PROBLEM
    assert "worker" in found.text
    assert "workers" in found.remedy


# the folder


def test_a_folder_that_others_may_enter(patient: Patient) -> None:
    patient.home.folder.chmod(0o755)
    found = only(folder.data_folder(patient))
    assert found.health is Health.PROBLEM
    subprocess.run(found.remedy, shell=True, check=True)
    assert state(folder.data_folder(patient)) == ["ok"]


def test_files_that_others_may_read(patient: Patient) -> None:
    patient.home.ledger.chmod(0o644)
    patient.home.store.chmod(0o640)
    found = list(folder.private_files(patient))
    assert [finding.health for finding in found] == [Health.PROBLEM] * 2
    for finding in found:
        subprocess.run(finding.remedy, shell=True, check=True)
    assert state(folder.private_files(patient)) == ["ok"]


@pytest.mark.root
def test_somebody_elses_files(patient: Patient) -> None:
    os.chown(patient.home.ledger, 12345, 12345)
    found = only(folder.private_files(patient))
    assert found.health is Health.PROBLEM
    assert "belongs to another user (12345)" in found.text


def test_a_socket_that_is_shared_on_purpose(patient: Patient, site: Site) -> None:
    site.configure('[daemon]\nsocket_group = "staff"\n')
    door = patient.home.socket.parent
    door.mkdir(mode=0o700)
    for path in (door, patient.home.folder):
        path.chmod(0o710)
    assert state(folder.data_folder(patient)) == ["ok"]
    assert state(folder.private_files(patient)) == ["ok"]
    site.configure()
    assert state(folder.data_folder(patient)) == ["problem"]
    assert state(folder.private_files(patient)) == ["problem"]


@pytest.mark.root
def test_a_full_disk(patient: Patient, tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=1m") as small:
        place = Patient(type(patient.home)(small), patient.config)
        found = next(iter(folder.disk(place)))
        assert (found.health, found.remedy) == (Health.PROBLEM, f"make room in {small}")
        assert only(folder.file_system(place)).text == "tmpfs"


# ledger and store


def test_books_of_a_newer_version(patient: Patient) -> None:
    with sqlite3.connect(patient.home.ledger) as db:
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("PRAGMA user_version=99")
    db.close()
    (found,) = examine(patient, (("ledger", folder.books),))
    assert found.health is Health.PROBLEM
    assert "newer voicectl (schema 99" in found.text


def test_a_store_of_a_newer_version(patient: Patient) -> None:
    with duckdb.connect(str(patient.home.store)) as db:
        db.execute("UPDATE book.version SET version=99")
    found = examine(patient, (("ledger", folder.books),))
    assert any("schema 99" in finding.text for finding in found)


def test_the_store_of_a_killed_daemon_is_read_and_left_as_it_is(patient: Patient) -> None:
    code = (
        "import os, sys, signal, pathlib\n"
        "from voicectl_daemon.duck import Duck\n"
        "duck = Duck(pathlib.Path(sys.argv[1]))\n"
        "with duck.writing() as db:\n"
        "    db.execute('CREATE TABLE book.more AS SELECT 1')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, patient.home.store], check=False)
    log = Path(f"{patient.home.store}.wal")
    before = (log.read_bytes(), patient.home.store.read_bytes())
    assert state(folder.books(patient)) == ["ok", "ok"]
    assert (log.read_bytes(), patient.home.store.read_bytes()) == before


def test_damaged_books(patient: Patient) -> None:
    patient.home.ledger.write_bytes(b"x" * 4096)
    patient.home.store.write_bytes(b"x" * 40960)
    found = examine(patient, (("ledger", folder.books),))
    assert [finding.health for finding in found] == [Health.PROBLEM] * 2
    assert all(finding.remedy for finding in found)


# the daemon


def test_a_living_daemon(site: Site, weights: Path) -> None:
    with Door.open() as door:
        found = only(service.daemon(Patient(site.home, site.config)))
        assert found.text == f"PID {door.status().pid} answers"
        assert {each.text for each in folder.books(Patient(site.home, None))} >= {
            "a daemon has it open"
        }


def test_the_door_of_a_killed_daemon(patient: Patient) -> None:
    patient.home.socket.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(patient.home.socket))
    found = only(service.daemon(patient))
    assert found.health is Health.WARNING
    assert "was left by a daemon that was killed" in found.text
    hidden = patient.home.socket.rename(patient.home.socket.with_suffix(".hidden"))
    with only_daemon(patient.home):
        hidden.rename(patient.home.socket)
        held = only(service.daemon(patient))
    assert held.health is Health.PROBLEM
    assert held.remedy.startswith(f"kill {os.getpid()};")


def test_a_lock_without_a_door(patient: Patient) -> None:
    with only_daemon(patient.home):
        found = only(service.daemon(patient))
    assert found.health is Health.WARNING
    assert f"PID {os.getpid()} holds the data folder" in found.text
    assert state(service.daemon(patient)) == ["ok"]


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n{}"])
def test_a_daemon_that_makes_no_sense(patient: Patient, answer: bytes) -> None:
    patient.home.socket.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(patient.home.socket))
        door.listen()

        def serve() -> None:
            line, _ = door.accept()
            with line:
                line.recv(1024)
                line.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        found = only(service.daemon(patient))
        server.join()
    assert found.health is Health.PROBLEM
    assert "does not answer" in found.text


# models


@pytest.fixture
def place(patient: Patient, weights: Path, site: Site) -> Path:
    """A folder of models that may be harmed."""
    made = site.folder / "models"
    shutil.copytree(weights / "tiny.en", made / "tiny.en")
    site.config.write_text(f'models = "{made}"\n')
    return made


def test_models_that_are_whole(patient: Patient, place: Path) -> None:
    deep = Patient(patient.home, patient.config, deep=True)
    found = list(models.models(deep))
    assert [finding.health for finding in found] == [Health.OK, Health.WARNING]
    assert found[1].remedy == "voicectl models get base"


def test_models_that_are_not(patient: Patient, place: Path) -> None:
    weights_file = place / "tiny.en" / "model.bin"
    with weights_file.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"rot")
    assert state(models.models(patient)) == ["ok", "warning"]
    deep = Patient(patient.home, patient.config, deep=True)
    found = list(models.models(deep))
    assert "the SHA-256 of model.bin is" in found[0].text
    os.truncate(weights_file, 1000)
    cut = list(models.models(patient))
    assert [finding.health for finding in cut] == [Health.PROBLEM] * 2
    assert "model.bin has 1,000 bytes" in cut[0].text
    assert cut[1].remedy == "voicectl models get tiny.en base"


def test_models_that_anybody_may_change(patient: Patient, place: Path) -> None:
    (place / "tiny.en").chmod(0o777)
    found = next(iter(models.models(patient)))
    assert (found.health, found.remedy) == (Health.PROBLEM, f"chmod -R o-w {place}")


def test_a_folder_of_ones_own_that_is_no_model(patient: Patient, place: Path) -> None:
    own = place / "own"
    shutil.copytree(place / "tiny.en", own)
    (own / "model.bin").write_bytes(b"a picture")
    assert "no weights of Whisper" in next(iter(models.models(patient))).text
    (own / "vocabulary.txt").unlink()
    (place / ".own.import").mkdir()
    assert state(models.models(patient)) == ["warning", "warning", "ok", "warning"]


# the machine


def test_memory(patient: Patient, site: Site, weights: Path) -> None:
    assert state(machine.memory(patient)) == ["ok"]
    site.configure("[workers]\ncount = 64\n")
    assert only(machine.memory(patient)).health in (Health.WARNING, Health.PROBLEM)


def test_a_broken_gpu(patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "probe"
    program.write_text("#!/bin/sh\nkill -ABRT $$\n")
    program.chmod(0o755)
    monkeypatch.setenv(device.PROBE_VARIABLE, str(program))
    device.probe.cache_clear()
    try:
        found = only(machine.gpu(patient))
    finally:
        device.probe.cache_clear()
    assert found.health is Health.WARNING
    assert "it was ended by SIGABRT; the work is done on" in found.text
    assert "pip install nvidia-cublas-cu12" in found.remedy


def test_few_open_files(patient: Patient) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    try:
        found = only(machine.descriptors(patient))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert found.health is Health.WARNING
    assert found.remedy.startswith("ulimit -n ")


def test_a_clock_that_is_behind(patient: Patient) -> None:
    later = time.time() + 86400
    os.utime(patient.home.store, (later, later))
    found = only(machine.clock(patient))
    assert found.health is Health.WARNING
    assert "minutes later" in found.text


@pytest.mark.parametrize(("name", "expected"), [("C.UTF-8", "ok"), ("xx_XX.UTF-8", "warning")])
def test_locales(patient: Patient, name: str, expected: str) -> None:
    code = (
        "from voicectl_daemon.doctor import machine\n"
        "print(*(finding.health for finding in machine.encoding(None)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"LC_ALL": name},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == expected
