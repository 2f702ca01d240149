"""A recording that grows is whole at every moment, and keeps each leg in its place."""

from __future__ import annotations

import errno
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from voicectl_daemon.media.growing import ROOM_SECONDS, Backlog, Growing

RATE = 8000
FRAME = RATE // 50


def spoken(seconds: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-9000, 9000, round(seconds * RATE)).astype("<i2")


def read(path: Path) -> np.ndarray:
    """Read it with a reader that is not ours; it believes the header."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (RATE, 2)
        raw = file.readframes(file.getnframes())
        return np.frombuffer(raw, "<i2").reshape(-1, file.getnchannels())


def fill(growing: Growing, leg: int, sound: np.ndarray, begin: float = 0.0) -> None:
    """Give a leg's sound as it is spoken, 20 ms at a time."""
    for at in range(0, len(sound), FRAME):
        frame = sound[at : at + FRAME]
        growing.add(leg, frame.tobytes(), begin + (at + len(frame)) / RATE)


def flush(growing: Growing) -> None:
    """Put on disk what has come."""
    growing.take()
    growing.write()


def close(growing: Growing) -> None:
    growing.end()
    growing.close()


def test_it_plays_at_every_moment(tmp_path: Path) -> None:
    sound, path = spoken(3.0, 1), tmp_path / "call.wav"
    growing = Growing(path, RATE, 1, Backlog())
    flush(growing)
    assert len(read(path)) == 0
    for at in range(0, len(sound), FRAME):
        growing.add(0, sound[at : at + FRAME].tobytes(), (at + FRAME) / RATE)
        if at % (5 * FRAME) == 0:
            flush(growing)
            assert growing.written == at + FRAME
            assert (read(path)[:, 0] == sound[: at + FRAME]).all()
    close(growing)
    assert (read(path)[:, 0] == sound).all()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("seconds", [1.0, 2.5 * ROOM_SECONDS])
def test_legs_lie_beside_each_other(tmp_path: Path, seconds: float) -> None:
    left, right = spoken(seconds, 1), spoken(seconds, 2)
    growing = Growing(tmp_path / "call.wav", RATE, 2, Backlog())
    for at in range(0, len(left), FRAME):
        growing.add(0, left[at : at + FRAME].tobytes(), (at + FRAME) / RATE)
        if at % (7 * FRAME) == 0:
            flush(growing)
        growing.add(1, right[at : at + FRAME].tobytes(), (at + FRAME) / RATE)
    close(growing)
    assert (read(tmp_path / "call.wav") == np.stack([left, right], axis=1)).all()


def test_a_leg_that_comes_later_is_where_it_was_spoken(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "call.wav", RATE, 2, Backlog())
    agent, caller = spoken(4.0, 1), spoken(1.0, 2)
    fill(growing, 0, agent)
    fill(growing, 1, caller, begin=3.0)
    close(growing)
    found = read(tmp_path / "call.wav")
    assert (found[:, 0] == agent).all()
    assert (found[3 * RATE :, 1] == caller).all()
    assert not found[: 3 * RATE, 1].any()


def test_a_network_that_stalls_moves_nothing(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "call.wav", RATE, 1, Backlog())
    sound = spoken(6.0, 1)
    fill(growing, 0, sound[:RATE])
    for at in range(RATE, len(sound), FRAME):  # five seconds come at once
        growing.add(0, sound[at : at + FRAME].tobytes(), 6.0)
    close(growing)
    assert (read(tmp_path / "call.wav")[:, 0] == sound).all()


def test_a_hole_is_kept_and_nothing_is_lost(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "call.wav", RATE, 1, Backlog())
    before, after = spoken(1.0, 1), spoken(5.0, 2)
    fill(growing, 0, before)
    fill(growing, 0, after, begin=41.0)
    close(growing)
    found = read(tmp_path / "call.wav")[:, 0]
    assert (found[:RATE] == before).all()
    assert (found[-2 * RATE :] == after[-2 * RATE :]).all()
    assert len(found) == 46 * RATE, "what is said late stands where it was said"
    assert np.count_nonzero(found) == np.count_nonzero(before) + np.count_nonzero(after)


def test_a_leg_that_pauses_goes_on_where_it_speaks(tmp_path: Path) -> None:
    """Telephones on hold send nothing, and then go on in time."""
    growing = Growing(tmp_path / "call.wav", RATE, 2, Backlog())
    one, other = spoken(9.0, 1), spoken(9.0, 2)
    for at in range(0, len(one), FRAME):
        now = (at + FRAME) / RATE
        growing.add(0, one[at : at + FRAME].tobytes(), now)
        if not 2 * RATE <= at < 6 * RATE:
            growing.add(1, other[at : at + FRAME].tobytes(), now)
    close(growing)
    found = read(tmp_path / "call.wav")
    assert (found[:, 0] == one).all()
    other[2 * RATE : 6 * RATE] = 0
    assert (found[:, 1] == other).all()


def test_what_may_be_read_does_not_change_any_more(tmp_path: Path) -> None:
    """One leg is always a little behind another one."""
    growing, path = Growing(tmp_path / "call.wav", RATE, 2, Backlog()), tmp_path / "call.wav"
    one, other = spoken(3.0, 1), spoken(1.5, 2)
    for at in range(0, len(one), FRAME):
        now = (at + FRAME) / RATE
        growing.add(0, one[at : at + FRAME].tobytes(), now)
        flush(growing)
        if at < len(other):
            assert growing.readable == (at + FRAME, at)
            growing.add(1, other[at : at + FRAME].tobytes(), now)
    first, second = growing.readable
    assert (first, second) == (len(one), len(one) - RATE), "a second later it is taken for silent"
    found = read(path)
    assert (found[: len(other), 1] == other).all()
    assert not found[len(other) : second, 1].any()


def test_a_burst_larger_than_memory_is_kept_whole(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "call.wav", RATE, 2, Backlog())
    sound = spoken(3 * ROOM_SECONDS, 3)
    growing.add(1, sound.tobytes(), 0.1)
    close(growing)
    assert (read(tmp_path / "call.wav")[:, 1] == sound).all()


def test_a_full_disk_is_an_error_and_no_sound_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = Growing(tmp_path / "call.wav", RATE, 1, Backlog())
    sound = spoken(2.0, 1)
    flush(growing)
    fill(growing, 0, sound)

    def full(*_given: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="space"):
            flush(growing)
    assert len(read(tmp_path / "call.wav")) == 0
    close(growing)
    assert (read(tmp_path / "call.wav")[:, 0] == sound).all()


def test_a_disk_that_hangs_costs_memory_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = round(1.5 * ROOM_SECONDS * RATE) * 2
    monkeypatch.setattr("voicectl_daemon.media.growing.MOST_WAITING", bound)
    backlog = Backlog()
    growing, other = (Growing(tmp_path / name, RATE, 1, backlog) for name in ("a.wav", "b.wav"))
    sound = spoken(6 * ROOM_SECONDS, 1)
    with pytest.raises(OSError, match="does not keep up"):
        fill(growing, 0, sound)
    fill(other, 0, sound[:RATE])
    assert not other.take(), "the bound is that of all recordings"
    assert bound <= backlog.taken <= bound + len(sound[: round(ROOM_SECONDS * RATE)].tobytes())
    growing.write()
    assert not backlog.full
    later, begin = spoken(2.0, 2), 5 * ROOM_SECONDS
    fill(growing, 0, later, begin)
    close(growing)
    close(other)
    found = read(tmp_path / "a.wav")[:, 0]
    kept = np.flatnonzero(found[: len(sound)] != sound[: len(found)])[0]
    assert kept > ROOM_SECONDS * RATE
    assert not found[kept : round(begin * RATE)].any(), "silence stands for what was lost"
    assert (found[-RATE:] == later[-RATE:]).all()
    assert (read(tmp_path / "b.wav")[:, 0] == sound[:RATE]).all()
    assert backlog.taken == backlog.written
