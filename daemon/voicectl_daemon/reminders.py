"""What somebody may have forgotten to ask for, told before the work begins."""

from __future__ import annotations

from collections.abc import Sequence

from voicectl.types import Source
from voicectl_daemon.store import Store
from voicectl_recipes import load

VOICES = "diarize"


def of_voices(
    store: Store, tenant: str, plan: load.Plan, sources: Sequence[Source]
) -> tuple[str, ...]:
    """Say that speakers were told apart by voice before, when now they are not to be."""
    if any(step.stage.name == VOICES for step in plan):
        return ()
    number = store.told_apart(tenant, [source.path for source in sources])
    if not number:
        return ()
    which = "1 of these recordings has" if number == 1 else f"{number:,} of these recordings have"
    return (f"{which} speakers from --diarize; without it the files are written without them",)
