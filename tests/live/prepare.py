"""Fetches the Asterisk that live tests call, as a folder: no root, no container, no compiler.

Debian 12 has no asterisk package, Debian sid has. apt works out what it needs and
checks signatures and sums; the packages are unpacked, nothing of them is run or
installed, and the program is started by its own loader with its own libraries:

    python -m tests.live.prepare      15 s, 100 MB over the network, 250 MB on disk, once
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FLOOR = (22, 10, 1)
"""Older ones can be silenced by anybody with one NOTIFY (CVE-2026-57191)."""
USUAL_MIRROR = "http://deb.debian.org/debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FORMAT = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)"
KEPT = ("usr/lib", "usr/lib64", "usr/sbin/asterisk", "usr/share/asterisk")
"""What of all the packages is needed."""
_usual = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
FOLDER = Path(os.environ.get("VOICECTL_TEST_ASTERISK") or _usual / "voicectl" / "asterisk")
FOLDER = FOLDER.absolute()
"""Where it is kept; removing the folder has it fetched again."""
PROGRAM = FOLDER / "asterisk"
"""Takes arguments as `asterisk` does."""
_STARTER = """#!/bin/sh
# Starts this folder's Asterisk with this folder's libraries.
here=$(dirname "$(readlink -f "$0")")
exec "$here/{loader}" --library-path "$here/{libraries}" "$here/usr/sbin/asterisk" "$@"
"""


class CannotPrepare(Exception):
    """Why there can be no test Asterisk on this machine."""


def prepare(folder: Path = FOLDER) -> str:
    """Fetch it unless it is there, and return its version. Raises `CannotPrepare`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if not (folder / "asterisk").exists():
            _clear(folder)
            unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.new-", dir=folder.parent))
            try:
                _fetch(unfinished)
                version(unfinished)
                unfinished.rename(folder)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        return version(folder)


def version(folder: Path = FOLDER) -> str:
    """Return what the program says it is. Raises `CannotPrepare`."""
    ran = subprocess.run([folder / "asterisk", "-V"], capture_output=True, text=True, check=False)
    words = ran.stdout.split()
    if ran.returncode or len(words) != 2:
        raise CannotPrepare(f"what is in {folder} does not start: {ran.stderr.strip()[-200:]}")
    number = words[1].partition("+")[0].partition("~")[0]
    if tuple(int(part) for part in number.split(".")) < FLOOR:
        raise CannotPrepare(f"Asterisk {number} in {folder} is too old")
    return number


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one preparation work at a time; others wait for what it brings."""
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _clear(folder: Path) -> None:
    """Remove what is no Asterisk, and what was left by preparations that were killed."""
    for left in (folder, *folder.parent.glob(f"{folder.name}.new-*")):
        shutil.rmtree(left, ignore_errors=True)


def _fetch(folder: Path) -> None:
    if not shutil.which("apt-get") or not KEYRING.exists():
        raise CannotPrepare(f"it comes from Debian, by apt-get and {KEYRING}")
    apt = _Apt(folder / "apt")
    apt.run("update")
    apt.run("install", "--yes", "--download-only", "--no-install-recommends", "asterisk")
    unpacked = folder / "unpacked"
    for package in sorted((apt.folder / "cache" / "archives").glob("*.deb")):
        _run("dpkg-deb", "--extract", package, unpacked)
    for kept in KEPT:
        if (unpacked / kept).exists():
            (folder / kept).parent.mkdir(parents=True, exist_ok=True)
            (unpacked / kept).rename(folder / kept)
    shutil.rmtree(unpacked)
    shutil.rmtree(apt.folder)
    _write_starter(folder)


def _write_starter(folder: Path) -> None:
    loaders = [*folder.glob("usr/lib64/ld-linux*.so.*"), *folder.glob("usr/lib/ld-linux*.so.*")]
    modules = [*folder.glob("usr/lib/*/asterisk/modules")]
    if not loaders or not modules:
        raise CannotPrepare("Debian's packages do not lie where they did")
    text = _STARTER.format(
        loader=loaders[0].relative_to(folder),
        libraries=modules[0].parents[1].relative_to(folder),
    )
    (folder / "asterisk").write_text(text)
    (folder / "asterisk").chmod(0o755)


class _Apt:
    """apt with books of its own: it sees sid alone, and this machine's apt sees nothing of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial", "none"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        source = f"deb [signed-by={KEYRING}] {_mirror()} sid main\n"
        (folder / "sources.list").write_text(source)
        self._options = [
            f"Dir::Etc::SourceList={folder / 'sources.list'}",
            f"Dir::Etc::SourceParts={folder / 'none'}",
            "Dir::Etc::Preferences=/dev/null",
            f"Dir::Etc::PreferencesParts={folder / 'none'}",
            f"Dir::State={folder}",
            f"Dir::State::status={folder / 'status'}",
            f"Dir::Cache={folder / 'cache'}",
            "Acquire::Languages=none",
            "APT::Update::Error-Mode=any",
            # Root's apt would download as a user who may not enter this folder.
            f"APT::Sandbox::User={'root' if os.getuid() == 0 else ''}",
        ]

    def run(self, *arguments: str) -> None:
        """Run `apt-get`. Raises `CannotPrepare`."""
        options = [part for option in self._options for part in ("-o", option)]
        _run("apt-get", "-q", *options, *arguments)


def _mirror() -> str:
    """Return where this machine has its own Debian packages from, as far as apt can tell."""
    said = _run("apt-get", "indextargets", "--format", FORMAT, "Created-By: Packages")
    for line in said.splitlines():
        origin, label, component, address = line.split("|")
        if (origin, label, component) == ("Debian", "Debian", "main"):
            return address
    return USUAL_MIRROR


def _run(*command: str | Path) -> str:
    surroundings = os.environ | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings)
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if line.strip()]
        raise CannotPrepare(f"{command[0]} failed: {said[-1] if said else ran.returncode}")
    return ran.stdout


def main() -> None:
    """Prepare it and say what there is."""
    try:
        sys.stdout.write(f"Asterisk {prepare()} in {FOLDER}\n")
    except (CannotPrepare, OSError) as error:
        sys.exit(f"there is no test Asterisk: {error}")


if __name__ == "__main__":
    main()
