"""Reads recordings as a worker does, within limits, and says how each one ended.

    python -m tests.soak.child < lines of [path, name]

What it cannot survive (a crash, too much memory, too much time) ends it, and the
parent knows at which recording.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import numpy as np

from voicectl.errors import RecordingError
from voicectl.interfaces import TranscribeOptions
from voicectl.types import Audio
from voicectl_models import decode
from voicectl_models.recording import Recorded

CPU_SECONDS = 20
"""For one recording of a few seconds."""
ADDRESS_SPACE = 4 << 30
"""Bytes; libraries alone map more than one GB."""


def confine() -> None:
    """Give this process no room for more than a recording takes."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read(path: str, name: str) -> dict[str, Any]:
    """Return how a recording ends: `seconds` and `warnings`, or `error`."""
    try:
        shape = decode.probe(path, name)
        audio = Audio(path, name, shape.seconds, shape.rate, shape.channels, shape.codec, "")
        recorded = Recorded(audio, "auto", TranscribeOptions().piece_seconds)
        for piece in recorded.pieces():
            for clip in piece.clips:
                assert np.isfinite(clip.samples).all()
                assert np.abs(clip.samples).max(initial=0.0) <= 1.0
    except RecordingError as error:
        return {"error": error.text}
    return {"seconds": recorded.seconds, "warnings": list(recorded.warnings)}


def main() -> None:
    """Answer each line with one."""
    confine()
    for line in sys.stdin:
        path, name = json.loads(line)
        began = time.process_time()
        end = int(began) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (end, resource.RLIM_INFINITY))
        try:
            answer = read(path, name)
        except Exception as error:  # noqa: BLE001, what nobody thought of is what is looked for
            answer = {"unexpected": repr(error)}
        answer["took"] = time.process_time() - began
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
