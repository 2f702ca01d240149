"""CPU or GPU, which precision, how many threads: choices as pure functions.

What has to look at the machine stands below them, and never raises.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from voicectl import parse
from voicectl.errors import UsageError

log = logging.getLogger(__name__)

PROBE_SECONDS = 30
"""The first touch of a GPU can take seconds, a broken driver for ever."""
MANY_CORES = 16
"""With so many, larger models are preferred without a GPU, too."""
PROBE_VARIABLE = "VOICECTL_GPU_PROBE"
"""Names a program that is asked instead of ours; `false` hides the GPU."""

_PROBE = """
import json, ctranslate2
from voicectl_models.device import preload
preload()
count = ctranslate2.get_cuda_device_count()
types = sorted(ctranslate2.get_supported_compute_types("cuda")) if count else []
if count:
    import numpy
    on_gpu = ctranslate2.StorageView.from_array(numpy.ones((2, 2), numpy.float32))
    on_gpu.to_device(ctranslate2.Device.cuda)
print(json.dumps({"count": count, "types": types}))
"""


@dataclass(frozen=True, slots=True)
class Gpus:
    """What a probe found."""

    count: int
    reason: str
    """Why there is none to use, in words for people; empty when there is one."""
    tensor_cores: bool = False
    """True when the GPU calculates in 16-bit floats at full speed."""


class _Answer(msgspec.Struct):
    count: int
    types: list[str]


def precision(device: str, has_tensor_cores: bool) -> str:
    """Return CTranslate2's name for the arithmetic that is fast and exact enough on `device`."""
    if device == "cpu":
        return "int8"
    # Before Volta 16-bit floats are emulated or slow; 8-bit integers are not.
    return "float16" if has_tensor_cores else "int8_float32"


def bears_heavy(device: str, cores: int) -> bool:
    """Whether models that are slower than speech on a few cores are fast enough here."""
    return device == "cuda" or cores >= MANY_CORES


def threads(asked: int, available: int) -> int:
    """Return how many threads to calculate with; 0 asks for every core, more than all is cut."""
    return min(asked, max(available, 1)) if asked > 0 else max(available, 1)


def available_cores() -> int:
    """Return how many cores this process may run on: less than the machine has under taskset."""
    return len(os.sched_getaffinity(0))


def choose(asked: str, compute_type: str) -> tuple[str, str]:
    """Return the device and the arithmetic for what was asked, on this machine.

    `auto` takes a GPU when one can be used. Raises `UsageError` when a GPU is
    asked for by name and none can.
    """
    gpus = Gpus(0, "") if asked == "cpu" else probe()
    if asked == "cuda" and gpus.count == 0:
        raise UsageError(
            f"no GPU can be used: {gpus.reason}",
            hint="use --device cpu, or auto; see: voicectl doctor",
        )
    where = "cuda" if gpus.count else "cpu"
    if compute_type == "auto":
        return where, precision(where, gpus.tensor_cores)
    return where, compute_type


def probe_gpu(devices: Path = Path("/dev")) -> tuple[int, str]:
    """Return how many GPUs can be used and, when none can, why. Never raises.

    Costs nothing where there is no NVIDIA device; else it asks once, in a child.
    """
    found = probe(devices)
    return found.count, found.reason


@cache
def probe(devices: Path = Path("/dev")) -> Gpus:
    """Return what `probe_gpu` does, and whether the GPUs have tensor cores."""
    own = os.environ.get(PROBE_VARIABLE)
    # /dev/dxg is how a GPU shows inside Windows' Linux.
    if not own and not any(devices.glob("nvidia[0-9]*")) and not (devices / "dxg").exists():
        return Gpus(0, "no NVIDIA device on this machine")
    found = ask([own] if own else [sys.executable, "-P", "-c", _PROBE])
    if found.reason:
        log.warning("the GPU is not used: %s", found.reason)
    return found


def ask(command: list[str], seconds: float = PROBE_SECONDS) -> Gpus:
    """Run a probe in a child: a broken CUDA library aborts the process that loads it."""
    try:
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return Gpus(0, f"the GPU did not answer in {seconds:g} s")
    except OSError as error:
        return Gpus(0, f"the GPU could not be asked: {error.strerror}")
    if ran.returncode != 0:
        said = [line for line in ran.stderr.splitlines() if line.strip()]
        cause = said[-1].strip() if said else _ending(ran.returncode)
        return Gpus(0, f"CUDA does not work here: {cause}")
    try:
        answer = parse.json(ran.stdout, _Answer)
    except msgspec.MsgspecError:
        return Gpus(0, "the GPU's answer made no sense")
    if answer.count < 1:
        return Gpus(0, "CUDA finds no GPU")
    return Gpus(answer.count, "", tensor_cores="float16" in answer.types)


def _ending(status: int) -> str:
    if status < 0:
        return f"it was ended by {signal.Signals(-status).name}"
    return f"it ended with status {status}"


def preload() -> None:
    """Load CUDA's libraries from the wheels of the extra `gpu`, if they are installed.

    CTranslate2 looks for them by name when it first touches a GPU; the loader
    finds by name what is loaded already.
    """
    found = importlib.util.find_spec("nvidia")
    for root in found.submodule_search_locations or () if found else ():
        for pattern in ("cublas/lib/libcublasLt.so.*", "cublas/lib/*.so.*", "cudnn/lib/*.so.*"):
            for library in sorted(Path(root).glob(pattern)):
                # One of them may belong to another version; the probe tells what is missing.
                with contextlib.suppress(OSError):
                    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
