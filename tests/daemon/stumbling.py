"""A stage for tests that goes wrong where it is told to: a double, and a real package.

It is found by its entry point, as the stages of others are, when the folder that `install`
fills is on PYTHONPATH. A file beside the recording, `NAME.wav.stumble`, says what goes wrong.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicectl.types import Ask, CallRecord, Source, Task
from voicectl_daemon.ledger import Ledger

if TYPE_CHECKING:
    from tests.conftest import Site
    from tests.daemon.conftest import Desk

STAGE = '''
import ctypes, os, signal, time
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
    reads = frozenset({"transcript"})

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
            if how == "exit":
                os._exit(3)
            if how == "fault":
                ctypes.string_at(0)
            if how == "sleep":
                time.sleep(3600)
            if how == "hold":
                ctypes.PyDLL(None).sleep(3600)  # nothing else of the process can run meanwhile
            while how == "busy":
                tools.progress(index, 0.5)
                time.sleep(0.05)
            while how == "hang" and told.exists():
                time.sleep(0.05)
            labels = (Label("stumbling", how, 1.0, (0,)),)
            found = {} if "entities" in self.fills else {"labels": labels}
            yield Outcome(index, replace(record, **found), runner="stumble")


class Names(Stumble):
    """The stage `stumble_names`."""

    name = "stumble_names"
    fills = frozenset({"entities"})
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
        "stumble_names = voicectl_stumbling:Names\n"
    )
    return folder


HEAR = {"stage": "transcribe", "options": {"language": "en", "temperature": [0.0]}}
STEPS = [HEAR, {"stage": "stumble"}]


class Recipes:
    """Hands in recipes that are not shipped: what a job is to do is written into the ledger."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.desk: Desk

    def ask(self, *paths: Path, steps: list[dict[str, Any]] = STEPS, **more: Any) -> str:
        """Write a job down while no daemon is there, and start one."""
        if self.site.pid is not None:
            self.site.end()
        self.site.home.folder.mkdir(mode=0o700, exist_ok=True)
        ledger = Ledger(self.site.home.ledger)
        sources = tuple(Source(str(path), path.name) for path in paths)
        job = ledger.add_job(Ask(sources, **more), json.dumps(steps).encode(), "default")
        ledger.close()
        self.desk.door.job(job.id)
        return job.id

    def wait(self, job: str) -> list[Task]:
        """Wait for its end."""
        return self.desk.wait(self.desk.door.job(job))

    def do(self, *paths: Path, **more: Any) -> list[Task]:
        """Hand in and wait."""
        return self.wait(self.ask(*paths, **more))

    def again(self, job: str, stage: str | None = None) -> list[Task]:
        """Retry a job and wait."""
        self.desk.door.retry(job, stage)
        return self.wait(job)

    def record(self, task: Task) -> CallRecord:
        """What is kept of a task."""
        assert task.call is not None
        return self.desk.door.call(task.call, task.key)


def spoil(path: Path, how: str) -> Path:
    """Have the step `stumble` go wrong for a recording."""
    told = path.with_name(path.name + ".stumble")
    told.write_text(how)
    return told


def taken(record: CallRecord) -> list[str]:
    return [step.stage for step in record.done]
