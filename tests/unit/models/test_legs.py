"""Which channels are legs: measured on real calls, and on recordings doubled in many ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.models.conftest import samples_of
from voicectl_models import decode
from voicectl_models.legs import ChannelMeter, LegPlan, legs, verdict

RATE = 16_000
DATA = Path(__file__).parents[2] / "data"
SHARED = Path(__file__).parents[3].parent / "shared" / "data"


def plan_of(samples, wish="auto", step=5 * RATE + 321):
    """Decide on samples that come in pieces that fit nothing."""
    meter = ChannelMeter()
    for start in range(0, samples.shape[1], step):
        meter.add(decode.Block(start / RATE, samples[:, start : start + step]))
    return verdict(meter, wish)


def read(path):
    if not path.exists():
        pytest.skip(f"the recording {path.name} is not on this machine")
    return samples_of(path)


def both(*sides):
    shortest = min(side.size for side in sides)
    return np.stack([side[:shortest] for side in sides]).astype(np.float32)


def later(samples, milliseconds):
    shift = round(milliseconds * RATE / 1_000)
    return np.concatenate((np.zeros(shift, np.float32), samples))[: samples.size]


def hiss(size, level, seed=0):
    noise = np.random.default_rng(seed).standard_normal(size) * 10 ** (level / 20)
    return noise.astype(np.float32)


@pytest.mark.parametrize(
    "path",
    [
        DATA / "call_en_0_2ch_mulaw.wav",
        DATA / "call_es_0_2ch_mulaw.wav",
        SHARED / "calls" / "call_fr_0_2ch_mulaw.wav",
        SHARED / "english" / "stereo_diarization.wav",
    ],
    ids=lambda path: path.name,
)
def test_real_calls_have_two_legs(path):
    samples = read(path)
    assert plan_of(samples) == LegPlan(True, (0, 1), "two legs")


@pytest.mark.parametrize("leak", [-30, -20, -12, -6])
def test_crosstalk_leaves_two_legs(call, leak):
    gain = np.float32(10 ** (leak / 20))
    assert plan_of(call + gain * call[::-1]).reason == "two legs"


@pytest.mark.parametrize("milliseconds", [15, 150])
def test_an_echo_leaves_two_legs(call, milliseconds):
    assert plan_of(both(call[0], call[1] + 0.18 * later(call[0], milliseconds))).split


def test_noise_and_hum_on_both_sides_leave_two_legs(call):
    size = call.shape[1]
    hum = 0.03 * np.sin(2 * np.pi * 50 * np.arange(size) / RATE).astype(np.float32)
    assert plan_of(call + hiss(size, -40)).reason == "two legs"
    assert plan_of(call + hiss(size, -30)).reason == "two legs"
    assert plan_of(call + hum).reason == "two legs"


def test_a_caller_of_few_words_is_a_leg(call):
    """Two seconds in seventy, under a leak of the agent's voice."""
    begins = int(np.flatnonzero(np.abs(call[1]) > 0.05)[0])
    caller = np.zeros_like(call[1])
    caller[begins : begins + 2 * RATE] = call[1, begins : begins + 2 * RATE]
    assert plan_of(both(call[0], caller)).reason == "two legs"
    assert plan_of(both(call[0], caller + 0.1 * call[0])).reason == "two legs"


def test_two_meetings_at_once_are_two_legs():
    first, second = (read(SHARED / "turns" / f"trn0{k}.flac")[0] for k in (1, 2))
    assert plan_of(both(first, second)).reason == "two legs"


def test_a_headset_and_another_speaker_are_two_legs():
    headset = read(SHARED / "english" / "ES2011a.Headset-0-40s-46s.wav")[0]
    other = read(SHARED / "english" / "librivox_sense_and_sensibility_01_austen_64kb-0870.wav")[0]
    assert plan_of(both(headset, other)).reason == "two legs"
    leaked = other[: headset.size] + 0.1 * headset
    assert plan_of(both(headset, leaked)).reason == "two legs"


DOUBLED = {
    "same": (lambda x: x, (0, 1)),
    "gain -20 dB": (lambda x: 0.1 * x, (0, 1)),
    "gain -30 dB": (lambda x: 0.03 * x, (0, 1)),
    "constant": (lambda x: x + 0.2, (0, 1)),
    "opposite": (lambda x: -0.5 * x, (0,)),
    "0.2 ms later": (lambda x: 0.7 * later(x, 0.2), (0,)),
    "5 ms later": (lambda x: 0.7 * later(x, 5), (0,)),
    "19 ms later": (lambda x: 0.7 * later(x, 19), (0,)),
    "19 ms later, opposite, louder": (lambda x: -1.5 * later(x, 19), (1,)),
    "noise at 20 dB": (lambda x: x + hiss(x.size, 20 * np.log10(x.std()) - 20), (0, 1)),
    "noise at 10 dB": (lambda x: x + hiss(x.size, 20 * np.log10(x.std()) - 10), (0, 1)),
}


@pytest.mark.parametrize("how", DOUBLED)
def test_the_same_signal_twice_is_one_leg(speech, how):
    change, channels = DOUBLED[how]
    doubled = both(speech[0], change(speech[0]))
    assert plan_of(doubled) == LegPlan(False, channels, "same signal on both sides")


@pytest.mark.parametrize(
    ("name", "codec", "form", "rate", "bit_rate"),
    [
        ("a.ulaw", "pcm_mulaw", "mulaw", 8_000, None),
        ("b.wav", "adpcm_ima_wav", "wav", 8_000, None),
        ("c.g722", "g722", "g722", 16_000, None),
        ("d.ogg", "libopus", "ogg", 16_000, 12_000),
        ("e.mp3", "libmp3lame", "mp3", 16_000, 16_000),
        ("f.amr", "libopencore_amrnb", "amr", 8_000, 12_200),
        ("g.amr", "libopencore_amrnb", "amr", 8_000, 4_750),
    ],
)
def test_a_codec_on_one_side_makes_no_second_leg(
    encode, speech, tmp_path, name, codec, form, rate, bit_rate
):
    path = encode(tmp_path / name, speech, codec, form, rate, bit_rate=bit_rate)
    plan = plan_of(both(speech[0], samples_of(path)[0]))
    assert plan.reason == "same signal on both sides"


@pytest.mark.parametrize("name", ["english/jfk.flac", "nonspeech/macroform-cold_day.wav"])
def test_dual_mono_of_other_kinds(name):
    samples = read(SHARED / name)[:, : 60 * RATE]
    assert plan_of(both(samples[0], 0.8 * samples[-1])).reason == "same signal on both sides"


def test_one_voice_in_two_microphones():
    """The reading itself, and in a reverberant room."""
    near = read(SHARED / "english" / "libri-1088-134315-0000.wav")[0]
    far = read(SHARED / "english" / "libri-1088-134315-0000_rvb.wav")[0]
    assert not plan_of(both(near, far)).split


def test_music_in_stereo():
    """Instruments partly left, partly right are one leg; wide stereo of unlike halves is two."""
    music = read(SHARED / "nonspeech" / "macroform-cold_day.wav")[0]
    first, second = music[: 60 * RATE], music[120 * RATE : 180 * RATE]
    assert not plan_of(both(first + 0.4 * second, first - 0.4 * second)).split
    assert plan_of(both(first, second)).split


@pytest.mark.parametrize(
    "quiet",
    [
        np.zeros(8 * RATE, np.float32),
        np.full(8 * RATE, 0.3, np.float32),
        np.full(8 * RATE, -8 / 32_768, np.float32),
        hiss(8 * RATE, -70),
        np.where(np.arange(8 * RATE) == RATE, 0.9, 0).astype(np.float32),
    ],
    ids=["digital silence", "constant", "idle mu-law", "-70 dB of noise", "a click"],
)
def test_a_silent_side_is_no_leg_and_the_other_keeps_its_place(speech, quiet):
    assert plan_of(both(speech[0], quiet)) == LegPlan(True, (0,), "one side silent")
    assert plan_of(both(quiet, speech[0])) == LegPlan(True, (1,), "one side silent")
    assert plan_of(both(quiet, speech[0]), "split") == LegPlan(True, (1,), "asked")
    assert plan_of(both(quiet, speech[0]), "mix") == LegPlan(False, (1,), "asked")


def test_a_whisper_is_not_silence(speech):
    level = 0.004 / np.abs(speech).max()
    assert plan_of(both(np.zeros_like(speech[0]), level * speech[0])).channels == (1,)


def test_mono_and_nothing():
    assert plan_of(np.zeros((1, RATE), np.float32)) == LegPlan(False, (0,), "mono")
    assert plan_of(np.zeros((2, RATE), np.float32)) == LegPlan(False, (0,), "silence")
    assert plan_of(np.zeros((2, 5), np.float32), "split") == LegPlan(False, (0,), "silence")
    assert plan_of(hiss(7, -10)[None], "split") == LegPlan(False, (0,), "mono")


def test_what_is_asked_for_is_done(call, speech):
    doubled = both(speech[0], speech[0])
    assert plan_of(doubled, "split") == LegPlan(True, (0, 1), "asked")
    assert plan_of(call, "mix") == LegPlan(False, (0, 1), "asked")
    assert plan_of(both(speech[0], -speech[0]), "mix") == LegPlan(False, (0,), "asked")


def test_several_channels(call, speech):
    left, right = call[:, : 30 * RATE]
    empty = np.zeros_like(left)
    assert plan_of(np.stack((empty, left, right, 0.5 * left))) == LegPlan(True, (1, 2), "two legs")
    third = left[::-1]
    assert plan_of(np.stack((left, right, empty, third))).channels == (0, 1, 3)
    assert plan_of(np.stack((left, right, empty, third))).reason == "several legs"
    assert plan_of(np.repeat(speech, 6, axis=0)).channels == tuple(range(6))


def test_legs_are_cut_as_planned(call):
    block = decode.Block(0.0, call[:, :RATE])
    split = legs(block, LegPlan(True, (0, 1), "two legs"))
    assert [channel for channel, _ in split] == [0, 1]
    assert np.array_equal(split[1][1], call[1, :RATE])
    ((channel, mixed),) = legs(block, LegPlan(False, (0, 1), "asked"))
    assert channel is None
    assert mixed.shape == (RATE,)
    assert mixed.dtype == np.float32
    assert np.allclose(mixed, call[:, :RATE].mean(axis=0))
    ((channel, alone),) = legs(block, LegPlan(False, (1,), "same signal on both sides"))
    assert channel is None
    assert np.array_equal(alone, call[1, :RATE])


def test_pieces_do_not_matter(call):
    """The verdict and the levels are the same however the recording is cut into blocks."""
    whole, cut = ChannelMeter(), ChannelMeter()
    whole.add(decode.Block(0.0, call))
    for start in range(0, call.shape[1], 12_345):
        cut.add(decode.Block(start / RATE, call[:, start : start + 12_345]))
    assert np.allclose(whole.levels(), cut.levels())
    first, second = whole.likeness(0, 1), cut.likeness(0, 1)
    assert first.wave == pytest.approx(second.wave, abs=1e-4)
    assert first.levels == pytest.approx(second.levels, abs=1e-4)
