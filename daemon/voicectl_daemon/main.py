"""Builds the parts of a daemon, joins them, and stops them in reverse."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from voicectl import config, paths
from voicectl.config import Config
from voicectl.errors import DaemonBusy, VoicectlError
from voicectl_daemon import door
from voicectl_daemon.bus import Bus
from voicectl_daemon.foreman import Foreman
from voicectl_daemon.hand import Books
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.parts import Parts
from voicectl_daemon.planner import Planner
from voicectl_daemon.store import Store

LOCK_SECONDS = 5.0
"""How long to wait for a daemon that is just leaving."""
TICK_SECONDS = 0.25
SWEEP_SECONDS = 10.0
"""How often forgotten work is looked for."""

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Serves the door; hangs up on listeners when it is time to leave."""

    def __init__(self, settings: uvicorn.Config, bus: Bus) -> None:
        super().__init__(settings)
        self._bus = bus

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Leave on SIGTERM and SIGINT."""
        self.leave()
        super().handle_exit(sig, frame)

    def leave(self) -> None:
        """Take no more visitors and end the event streams."""
        self._bus.close()
        self.should_exit = True


@contextmanager
def only_daemon(lock: Path) -> Iterator[None]:
    """Hold the data folder. Raises `DaemonBusy` with the PID of whoever holds it already."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    end = time.monotonic() + LOCK_SECONDS
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end or paths.home().socket.exists():
                    raise DaemonBusy(
                        f"a daemon with PID {lock.read_text().strip() or '?'} "
                        f"already works on {lock.parent}",
                        hint="end it with: voicectl stop",
                    ) from None
                time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def build(home: paths.Home, settings: Config, stack: ExitStack, *, on_demand: bool) -> Parts:
    """Return the parts, started; `stack` stops them in reverse."""
    ledger = Ledger(home.ledger)
    stack.callback(ledger.close)
    store = Store(home.store)
    stack.callback(store.close)
    books = Books(ledger, store, Bus())
    models = Path(settings.models) if settings.models else home.models
    foreman = Foreman(books, settings.workers, str(models), home.bell)
    planner = Planner(books, foreman, models, home.uploads)
    foreman.start()
    stack.callback(foreman.stop)
    planner.start()
    stack.callback(planner.stop)
    return Parts(home, books, foreman, planner, on_demand)


def watch_over(parts: Parts, server: Server, linger: float) -> None:
    """Sweep now and then; leave when asked, or on demand when there is nothing to do."""
    swept = time.monotonic()
    while not server.should_exit:
        asked = parts.leave.wait(TICK_SECONDS)
        if asked or (parts.on_demand and _idle(parts, linger)):
            parts.home.socket.unlink(missing_ok=True)
            server.leave()
            return
        if time.monotonic() - swept > SWEEP_SECONDS:
            swept = time.monotonic()
            try:
                parts.foreman.sweep()
            except VoicectlError as error:
                log.warning("%s", error.text)


def _idle(parts: Parts, linger: float) -> bool:
    if parts.presence.empty_for() < linger:
        return False
    counts = parts.books.ledger.counts()
    return not any(counts.get(state) for state in ("new", "queued", "running"))


def serve(*, on_demand: bool) -> None:
    """Run a daemon until it is told to stop."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold calls
    home = paths.home()
    settings = config.read(paths.config_file())
    home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_daemon(home.lock), ExitStack() as stack:
        parts = build(home, settings, stack, on_demand=on_demand)
        listening = door.bind(home.socket, settings.daemon.socket_group)
        stack.callback(home.socket.unlink, missing_ok=True)
        options = uvicorn.Config(
            door.build(parts),
            log_config=None,
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=64 * 1024,
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
        server = Server(options, parts.books.bus)
        linger = settings.daemon.linger_seconds
        guard = threading.Thread(target=watch_over, args=(parts, server, linger), daemon=True)
        guard.start()
        log.info("ready on %s", home.socket)
        server.run(sockets=[listening])


def main() -> None:
    """`python -m voicectl_daemon`."""
    parser = argparse.ArgumentParser(prog="voicectl serve")
    parser.add_argument(
        "--on-demand", action="store_true", help="leave when there is nothing to do"
    )
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="voicectl: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again when it is done; by then everything is put away
        signal.signal(number, lambda *_: None)
    try:
        serve(on_demand=given.on_demand)
    except VoicectlError as error:
        log.error("%s", error.text)  # noqa: TRY400, a sentence for people, no traceback
        if error.hint:
            log.error("hint: %s", error.hint)  # noqa: TRY400
        sys.exit(error.exit_status)
