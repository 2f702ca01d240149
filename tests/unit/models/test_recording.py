"""Recordings in pieces: whole, in order, and the same from whichever piece one goes on."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicectl.errors import Cancelled
from voicectl.interfaces import RATE
from voicectl.types import Audio
from voicectl_models.recording import Recorded, quiet_place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

PIECE = 5.0
FORMS = [("pcm_mulaw", "wav"), ("libmp3lame", "mp3"), ("libopus", "ogg"), ("flac", "flac")]


def opened(path: Path, piece_seconds: float = PIECE) -> Recorded:
    audio = Audio(str(path), path.name, 0.0, 8000, 2, "", "")
    return Recorded(audio, "auto", piece_seconds)


@pytest.mark.parametrize(("codec", "form"), FORMS)
def test_the_same_pieces_from_wherever_one_goes_on(
    codec: str,
    form: str,
    call: NDArray[np.float32],
    encode: Callable[..., Path],
    tmp_path: Path,
) -> None:
    rate = 48_000 if codec == "libopus" else 8_000
    path = encode(tmp_path / f"call.{form}", call[:, : 32 * RATE], codec, form, rate)
    whole = opened(path)
    pieces = list(whole.pieces())

    assert len(pieces) >= 5
    assert pieces[0].offset == 0
    assert [piece.more for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert all(a.end == pytest.approx(b.offset) for a, b in pairwise(pieces))
    assert {len(piece.clips) for piece in pieces} == {2}
    for number, piece in enumerate(pieces):
        again = opened(path)
        rest = list(again.pieces(pieces[number - 1].end if number else 0.0, whole.legs))
        assert len(rest) == len(pieces) - number
        assert (rest[0].offset, rest[-1].end) == (piece.offset, pieces[-1].end)
        for found, expected in zip(rest, pieces[number:], strict=True):
            assert (found.offset, found.more) == (expected.offset, expected.more)
            for one, other in zip(found.clips, expected.clips, strict=True):
                assert (one.offset, one.channel) == (other.offset, other.channel)
                assert np.array_equal(one.samples, other.samples)
    assert list(opened(path).pieces(pieces[-1].end, whole.legs)) == []


def test_a_short_recording_is_one_piece(
    call: NDArray[np.float32], encode: Callable[..., Path], tmp_path: Path
) -> None:
    path = encode(tmp_path / "call.wav", call[:, : 3 * RATE], "pcm_mulaw", "wav")
    (piece,) = opened(path).pieces()
    assert (piece.offset, piece.more) == (0.0, False)
    assert piece.seconds == pytest.approx(3.0, abs=0.01)


def test_whoever_is_told_of_blocks_may_end_it(
    call: NDArray[np.float32], encode: Callable[..., Path], tmp_path: Path
) -> None:
    """Also while all of it is listened to, before the first piece comes."""
    path = encode(tmp_path / "call.wav", call[:, : 30 * RATE], "pcm_mulaw", "wav")
    blocks = 0

    def alive() -> None:
        nonlocal blocks
        blocks += 1
        if blocks == 4:
            raise Cancelled("cancelled")

    audio = Audio(str(path), path.name, 0.0, 8000, 2, "", "")
    with pytest.raises(Cancelled):
        next(Recorded(audio, "auto", PIECE, alive).pieces())
    assert blocks == 4


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.3, 1.0, 7.0, 100.0])
def test_a_cut_is_inside_and_never_in_the_first_half(seconds: float) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (2, int(seconds * RATE))).astype(np.float32)
    noise[:, int(0.8 * seconds * RATE) :][:, : RATE // 2] = 0
    place = quiet_place(noise)
    assert noise.shape[1] // 2 <= place <= noise.shape[1]
    if seconds >= 7:
        assert place / RATE == pytest.approx(0.8 * seconds + 0.25, abs=0.3)
