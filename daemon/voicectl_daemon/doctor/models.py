"""The models: there, whole, and what they should be."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from voicectl.errors import VoicectlError
from voicectl.health import Finding
from voicectl_daemon.doctor import Patient, ok, problem, warning
from voicectl_models import weights
from voicectl_models.catalogue import MODEL, catalogue, differences, is_whisper, wrong_sizes

NEEDED = "voicectl models get tiny.en base"


def models(patient: Patient) -> Iterator[Finding]:
    """Look at sizes and headers of all models; with `deep` hash every file."""
    folder = weights.default_folder()
    places = [place for place in (folder, *folder.glob("[!.]*/")) if place.is_dir()]
    if any(place.stat().st_mode & 0o002 for place in places):
        text = f"anybody may change what is in {folder}"
        yield problem("models", text, f"chmod -R o-w {shlex.quote(str(folder))}")
    sound = []
    for place in sorted(folder.glob("[!.]*/")):
        if bad := _damage(place, folder, deep=patient.deep):
            yield bad
        else:
            sound.append(place.name)
    for left in sorted(folder.glob(".*.import/")):
        name = left.name.removeprefix(".").removesuffix(".import")
        text = f"the import of '{name}' was interrupted"
        yield warning("models", text, "run it again, it goes on where it was")
    hear = [found for found in weights.installed(folder) if _recognises(found.name)]
    if sound:
        yield ok("models", f"{', '.join(sound)} in {folder}" + (", hashed" if patient.deep else ""))
    if not hear:
        yield problem("models", f"there is none that recognises speech in {folder}", NEEDED)
    elif not any(weights.EVERY_LANGUAGE in found.languages for found in hear):
        yield warning("models", "they understand nothing but English", "voicectl models get base")


def _recognises(name: str) -> bool:
    entry = catalogue().get(name)
    return entry is None or entry.task == "asr"


def _damage(place: Path, folder: Path, *, deep: bool) -> Finding | None:
    """Return what is wrong with a model."""
    remedy = f"rm -r {shlex.quote(str(place))}; then get or import it anew"
    entry = catalogue().get(place.name)
    if entry is not None and entry.files:
        wrong = wrong_sizes(entry, place)
        pinned = {file.name: file.sha256 for file in entry.files}
        wrong = wrong or (differences(place, pinned) if deep else [])
        return problem("models", f"'{place.name}': {wrong[0]}", remedy) if wrong else None
    try:
        found = weights.find(place.name, folder)
        wrong = weights.verify(found) if deep else []
    except VoicectlError as error:
        return warning("models", f"'{place.name}' cannot be used: {error.text}", remedy)
    if not wrong and not is_whisper(place / MODEL):
        wrong = [f"{MODEL} holds no weights of Whisper"]
    return problem("models", f"'{place.name}': {wrong[0]}", remedy) if wrong else None
