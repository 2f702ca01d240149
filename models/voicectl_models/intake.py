"""Taking weights over from a folder or a bundle: copied once, checked, then visible.

What a copy that was interrupted has left is compared with its source and kept as
far as it is the same. A model becomes visible when every byte of it was checked.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voicectl.errors import DiskFull, ModelMissing, VoicectlError
from voicectl_models.catalogue import MODEL, SUMS, catalogue, differences, is_whisper
from voicectl_models.fetch import Tell, alone

BLOCK = 1 << 20
_FORM = "a model is a folder in CTranslate2 form, as faster-whisper uses it"


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a model that is offered."""

    name: str
    size: int
    """Bytes."""
    sha256: str
    """Empty when nobody has promised one."""
    open: Callable[[], AbstractContextManager[BinaryIO]]


def of_folder(folder: Path) -> list[Piece]:
    """Return the files of a folder of weights; what a link leads to is followed.

    Raises `ModelMissing` when there are no weights of Whisper in it.
    """
    if not (folder / MODEL).is_file():
        raise ModelMissing(f"there is no {MODEL} in the folder {folder}", hint=_FORM)
    promised = sums_of(folder)
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    return [
        Piece(path.name, path.stat().st_size, promised.get(path.name, ""), _opener(path))
        for path in files
        if not path.name.startswith(".") and path.name != SUMS
    ]


def take_in(name: str, pieces: Sequence[Piece], models_folder: Path, tell: Tell) -> None:
    """Make a model of `pieces`; safe to be killed and run again.

    Raises `ModelMissing` when they are not what they should be, `DiskFull`, and
    `VoicectlError` when another model has the name.
    """
    target, work = models_folder / name, models_folder / f".{name}.import"
    entry = catalogue().get(name)
    pinned = {file.name: file.sha256 for file in entry.files} if entry else {}
    with alone(name, models_folder, tell):
        if target.exists():
            _demand_same(target, pieces)
            tell(f"{name}: already here")
            return
        work.mkdir(exist_ok=True)
        _demand_room(pieces, work)
        tell(f"{name}: copying")
        seen = {piece.name: _take(piece, work, pinned.get(piece.name, "")) for piece in pieces}
        _demand_whole(name, work, pinned)
        for stray in set(os.listdir(work)) - set(seen):  # noqa: PTH208, names are enough
            (work / stray).unlink()
        if not pinned:
            _write_sums(work, seen)
            tell(f"{name}: its SHA-256 is {seen[MODEL]}, believed from now on because nothing")
            tell("  says what it should be; compare it with what its maker publishes")
        work.rename(target)
    tell(f"{name}: ready in {target}")


def sums_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file, as they were when the model was taken over."""
    try:
        lines = (folder / SUMS).read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.split(maxsplit=1) for line in lines)
    return {pair[1].lstrip("*"): pair[0] for pair in pairs if len(pair) == 2}


def lay(blocks: Iterable[bytes], out: BinaryIO) -> str:
    """Make the file `out` consist of `blocks`, writing only what differs; returns the SHA-256."""
    digest, same = hashlib.sha256(), True
    for block in blocks:
        digest.update(block)
        if same:
            there = out.read(len(block))
            same = there == block
            if same:
                continue
            out.seek(-len(there), os.SEEK_CUR)
        out.write(block)
    out.truncate()
    out.flush()
    return digest.hexdigest()


def blocks_of(source: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield `size` bytes. Raises `VoicectlError` when there are fewer."""
    while size > 0:
        block = source.read(min(BLOCK, size))
        if not block:
            raise VoicectlError("the weights end too early", hint="copy them here once more")
        size -= len(block)
        yield block


def _take(piece: Piece, work: Path, pinned: str) -> str:
    """Copy one file and return its SHA-256."""
    path = work / piece.name
    path.touch()
    with piece.open() as source, path.open("r+b") as out:
        found = lay(blocks_of(source, piece.size), out)
        os.fsync(out.fileno())
    for wanted in (pinned, piece.sha256):
        if wanted and found != wanted:
            path.unlink()
            raise ModelMissing(
                f"the SHA-256 of {piece.name} is {found}, {wanted} was expected",
                hint="nothing of it was kept; get it once more, from somebody you trust",
            )
    return found


def _demand_whole(name: str, work: Path, pinned: Mapping[str, str]) -> None:
    missing = sorted(name for name in (MODEL, *pinned) if not (work / name).is_file())
    if missing:
        raise ModelMissing(f"{missing[0]} of the model '{name}' is missing", hint=_FORM)
    entry = catalogue().get(name)
    if (entry is None or entry.task == "asr") and not is_whisper(work / MODEL):
        shutil.rmtree(work)
        raise ModelMissing(f"the {MODEL} of '{name}' holds no weights of Whisper", hint=_FORM)


def _demand_same(target: Path, pieces: Sequence[Piece]) -> None:
    wanted = {}
    for piece in pieces:
        with piece.open() as source:
            wanted[piece.name] = piece.sha256 or digest_of(source, piece.size)
    if differences(target, wanted):
        raise VoicectlError(
            f"there already is another model '{target.name}' in {target.parent}",
            hint=f"remove it with: rm -r {target}; or import yours under another name",
        )


def digest_of(source: BinaryIO, size: int) -> str:
    """Return the SHA-256 of the next `size` bytes."""
    digest = hashlib.sha256()
    for block in blocks_of(source, size):
        digest.update(block)
    return digest.hexdigest()


def _demand_room(pieces: Sequence[Piece], work: Path) -> None:
    here = sum(path.stat().st_size for path in work.iterdir())
    needed, free = sum(piece.size for piece in pieces) - here, shutil.disk_usage(work).free
    if needed > free:
        raise DiskFull(
            f"the model needs {needed / 1e6:,.0f} MB in {work.parent}, {free / 1e6:,.0f} are free",
            hint='make room, or name another folder in voicectl.toml: models = "/path"',
        )


def _write_sums(folder: Path, seen: Mapping[str, str]) -> None:
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(seen.items()))
    with (folder / SUMS).open("w") as file:
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())


def _opener(path: Path) -> Callable[[], AbstractContextManager[BinaryIO]]:
    return lambda: path.open("rb")
