"""A stage for tests that goes wrong where it is told to: a double, and a real package.

It is found by its entry point, as the stages of others are, when the folder that `install`
fills is on PYTHONPATH. A file beside the recording, `NAME.wav.stumble`, says what goes wrong.
"""

from __future__ import annotations

from pathlib import Path

STAGE = '''
import os, signal, time
from dataclasses import replace
from pathlib import Path

import msgspec

from voicectl.errors import RecordingError
from voicectl.interfaces import Outcome
from voicectl.understanding import Label


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Stumble:
    """The stage `stumble`."""

    name = "stumble"
    options = NoOptions
    idle_options = frozenset()
    fills = frozenset({"labels"})

    def wishes(self, options):
        return ()

    def run(self, records, options, tools):
        for index, record in enumerate(records):
            told = Path(record.audio.path + ".stumble")
            how = told.read_text() if told.exists() else "well"
            if how == "fail":
                yield Outcome(index, error=RecordingError("it stumbled", hint="clear the way"))
                continue
            if how == "raise":
                raise LookupError("nobody foresaw this")
            if how == "kill":
                tools.progress(index, 0.5)
                time.sleep(0.2)
                os.kill(os.getpid(), signal.SIGKILL)
            while how == "hang" and told.exists():
                time.sleep(0.05)
            labels = (Label("stumbling", how, 1.0, (0,)),)
            yield Outcome(index, replace(record, labels=labels), runner="stumble")
'''


def install(folder: Path) -> Path:
    """Make the package in a folder, to be put on PYTHONPATH."""
    told = folder / "voicectl_stumbling-1.0.dist-info"
    told.mkdir(parents=True)
    (folder / "voicectl_stumbling.py").write_text(STAGE)
    (told / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: voicectl-stumbling\nVersion: 1.0\n"
    )
    (told / "entry_points.txt").write_text(
        "[voicectl.stages]\nstumble = voicectl_stumbling:Stumble\n"
    )
    return folder
