"""Where the files of a call go, and how they get there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain, count
from pathlib import Path, PurePath

from voicectl.errors import DiskFull, UsageError, VoicectlError, is_full
from voicectl.render.plain import clean

LONGEST_NAME = 255
"""Bytes in UTF-8; Linux file systems refuse a longer file name."""
ROOM_FOR_EXTENSION = 16
"""Bytes that `distinct` leaves free."""
_UNFIT = str.maketrans("/\\\t", "__ ")


def write(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8; see `write_blocks`."""
    write_blocks(path, [text.encode(errors="replace")])


def write_blocks(path: Path, blocks: Iterable[bytes]) -> None:
    """Write `blocks` to `path`: after a crash the old file or the new one is there.

    Missing folders are made. Raises `DiskFull`, or `UsageError` when the folder
    does not let us, and whatever `blocks` raises.
    """
    # Not `tempfile`: its files are 0600 whatever the umask, and so would the result be.
    draft = path.parent / f".voicectl-{secrets.token_hex(8)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("xb") as file:
            file.writelines(blocks)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        # A folder that cannot be written or does not exist holds no draft.
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _refused(path: Path, error: OSError) -> VoicectlError:
    folder = clean(str(path.parent))
    no_folder = isinstance(error, FileExistsError | NotADirectoryError)
    reason = f"{folder} is no folder" if no_folder else error.strerror
    text = f"'{clean(str(path))}' cannot be written: {reason}"
    if is_full(error):
        return DiskFull(text, hint=f"make room in {folder}, or choose another --output_dir")
    return UsageError(text, hint=f"look at the folder {folder}, or choose another --output_dir")


def candidates(folder: Path, name: str, fmt: str, call_id: str) -> list[Path]:
    """Return the files a call may be written to, the nicest first.

    For the recording `a.wav`: `a.srt`, `a.wav.srt`, `a-<call id>.srt`.
    """
    whole = _safe(name)
    stem = PurePath(whole).stem
    names = (
        _fitted(stem, f".{fmt}"),
        _fitted(whole, f".{fmt}"),
        _fitted(stem, f"-{_safe(call_id)}.{fmt}"),
    )
    return [folder / each for each in dict.fromkeys(names)]


def distinct(names: Sequence[str]) -> list[str]:
    """Return a stem for each path of one command, no two alike; a path given twice keeps one.

    `a.wav` becomes `a`; beside `a.mp3` it stays `a.wav`; beside `other/a.wav` it
    is `folder-a.wav`, with as many folders as it takes. The order of `names`
    matters only for paths that nothing else tells apart: they are numbered.
    """
    paths = [PurePath(name) for name in names]
    stems = {path: _stems(path) for path in paths}
    while alike := _alike(stems):
        for path in alike:
            stems[path].pop(0)
    numbered = _numbered([exact[0] for exact in stems.values()])
    stem_of = dict(zip(stems, numbered, strict=True))
    return [stem_of[path] for path in paths]


def _stems(path: PurePath) -> list[str]:
    """Return what a recording may be called, ever more exactly."""
    whole = _safe(path.name)
    folders = [_safe(part) for part in path.parts[:-1] if part not in (path.anchor, "..")]
    longer = ("-".join([*folders[-depth:], whole]) for depth in range(1, len(folders) + 1))
    return [
        _fitted(stem, "", ROOM_FOR_EXTENSION) for stem in (PurePath(whole).stem, whole, *longer)
    ]


def _alike(stems: Mapping[PurePath, Sequence[str]]) -> list[PurePath]:
    """Return the paths that share their first stem and have another to try."""
    seen = Counter(exact[0] for exact in stems.values())
    return [path for path, exact in stems.items() if seen[exact[0]] > 1 and len(exact) > 1]


def _numbered(stems: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for stem in stems:
        others = (_fitted(stem, f"-{number}", ROOM_FOR_EXTENSION) for number in count(2))
        found[next(free for free in chain((stem,), others) if free not in found)] = None
    return list(found)


def _safe(name: str) -> str:
    """Return `name` as a file name in one folder, whatever somebody called a recording."""
    plain = clean(name).translate(_UNFIT).strip()
    return plain if plain.strip(".") else "recording"


def _fitted(head: str, tail: str, spare: int = 0) -> str:
    """Return `head + tail`, with `head` cut so that the file system takes it."""
    room = max(0, LONGEST_NAME - spare - len(tail.encode()))
    return head.encode()[:room].decode(errors="ignore") + tail
