"""Builds the parts of a daemon, joins them, and stops them in reverse."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec
import uvicorn

from voicectl import config, paths
from voicectl.config import Config
from voicectl.errors import DaemonBusy, DaemonUnreachable, DiskFull, VoicectlError, is_full
from voicectl.types import DEFAULT_TENANT
from voicectl_daemon import door, fitness, journal, nameless, teaching, unforeseen, visitors
from voicectl_daemon.analysis.alarms import Alarms
from voicectl_daemon.analysis.analyst import Analyst
from voicectl_daemon.analysis.chosen import Chosen
from voicectl_daemon.api import jobs
from voicectl_daemon.books import Books
from voicectl_daemon.bus import Bus
from voicectl_daemon.changes import Changes
from voicectl_daemon.errands import Errands
from voicectl_daemon.guard import Guard, Server, Told
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.live.calls import LiveCalls
from voicectl_daemon.live.cdr import DetailRecords
from voicectl_daemon.live.hearing import Hearing
from voicectl_daemon.live.sessions import Sessions
from voicectl_daemon.live.switchboard import Switchboard
from voicectl_daemon.marks import Marks
from voicectl_daemon.meanings import Meanings
from voicectl_daemon.parts import Parts
from voicectl_daemon.store import Store
from voicectl_daemon.supervised import Supervised
from voicectl_daemon.timetable import Timetable
from voicectl_daemon.uploads import Uploads
from voicectl_daemon.vitals import Vitals
from voicectl_daemon.webhooks.told import Webhooks
from voicectl_daemon.words import SiteWords
from voicectl_daemon.work.drafts import Drafts
from voicectl_daemon.work.foreman import Foreman
from voicectl_daemon.work.planner import Planner
from voicectl_recipes.load import Shelf

MOST_FILES = 65_536
"""Connections and files that may be open, where the system allows as many: its usual 1,024 are
used up by one program that forgets to hang up."""
LOCK_SECONDS = 15.0
"""How long to wait for a daemon that is just leaving."""

log = logging.getLogger(__name__)


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
    books = Books(ledger, store, Drafts(home.drafts, settings.redaction.draft_seconds), Bus())
    webhooks = _webhooks(books, settings, home, stack)
    uploads = Uploads(home.uploads)
    models = _models(home, settings)
    foreman = Foreman(books, settings.workers, str(models), home.bell, yields=bool(settings.listen))
    planner = Planner(books, foreman, models, uploads, settings)
    foreman.start()
    stack.callback(foreman.stop)
    planner.start()
    stack.callback(planner.stop)
    timetable = Timetable(ledger, settings.schedule, serving=not on_demand)
    shown = nameless.masked_name if settings.redaction.mask_names else str
    errands = Errands(timetable, home, shown)
    stack.callback(errands.stop)
    words, shelf = SiteWords(settings.vocabulary), Shelf.of(settings.recipes)
    meanings = Meanings(store, models)
    stack.callback(meanings.stop)
    records = DetailRecords(books, shown)
    stack.callback(_at_the_end, records)
    switchboard = _switchboard(books, settings, home, models)
    stack.callback(switchboard.stop)
    vitals = Vitals(home, books, foreman, switchboard)
    vitals.start()
    stack.callback(vitals.stop)
    return Parts(
        home, books, uploads, foreman, planner, meanings, words, shelf, errands, switchboard,
        records, vitals, webhooks, Marks(ledger), on_demand, Changes(settings), settings.redaction,
    )  # fmt: skip


def _at_the_end(records: DetailRecords) -> None:
    """Write down the calls that were hung up on."""
    with suppress(VoicectlError):  # else the next daemon does
        records.write()


def _models(home: paths.Home, settings: Config) -> Path:
    return Path(settings.models) if settings.models else home.models


def foretell(home: paths.Home, settings: Config) -> None:
    """Say now, while somebody looks, which schedules will fail at night."""
    with unforeseen.survived(log, "unexpected while looking at the recipes of schedules"):
        for schedule, error in fitness.of_schedules(settings, _models(home, settings)):
            log.warning("the schedule '%s' cannot be run: %s", schedule.name, error.text)


def _webhooks(books: Books, settings: Config, home: paths.Home, stack: ExitStack) -> Webhooks:
    webhooks = Webhooks(books.ledger, settings, home)
    webhooks.start()
    stack.callback(webhooks.stop)
    books.bus.also = (webhooks.happened,)
    return webhooks


def _switchboard(books: Books, settings: Config, home: paths.Home, models: Path) -> Switchboard:
    calls = LiveCalls(books.bus)
    alarms = Alarms(calls, settings.live.alerts, settings.listen)
    steps = Chosen(settings, partial(teaching.taught, books.store, models, DEFAULT_TENANT))
    analyst = Analyst(calls, alarms, settings.live, steps, models)
    hearing = Hearing(calls, analyst, settings.live, models)
    return Switchboard(Sessions(books.ledger), settings, home, calls, hearing)


def serve(told: Told, supervised: Supervised, *, on_demand: bool) -> None:
    """Run a daemon until it is told to stop."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold calls
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (MOST_FILES if most < 0 else min(most, MOST_FILES), most)
    )
    home = paths.home()
    settings = config.read(paths.config_file())
    if settings.redaction.mask_names:
        journal.mask_names(nameless.masked_name)
    os.chdir("/")  # where the daemon was started from may be unmounted
    with only_daemon(home), ExitStack() as stack:
        stack.callback(told.heed_no_more)
        parts = build(home, settings, stack, on_demand=on_demand)
        listening = door.bind(home.socket, settings.daemon.socket_group)
        stack.callback(home.socket.unlink, missing_ok=True)
        options = uvicorn.Config(
            door.build_for_all(parts),
            log_config=None,
            access_log=False,
            http=visitors.Known,
            ws="websockets-sansio",
            ws_max_size=64 * 1024,
            ws_ping_interval=None,  # on a socket of this machine the kernel tells who is gone
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
        server = Server(options, parts)
        parts.errands.start()
        if not on_demand:
            parts.switchboard.start(partial(jobs.hand_in, parts, DEFAULT_TENANT))
            parts.vitals.prove()
        guard = threading.Thread(
            target=Guard(parts, server, told, supervised, settings).run, name="guard"
        )
        guard.start()
        stack.callback(guard.join)
        stack.callback(parts.leave.set)
        if not on_demand:
            foretell(home, settings)
        numbers = [] if on_demand else door.bind_metrics(settings.daemon.metrics_at)
        server.run(sockets=[listening, *numbers])


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
    journal.begin("voicectl", logging.INFO)
    for name in ("uvicorn", "httpx"):  # which tells the paths of requests
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with _room():
            told = Told(on_demand=given.on_demand)
            supervised = Supervised({} if given.on_demand else os.environ)
            serve(told, supervised, on_demand=given.on_demand)
    except VoicectlError as error:
        if given.tell is None or not isinstance(error, DaemonBusy):
            hint = f"\n  hint: {error.hint}" if error.hint else ""
            log.error("%s%s", error.text, hint)  # noqa: TRY400, for people, no traceback
        if given.tell is not None:
            with suppress(BrokenPipeError):  # whoever started it found another daemon
                os.write(given.tell, msgspec.json.encode(error.to_wire()))
        sys.exit(error.exit_status)
