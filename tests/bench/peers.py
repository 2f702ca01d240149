"""What voicectl is measured against, with the same weights on the same machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cost import Cost, run
from faster_whisper import WhisperModel

CORES = len(os.sched_getaffinity(0))
PEER = "whisper-ctranslate2"
PEER_VERSION = "0.5.8"


@dataclass(frozen=True)
class Setting:
    """One way to run the peer."""

    name: str
    flags: tuple[str, ...]


_VAD = ("--vad_filter", "True")
SWEEP = (
    Setting("beam 1", ("--beam_size", "1")),
    Setting("beam 5", ("--beam_size", "5")),
    Setting("beam 1, VAD", ("--beam_size", "1", *_VAD)),
    Setting("beam 5, VAD", ("--beam_size", "5", *_VAD)),
    Setting("batched, beam 1", ("--batched", "True", "--beam_size", "1", *_VAD)),
    Setting("batched, beam 5", ("--batched", "True", "--beam_size", "5", *_VAD)),
)


def peer() -> Path:
    """Return the peer's command; install it in an environment of its own when it is not there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    folder = Path(os.environ.get("VOICECTL_BENCH_PEER", cache / "voicectl/bench" / PEER))
    command = folder / "bin" / PEER
    if not command.exists():
        print(f"installing {PEER} in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, f"{PEER}=={PEER_VERSION}"], check=True)
    return command


def by_peer(
    recordings: Sequence[Path], weights: Path, setting: Setting, out: Path
) -> tuple[Cost, dict[str, str]]:
    """Transcribe all recordings in one command; return the cost and each text by its stem."""
    out.mkdir(exist_ok=True)
    common = ["--model_directory", weights, "--device", "cpu", "--compute_type", "int8"]
    common += ["--threads", CORES, "--language", "en", "--local_files_only", "True"]
    common += ["--output_format", "json", "--output_dir", out, "--verbose", "False"]
    cost = run([str(part) for part in (peer(), *recordings, *common, *setting.flags)])
    return cost, {path.stem: json.loads(path.read_text())["text"] for path in out.glob("*.json")}


class Plain:
    """faster-whisper as its own documentation uses it, the model loaded."""

    def __init__(self, weights: Path) -> None:
        self._whisper = WhisperModel(
            str(weights), device="cpu", compute_type="int8", cpu_threads=CORES
        )

    def hear(self, recording: Any, **options: Any) -> tuple[str, str]:
        """Return the text of a recording (a path, or samples) and its language."""
        segments, info = self._whisper.transcribe(recording, **options)
        return " ".join(segment.text.strip() for segment in segments), info.language
