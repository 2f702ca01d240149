"""The machine: Python and its packages, codecs, memory, GPU, locale, limits, the clock."""

from __future__ import annotations

import importlib.util
import locale
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psutil

from voicectl import config, parse
from voicectl.health import Finding
from voicectl.sip import EXTRA, LIBRARY, MOST_CALLS
from voicectl_daemon.doctor import Patient, ok, problem, warning
from voicectl_models import device, weights
from voicectl_models.catalogue import MODEL

OLDEST_PYTHON = (3, 11)
IMPORT_SECONDS = 120.0
FEWEST_FILES = 1024
WORKER_BYTES = 350_000_000
"""Resident memory of a worker beside its weights, as measured with the smallest model."""
LATE_SECONDS = 300.0
RELEASED = datetime(2026, 11, 1).astimezone()
"""A clock that shows less is wrong."""

# Native libraries abort rather than raise: another child has to load them. What it
# named last is to blame.
_IMPORTS = """
import importlib, json, sys
for name in sys.argv[1:]:
    print(name, flush=True)
    importlib.import_module(name)
import av
wanted = ("pcm_s16le pcm_alaw pcm_mulaw gsm gsm_ms g722 g729 adpcm_ima_wav adpcm_ms mp3 aac opus "
          "vorbis flac amrnb amrwb")
known = {name.removesuffix("float") for name in av.codecs_available}
print(json.dumps([name for name in wanted.split() if name not in known]), flush=True)
"""
_LIBRARIES = (
    *("msgspec", "httpx", "websockets", "fastapi", "uvicorn", "duckdb", "huey", "numpy"),
    *("av", "onnxruntime", "ctranslate2", "faster_whisper"),
)


def python(_patient: Patient) -> Iterator[Finding]:
    """Say which Python this is."""
    seen = f"Python {platform.python_version()} in {sys.prefix}"
    if sys.version_info < OLDEST_PYTHON:
        yield problem(
            "python", f"{seen} is too old", "./install.sh with VOICECTL_PYTHON=python3.11"
        )
    else:
        yield ok("python", seen)


def packages(_patient: Patient) -> Iterator[Finding]:
    """Load every library, and ask ffmpeg's for the codecs of telephones."""
    command = [sys.executable, "-P", "-c", _IMPORTS, *_LIBRARIES]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=IMPORT_SECONDS)
        said, cause = ran.stdout.split("\n"), (ran.stderr.strip() or "killed").splitlines()[-1]
    except subprocess.TimeoutExpired:
        yield problem("packages", f"they did not load in {IMPORT_SECONDS:.0f} s", "./install.sh")
        return
    if ran.returncode != 0:
        yield problem("packages", f"{said[-2]} cannot be loaded: {cause}", "./install.sh")
        return
    yield ok("packages", f"{len(_LIBRARIES)} libraries load")
    if missing := parse.json(said[-2], list[str]):
        text = f"recordings in these formats cannot be read: {', '.join(missing)}"
        yield warning("codecs", text, "./install.sh, which brings PyAV's own wheel")
    else:
        yield ok("codecs", "every codec of telephones can be read")


def telephone(patient: Patient) -> Iterator[Finding]:
    """See whether lines can answer by SIP, when there are some; its library is an extra."""
    wanted = [each for each in config.read(patient.config).listen if each.transport == "sip"]
    remedy = f"{sys.executable} -m pip install '{EXTRA}'"
    command = [sys.executable, "-P", "-c", f"import {LIBRARY}"]
    if importlib.util.find_spec(LIBRARY) is None:
        if wanted:
            text = f"the line '{wanted[0].name}' cannot answer: {LIBRARY} is not installed"
            yield problem("sip", text, remedy)
        else:
            yield ok("sip", f"the extra is not installed, and no line needs it ({remedy})")
    elif subprocess.run(command, capture_output=True, timeout=IMPORT_SECONDS).returncode:
        tell = problem if wanted else warning
        yield tell("sip", f"{LIBRARY} is installed and cannot be loaded", f"{remedy} --force")
    else:
        lines = f"{len(wanted)} lines" if len(wanted) != 1 else "1 line"
        yield ok("sip", f"{LIBRARY} loads; {lines} by SIP, of {MOST_CALLS} calls each")


def memory(patient: Patient) -> Iterator[Finding]:
    """Compare what is free with what the largest model needs in every worker."""
    here = weights.installed(weights.default_folder())
    largest = max(((found.folder / MODEL).stat().st_size for found in here), default=0)
    count = config.read(patient.config).workers.count
    need = count * (WORKER_BYTES + largest * 3 // 2)
    whole, free = psutil.virtual_memory().total, psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # outside of a container it is not there, or says `max`
        whole = min(whole, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    free = min(whole, free)
    text = f"{free / 1e9:.1f} of {whole / 1e9:.1f} GB are free"
    remedy = "fewer workers.count in voicectl.toml, or smaller models"
    if need > whole:
        yield problem("memory", f"{text}, {need / 1e9:.1f} GB may be needed", remedy)
    elif need > free:
        yield warning("memory", f"{text} now, {need / 1e9:.1f} GB may be needed", remedy)
    else:
        yield ok("memory", text)


def gpu(_patient: Patient) -> Iterator[Finding]:
    """Try the GPU in a child."""
    found = device.probe()
    cores = f"{device.available_cores()} cores"
    if found.count:
        yield ok("gpu", f"{found.count} of NVIDIA, beside {cores}")
    elif found.reason.startswith("no NVIDIA"):
        yield ok("gpu", f"{found.reason}; the work is done on {cores}")
    else:
        text = f"{found.reason}; the work is done on {cores}"
        libraries = "nvidia-cublas-cu12 'nvidia-cudnn-cu12<10'"
        yield warning("gpu", text, f"nvidia-smi; {sys.executable} -m pip install {libraries}")


def encoding(_patient: Patient) -> Iterator[Finding]:
    """Names of recordings are UTF-8 in most places."""
    remedy = "export LC_ALL=C.UTF-8 (for a service: Environment=LC_ALL=C.UTF-8)"
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        asked = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG")
        yield warning("locale", f"the locale '{asked}' is not on this machine", remedy)
        return
    seen = locale.nl_langinfo(locale.CODESET)
    if seen.replace("-", "").upper() == "UTF8":
        yield ok("locale", "UTF-8")
    else:
        yield warning("locale", f"text is {seen}; names in other letters may break", remedy)


def descriptors(_patient: Patient) -> Iterator[Finding]:
    """A daemon with many listeners needs files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"{soft:,} files may be open at once"
    if soft < FEWEST_FILES:
        remedy = f"ulimit -n {min(4096, hard)} (for a service: LimitNOFILE=4096)"
        yield warning("open files", text, remedy)
    else:
        yield ok("open files", text)


def clock(patient: Patient) -> Iterator[Finding]:
    """Compare the clock with what was written last."""
    now, remedy = time.time(), "timedatectl set-ntp true"
    files = (patient.home.ledger, patient.home.store, patient.home.lock, patient.home.log)
    newest = max((path.stat().st_mtime for path in files if path.exists()), default=0.0)
    shown = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    if now < RELEASED.timestamp():
        yield problem("clock", f"it shows {shown}", remedy)
    elif newest > now + LATE_SECONDS:
        ahead = (newest - now) / 60
        text = f"it shows {shown}, but something was written {ahead:,.0f} minutes later"
        yield warning("clock", text, remedy)
    else:
        yield ok("clock", shown)
