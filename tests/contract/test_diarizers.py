"""Every diarizer that is installed keeps its promises, on real calls with real weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from voicectl import registry
from voicectl.errors import Cancelled, ModelMissing, VoicectlError
from voicectl.interfaces import RATE, Clip, DiarizeOptions, Diarizer, Turn, Wish
from voicectl_models import decode, pool

DATA = Path(__file__).parents[1] / "data"
QUIETLY = DiarizeOptions(threads=2)


@pytest.fixture(scope="module", params=registry.names(registry.DIARIZERS))
def name(request: pytest.FixtureRequest, weights: Path) -> str:
    try:
        registry.find(registry.DIARIZERS, request.param)
        pool.candidates(Wish("diarize", "auto", backend=request.param), weights)
    except VoicectlError as error:
        pytest.skip(f"{error.text}; {error.hint}")
    return str(request.param)


@pytest.fixture(scope="module")
def diarizer(name: str, weights: Path) -> Diarizer:
    found = pool.candidates(Wish("diarize", "auto", backend=name), weights)[0]
    made: Diarizer = registry.load(registry.DIARIZERS, name)(str(found.folder), found.name, QUIETLY)
    return made


@pytest.fixture(scope="module")
def call() -> list[Clip]:
    """A minute and a half of two parties, mixed, in three pieces."""
    file = "call_es_0_2ch_mulaw.wav"
    samples = next(decode.blocks(str(DATA / file), file)).samples.mean(axis=0)
    edges = [0, int(31.0 * RATE), int(64.5 * RATE), len(samples)]
    parts = zip(edges, edges[1:], strict=False)
    return [Clip(samples[begin:end], begin / RATE) for begin, end in parts]


def told(
    diarizer: Diarizer, clips: list[Clip], options: DiarizeOptions = QUIETLY
) -> tuple[Turn, ...]:
    return diarizer.diarize(clips, options, lambda seconds: None)


@pytest.fixture(scope="module")
def turns(diarizer: Diarizer, call: list[Clip]) -> tuple[Turn, ...]:
    return told(diarizer, call)


def speaks(turns: tuple[Turn, ...], second: float) -> set[int]:
    return {turn.speaker for turn in turns if turn.start <= second < turn.end}


def test_turns_are_ordered_and_inside_the_recording(
    turns: tuple[Turn, ...], call: list[Clip]
) -> None:
    length = sum(clip.seconds for clip in call)
    assert turns
    assert list(turns) == sorted(turns, key=lambda turn: turn.start)
    for turn in turns:
        assert 0 <= turn.start < turn.end <= length + 0.1
        assert 0 <= turn.confidence <= 1


def test_speakers_are_counted_in_order_of_appearance(turns: tuple[Turn, ...]) -> None:
    assert list(dict.fromkeys(turn.speaker for turn in turns)) == [0, 1]


def test_both_parties_are_told_apart_across_pieces(turns: tuple[Turn, ...]) -> None:
    agent = [2.0, 14.5, 17.5, 40.0, 53.0, 72.0, 87.0]
    caller = [9.0, 25.0, 46.0, 60.0, 79.0]
    heard = [[speaks(turns, second) for second in side] for side in (agent, caller)]
    one, other = ({0: 0, 1: 0} | Counter(k for who in side for k in who) for side in heard)
    voice = max(one, key=lambda k: one[k])
    # The first prompt is too low for one of the segmentations that are about.
    assert one[voice] >= len(agent) - 2, heard
    assert other[1 - voice] >= len(caller) - 1, heard
    assert one[1 - voice] + other[voice] <= 2, heard


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_number_that_is_given_is_kept(diarizer: Diarizer, call: list[Clip], number: int) -> None:
    asked = DiarizeOptions(num_speakers=number)
    assert {turn.speaker for turn in told(diarizer, call, asked)} == set(range(number))


def test_pieces_are_taken_one_at_a_time(diarizer: Diarizer, call: list[Clip]) -> None:
    heard: list[float] = []
    taken: list[float] = []

    def pieces() -> Iterator[Clip]:
        for clip in call:
            taken.append(clip.offset)
            yield clip

    diarizer.diarize(pieces(), QUIETLY, heard.append)
    assert taken == [clip.offset for clip in call]
    assert heard == sorted(heard)
    assert 80 < heard[-1] <= 91


def test_where_nobody_speaks_there_are_no_turns(diarizer: Diarizer) -> None:
    assert told(diarizer, [Clip(np.zeros(10 * RATE, np.float32), 0.0)]) == ()
    assert told(diarizer, [Clip(np.zeros(0, np.float32), 0.0)]) == ()
    assert told(diarizer, []) == ()


def test_a_second_of_speech_is_somebodys(diarizer: Diarizer, call: list[Clip]) -> None:
    short = Clip(call[0].samples[int(1.0 * RATE) : int(2.2 * RATE)], 100.0)
    found = told(diarizer, [short])
    assert {turn.speaker for turn in found} <= {0}
    assert all(turn.start >= 99.9 for turn in found)


def test_it_stops_when_it_is_told_to(diarizer: Diarizer, call: list[Clip]) -> None:
    def no_longer(seconds: float) -> None:
        raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        diarizer.diarize(call, QUIETLY, no_longer)


def test_broken_weights_are_a_missing_model(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"no weights")
    with pytest.raises(ModelMissing, match="cannot be loaded"):
        registry.load(registry.DIARIZERS, name)(str(tmp_path), "broken", QUIETLY)
