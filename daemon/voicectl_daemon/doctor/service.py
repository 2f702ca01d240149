"""The daemon: whether it answers, and what one that was killed has left."""

from __future__ import annotations

import fcntl
import http.client
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from voicectl import __version__, config, parse, paths
from voicectl.health import Finding
from voicectl_daemon import fitness
from voicectl_daemon.doctor import Patient, ok, problem, warning

ANSWER_SECONDS = 5.0
SILENT = (OSError, http.client.HTTPException, msgspec.MsgspecError)

T = TypeVar("T")


class _Who(msgspec.Struct):
    version: str
    pid: int
    on_demand: bool = False


def daemon(patient: Patient) -> Iterator[Finding]:
    """Knock at the door; see who holds the data folder."""
    home = patient.home
    held, pid = _held(home.lock), _pid(home.lock)
    look = f"tail {home.log}"
    if not home.socket.exists():
        if held:
            text = f"the daemon with PID {pid} holds the data folder and has no door"
            yield warning(
                "daemon", f"{text}: it starts or leaves", f"wait; if it stays: kill {pid}"
            )
        else:
            yield ok("daemon", "none runs; a command that needs one starts it")
        return
    try:
        who = ask(home.socket, "/v1/status", _Who)
    except ConnectionRefusedError:
        if held:
            text = f"the daemon with PID {pid} holds the data folder and does not listen"
            yield problem("daemon", text, f"kill {pid}; {look}")
        else:
            text = f"{home.socket} was left by a daemon that was killed; the next one replaces it"
            yield warning("daemon", text, "voicectl calls list")
    except PermissionError:
        text = f"{home.socket} may not be opened by this user"
        yield problem("daemon", text, "run voicectl as its owner, or set daemon.socket_group")
    except SILENT as error:
        text = f"the daemon with PID {pid} does not answer: {type(error).__name__}"
        yield problem("daemon", text, f"kill {pid}; {look}")
    else:
        yield _version(who)


def schedules(patient: Patient) -> Iterator[Finding]:
    """See that the schedules of the config can be run, and that somebody keeps to them."""
    settings = config.read(patient.config)
    number = len(settings.schedule)
    if not number:
        return
    models = Path(settings.models) if settings.models else patient.home.models
    for schedule, error in fitness.of_schedules(settings, models):
        text = f"'{schedule.name}' cannot be run: {error.text}"
        yield problem("schedules", text, error.hint or f"voicectl recipes check {schedule.recipe}")
    text = "1 is configured" if number == 1 else f"{number} are configured"
    try:
        serves = not ask(patient.home.socket, "/v1/status", _Who).on_demand
    except SILENT:
        serves = False
    if serves:
        yield ok("schedules", f"{text}; see: voicectl schedules list")
    else:
        text += ", and no daemon serves for good: they are not run"
        yield warning("schedules", text, "systemctl enable --now voicectl, or: voicectl serve")


def _version(who: _Who) -> Finding:
    if who.version == __version__:
        return ok("daemon", f"PID {who.pid} answers")
    text = f"PID {who.pid} runs voicectl {who.version}, this is {__version__}"
    return warning("daemon", text, "voicectl stop (for a service: systemctl restart voicectl)")


def _held(lock: Path) -> bool:
    """Whether a daemon lives; the kernel lets go of the lock of one that died."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _pid(lock: Path) -> str:
    with suppress(OSError):
        return lock.read_text().strip() or "?"
    return "?"


def ask(door: Path, path: str, kind: type[T]) -> T:
    """Return what the daemon answers. Raises one of `SILENT` when it does not."""
    with socket.socket(socket.AF_UNIX) as line, paths.short(door) as name:
        line.settimeout(ANSWER_SECONDS)
        line.connect(name)
        request = f"GET {path} HTTP/1.1\r\nHost: voicectl\r\nConnection: close\r\n\r\n"
        line.sendall(request.encode())
        answer = http.client.HTTPResponse(line)
        answer.begin()
        return parse.json(answer.read(), kind)
