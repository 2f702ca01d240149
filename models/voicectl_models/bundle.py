"""Models in one file, for a machine without a network: written, and taken over elsewhere.

A bundle is a plain tar (USTAR). First comes a manifest, then the files of every
model in its order. What is not exactly so is refused before anything is copied:
nothing in a bundle chooses a path, nothing in it is compressed.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from voicectl import parse
from voicectl.errors import UsageError, VoicectlError
from voicectl_models.catalogue import NAME, catalogue, differences
from voicectl_models.fetch import Tell, plain_sentences
from voicectl_models.intake import Piece, blocks_of, digest_of, lay, of_folder, sums_of, take_in
from voicectl_models.weights import Weights

MANIFEST = "voicectl-models.json"
FORM = 1
LONGEST_MANIFEST = 1 << 20
"""Bytes."""
_UNIT = tarfile.BLOCKSIZE


class Sum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file."""

    name: str
    size: int
    """Bytes."""
    sha256: str


class Carried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model."""

    name: str
    licence: str | None
    """None for weights that the catalogue does not know."""
    files: tuple[Sum, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle carries."""

    form: int
    models: tuple[Carried, ...]


def write(models: Sequence[Weights], target: Path, tell: Tell) -> None:
    """Write models to `target`, whole or not at all; goes on where it was interrupted.

    Raises `VoicectlError` when a model is not what it should be.
    """
    draft = target.with_name(f"{target.name}.part")
    carried = [_carried(model, tell) for model in models]
    with plain_sentences(
        target.parent, "the bundle cannot be written", "make room, or write it elsewhere"
    ):
        draft.touch()
        with draft.open("r+b") as out:
            tell(f"{target}: writing")
            lay(_bytes_of(Manifest(FORM, tuple(carried)), models), out)
            os.fsync(out.fileno())
        draft.replace(target)
    tell(f"{target}: {', '.join(model.name for model in models)}")
    tell(f"  on the other machine: voicectl models import {target.name}")


def take_over(path: Path, wanted: Sequence[str], models_folder: Path, tell: Tell) -> None:
    """Take over the models of a bundle: those of `wanted`, else all that the catalogue knows.

    Raises `UsageError` when it is no bundle or lacks a wanted model.
    """
    with _open(path) as file:
        manifest, places = _contents(file, path)
    names = [model.name for model in manifest.models]
    if lacking := [name for name in wanted if name not in names]:
        raise UsageError(
            f"the bundle does not carry '{lacking[0]}'", hint=f"it carries: {', '.join(names)}"
        )
    for model in manifest.models:
        if model.name not in (wanted or catalogue()):
            hint = "" if wanted else f", to take it over: voicectl models import {path} "
            tell(f"{model.name}: left alone{hint and hint + model.name}")
            continue
        pieces = [
            Piece(f.name, f.size, f.sha256, _opener(path, places[f"{model.name}/{f.name}"]))
            for f in model.files
        ]
        take_in(model.name, pieces, models_folder, tell)


def _carried(model: Weights, tell: Tell) -> Carried:
    """Return what the manifest says of a model; every byte of it is read."""
    entry = catalogue().get(model.name)
    known = {file.name: file.sha256 for file in entry.files} if entry else {}
    wanted = known or sums_of(model.folder)
    tell(f"{model.name}: comparing SHA-256")
    if wrong := differences(model.folder, wanted):
        raise VoicectlError(
            f"the model '{model.name}' is damaged: {wrong[0]}",
            hint=f"look at it with: voicectl models verify {model.name}",
        )
    files = [piece for piece in of_folder(model.folder) if not known or piece.name in known]
    sums = []
    for piece in files:
        with piece.open() as source:
            sha256 = wanted.get(piece.name) or digest_of(source, piece.size)
        sums.append(Sum(piece.name, piece.size, sha256))
    return Carried(model.name, entry.licence if entry else None, tuple(sums))


def _bytes_of(manifest: Manifest, models: Sequence[Weights]) -> Iterator[bytes]:
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    yield _header(MANIFEST, len(encoded))
    yield _filled(encoded)
    for carried, model in zip(manifest.models, models, strict=True):
        for file in carried.files:
            yield _header(f"{model.name}/{file.name}", file.size)
            with (model.folder / file.name).open("rb") as source:
                yield from blocks_of(source, file.size)
            yield bytes(-file.size % _UNIT)
    yield bytes(2 * _UNIT)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT)


def _filled(content: bytes) -> bytes:
    return content + bytes(-len(content) % _UNIT)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"the bundle {path} cannot be read: {error.strerror}") from error


def _contents(file: BinaryIO, path: Path) -> tuple[Manifest, dict[str, int]]:
    """Return the manifest, and where in the bundle the content of each file begins.

    Raises `UsageError` when there is anything else in it, or anything missing.
    """
    whole = os.fstat(file.fileno()).st_size
    name, size = _member(file, path)
    if name != MANIFEST or size > LONGEST_MANIFEST:
        raise _no_bundle(path, f"it does not begin with {MANIFEST}")
    try:
        manifest = parse.json(file.read(size), Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _no_bundle(path, f"its manifest cannot be read: {error}") from error
    if manifest.form != FORM:
        raise _no_bundle(path, "it was written by a newer voicectl")
    places = {}
    for wanted, length in _promised(manifest, path):
        file.seek(-file.tell() % _UNIT, os.SEEK_CUR)
        if _member(file, path) != (wanted, length) or wanted in places:
            raise _no_bundle(path, f"{wanted} is not where the manifest says")
        places[wanted] = file.tell()
        if file.tell() + length > whole:
            raise _no_bundle(path, "it ends too early; copy it here once more")
        file.seek(length, os.SEEK_CUR)
    return manifest, places


def _promised(manifest: Manifest, path: Path) -> Iterable[tuple[str, int]]:
    for model in manifest.models:
        for file in model.files:
            if not all(NAME.fullmatch(name) for name in (model.name, file.name)):
                raise _no_bundle(path, f"it holds a file of the name {model.name}/{file.name}")
            yield f"{model.name}/{file.name}", file.size


def _member(file: BinaryIO, path: Path) -> tuple[str, int]:
    """Return name and size of the plain file whose header is next."""
    try:
        info = tarfile.TarInfo.frombuf(file.read(_UNIT), "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise _no_bundle(path, str(error)) from error
    if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.size < 0:
        raise _no_bundle(path, f"{info.name} is no plain file")
    return info.name, info.size


def _no_bundle(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is no bundle of models: {why}",
        hint="bundles are written by: voicectl models export",
    )


def _opener(path: Path, place: int) -> Callable[[], AbstractContextManager[BinaryIO]]:
    @contextmanager
    def opened() -> Iterator[BinaryIO]:
        with _open(path) as file:
            file.seek(place)
            yield file

    return opened
