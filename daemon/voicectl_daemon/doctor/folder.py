"""The data folder: whose it is, who may look into it, room, schemas; and the config file."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from voicectl import config as configuration
from voicectl.errors import DaemonBusy, VoicectlError
from voicectl.health import Finding
from voicectl_daemon import duck, schema
from voicectl_daemon.doctor import Patient, ok, problem, warning
from voicectl_models import weights

LITTLE, TOO_LITTLE = 2_000_000_000, 100_000_000
"""Bytes."""
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.glusterfs", "afs"}
_SQLITE = b"SQLite format 3\0"
_VERSION_AT = 60
"""Where SQLite keeps `user_version`, four bytes, the highest first."""


def config(patient: Patient) -> Iterator[Finding]:
    """Read the config file, and see who may change it."""
    path = patient.config
    if path is None:
        yield ok("config", "there is no config file, the defaults hold")
        return
    configuration.read(path)
    seen = path.stat()
    if seen.st_mode & 0o022:
        yield problem("config", f"others may change {path}", f"chmod go-w {_quoted(path)}")
    elif seen.st_uid not in (0, os.getuid()):
        yield warning("config", f"{path} belongs to somebody else", f"chown root {_quoted(path)}")
    else:
        yield ok("config", f"{path} is valid")


def data_folder(patient: Patient) -> Iterator[Finding]:
    """See whose the data folder is and who may enter it."""
    folder = patient.home.folder
    if not folder.exists():
        yield ok("folder", f"{folder} is not there yet; the first command makes it")
        return
    yield from _private("folder", folder, 0o710 if _shared(patient) else 0o700)
    if _is_read_only(folder):
        *_, place = takewhile(_is_read_only, (folder, *folder.parents))
        yield problem("folder", f"{place} is mounted read-only, and {folder} lies there",
                      f"mount -o remount,rw {_quoted(place)}")  # fmt: skip
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield problem("folder", f"{folder} cannot be written", f"chmod u+rwx {_quoted(folder)}")


def _is_read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def private_files(patient: Patient) -> Iterator[Finding]:
    """See who may read the books, the recordings and the socket."""
    home = patient.home
    if not home.folder.is_dir():
        return
    found = []
    for path in sorted(home.folder.iterdir()):
        if path not in (home.models, home.socket.parent) and not path.is_symlink():
            found += _private("files", path, 0o700)
    shared = _shared(patient)
    for path, mode in ((home.socket.parent, 0o710 if shared else 0o700),
                       (home.socket, 0o660 if shared else 0o600)):  # fmt: skip
        if path.exists():
            found += _private("socket", path, mode)
    bad = [each for each in found if each.remedy]
    yield from bad or [ok("files", f"only you can read what is in {home.folder}")]


def _private(check: str, path: Path, mode: int) -> list[Finding]:
    """Return what is wrong with owner and mode; bits that are missing are no matter here."""
    seen = path.stat()
    if seen.st_uid != os.getuid():
        remedy = f"chown -R $(id -u) {_quoted(path)}; or run voicectl as its owner"
        return [problem(check, f"{path} belongs to another user ({seen.st_uid})", remedy)]
    if seen.st_mode & 0o777 & ~mode:
        remedy = (
            f"chmod {mode & (0o700 if path.is_dir() else 0o600) | mode & 0o070:o} {_quoted(path)}"
        )
        return [problem(check, f"others can reach {path} (mode {seen.st_mode & 0o777:o})", remedy)]
    return [ok(check, f"{path} is yours alone" if not mode & 0o077 else f"{path} is shared")]


def _shared(patient: Patient) -> bool:
    try:
        return bool(configuration.read(patient.config).daemon.socket_group)
    except VoicectlError:
        return False


def disk(patient: Patient) -> Iterator[Finding]:
    """See how much room there is where voicectl writes."""
    places = {"data": patient.home.folder, "temporary files": Path(tempfile.gettempdir())}
    places["models"] = weights.default_folder()
    told = set()
    for what, folder in places.items():
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if (disk_of := there.stat().st_dev) in told:
            continue
        told.add(disk_of)
        yield _room(what, there)


def _room(what: str, folder: Path) -> Finding:
    seen = os.statvfs(folder)
    free = seen.f_bavail * seen.f_frsize
    text, remedy = f"{free / 1e9:.1f} GB are free for {what} in {folder}", f"make room in {folder}"
    if free < TOO_LITTLE or (seen.f_files and not seen.f_favail):
        return problem("disk", f"the disk is full: {text}", remedy)
    return warning("disk", text, remedy) if free < LITTLE else ok("disk", text)


def file_system(patient: Patient) -> Iterator[Finding]:
    """Locks and shared memory of databases do not hold across a network."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    folder = patient.home.folder.resolve()
    around = [(len(place), kind) for place, kind in mounts if folder.is_relative_to(place)]
    kind = max(around, default=(0, "unknown"))[1]
    if kind in NETWORK:
        remedy = "VOICECTL_HOME=/a/folder/on/a/local/disk"
        yield problem("file system", f"{folder} is on {kind}, where databases break", remedy)
    else:
        yield ok("file system", kind)


def books(patient: Patient) -> Iterator[Finding]:
    """See whether this program knows the schemas of ledger and store."""
    home, restore = patient.home, "put a backup in its place, or move it away to begin anew"
    if home.ledger.exists():
        with home.ledger.open("rb") as file:
            head = file.read(100)
        if head and not head.startswith(_SQLITE):
            yield problem("ledger", f"{home.ledger} is damaged", restore)
        else:
            version = int.from_bytes(head[_VERSION_AT : _VERSION_AT + 4], "big")
            schema.missing("ledger.sql", version, "ledger")
            yield ok("ledger", f"schema {version}")
    if home.store.exists():
        try:
            version = duck.look(home.store)
        except DaemonBusy:
            yield ok("store", "a daemon has it open")
            return
        schema.missing("store.sql", version, "store")
        yield ok("store", f"schema {version}")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
