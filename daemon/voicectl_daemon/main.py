"""Builds the parts of a daemon, joins them, and stops them in reverse."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

import msgspec
import uvicorn

from voicectl import config, paths
from voicectl.config import Config
from voicectl.errors import DaemonBusy, DaemonUnreachable, DiskFull, VoicectlError, is_full
from voicectl_daemon import door, unforeseen
from voicectl_daemon.books import Books
from voicectl_daemon.bus import Bus
from voicectl_daemon.drafts import Drafts
from voicectl_daemon.foreman import Foreman
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.parts import Parts
from voicectl_daemon.planner import Planner
from voicectl_daemon.store import Store
from voicectl_daemon.uploads import Uploads
from voicectl_daemon.words import SiteWords
from voicectl_recipes.load import Shelf

MOST_FILES = 65_536
"""Connections and files that may be open, where the system allows as many: its usual 1,024 are
used up by one program that forgets to hang up."""
LOCK_SECONDS = 15.0
"""How long to wait for a daemon that is just leaving."""
TICK_SECONDS = 0.25
FAREWELL_SECONDS = 0.05
"""How long listeners have to hear that there will be no more."""
SWEEP_SECONDS = 10.0
"""How often forgotten work is looked for."""

log = logging.getLogger(__name__)


class Told:
    """Whether this process was asked to end, also before it had anything to end.

    The server listens to signals itself while it serves, and raises them again
    when it is done; by then everything is being put away.
    """

    _SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self) -> None:
        self.to_leave = False
        for number in self._SIGNALS:
            signal.signal(number, self._take)

    def heed_no_more(self) -> None:
        """From here on all is put away, and the interpreter itself takes a moment to leave."""
        for number in self._SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self.to_leave = True


class Server(uvicorn.Server):
    """Serves the door; locks it and hangs up on listeners when it is time to leave."""

    def __init__(self, settings: uvicorn.Config, parts: Parts) -> None:
        super().__init__(settings)
        self._parts = parts

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more visitors, end the event streams, let the others finish."""
        self._parts.close_door()
        self._parts.books.bus.close()
        await asyncio.sleep(FAREWELL_SECONDS)
        await super().shutdown(sockets)


@contextmanager
def only_daemon(home: paths.Home) -> Iterator[None]:
    """Hold the data folder. Raises `DaemonBusy` with the PID of whoever holds it already."""
    descriptor = _open_lock(home)
    end = time.monotonic() + LOCK_SECONDS
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end or home.socket.exists():
                    raise DaemonBusy(
                        f"a daemon with PID {home.lock.read_text().strip() or '?'} "
                        f"already works on {home.folder}",
                        hint="end it with: voicectl stop",
                    ) from None
                time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def _open_lock(home: paths.Home) -> int:
    try:
        home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DaemonUnreachable(
            f"the data folder {home.folder} cannot be used: {error.strerror}",
            hint="VOICECTL_HOME names another folder",
        ) from error


def build(home: paths.Home, settings: Config, stack: ExitStack, *, on_demand: bool) -> Parts:
    """Return the parts, started; `stack` stops them in reverse."""
    ledger = Ledger(home.ledger)
    stack.callback(ledger.close)
    store = Store(home.store)
    stack.callback(store.close)
    books = Books(ledger, store, Drafts(home.drafts), Bus())
    uploads = Uploads(home.uploads)
    models = Path(settings.models) if settings.models else home.models
    foreman = Foreman(books, settings.workers, str(models), home.bell)
    planner = Planner(books, foreman, models, uploads, settings)
    foreman.start()
    stack.callback(foreman.stop)
    planner.start()
    stack.callback(planner.stop)
    words, shelf = SiteWords(settings.vocabulary), Shelf.of(settings.recipes)
    return Parts(home, books, uploads, foreman, planner, words, shelf, on_demand)


def watch_over(parts: Parts, server: Server, told: Told, linger: float) -> None:
    """Sweep now and then; leave when asked, or on demand when there is nothing to do."""
    swept = time.monotonic()
    while not parts.leave.wait(TICK_SECONDS):
        try:
            if told.to_leave or (parts.on_demand and _idle(parts, linger)):
                break
            parts.foreman.let_go()
            if time.monotonic() - swept > SWEEP_SECONDS:
                swept = time.monotonic()
                _sweep(parts)
        except VoicectlError as error:
            log.warning("%s", error.text)
        except Exception as error:  # noqa: BLE001, sweeping goes on
            unforeseen.write(log, "unexpected while sweeping", error)
    parts.close_door()
    server.should_exit = True


def _sweep(parts: Parts) -> None:
    parts.foreman.sweep()
    parts.planner.wake()
    parts.uploads.tidy(parts.books.traces)
    parts.books.drafts.tidy(parts.books.traces)
    parts.books.store.mend()


def _idle(parts: Parts, linger: float) -> bool:
    if parts.presence.empty_for() < linger:
        return False
    counts = parts.books.ledger.counts()
    return not any(counts.get(state) for state in ("new", "queued", "running"))


def serve(told: Told, *, on_demand: bool) -> None:
    """Run a daemon until it is told to stop."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold calls
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (MOST_FILES if most < 0 else min(most, MOST_FILES), most)
    )
    home = paths.home()
    settings = config.read(paths.config_file())
    os.chdir("/")  # where the daemon was started from may be unmounted
    with only_daemon(home), ExitStack() as stack:
        stack.callback(told.heed_no_more)
        parts = build(home, settings, stack, on_demand=on_demand)
        listening = door.bind(home.socket, settings.daemon.socket_group)
        stack.callback(home.socket.unlink, missing_ok=True)
        options = uvicorn.Config(
            door.build(parts),
            log_config=None,
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=64 * 1024,
            ws_ping_interval=None,  # on a socket of this machine the kernel tells who is gone
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
        server = Server(options, parts)
        guard = threading.Thread(
            target=watch_over, args=(parts, server, told, settings.daemon.linger_seconds)
        )
        guard.start()
        stack.callback(guard.join)
        stack.callback(parts.leave.set)
        log.info("ready on %s", home.socket)
        server.run(sockets=[listening])


@contextmanager
def _room() -> Iterator[None]:
    """Say in words that there is no room for the first bytes of a data folder."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise DiskFull(
            f"the data folder cannot be used: {error.strerror}",
            hint="make room; nothing that was promised is lost",
        ) from error


def main() -> None:
    """`python -m voicectl_daemon`."""
    parser = argparse.ArgumentParser(prog="voicectl serve")
    parser.add_argument(
        "--on-demand", action="store_true", help="leave when there is nothing to do"
    )
    parser.add_argument("--tell", type=int, help="descriptor on which a start that fails is told")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="voicectl: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        with _room():
            serve(Told(), on_demand=given.on_demand)
    except VoicectlError as error:
        if given.tell is None or not isinstance(error, DaemonBusy):
            hint = f"\n  hint: {error.hint}" if error.hint else ""
            log.error("%s%s", error.text, hint)  # noqa: TRY400, for people, no traceback
        if given.tell is not None:
            with suppress(BrokenPipeError):  # whoever started it found another daemon
                os.write(given.tell, msgspec.json.encode(error.to_wire()))
        sys.exit(error.exit_status)
