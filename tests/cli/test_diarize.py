"""Speakers told apart by voice, as a user asks for it; roles as a site configures them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
MONO = DATA / "call_en_0_mono.wav"
AGENT = ((0.5, 2.7), (12.7, 14.3), (26.4, 28.6), (34.6, 38.2), (51.7, 55.7), (66.8, 69.7))
"""Some turns of the agent in it, who is one voice; the caller's turns have several readers."""


def segments_of(path: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(path.read_text())["segments"]
    return found


def test_a_mono_call_has_two_speakers(site, weights, run, tmp_path):
    ended = run("transcribe", MONO, "--diarize", "--language", "en", "-o", tmp_path, "-f", "all")
    assert ended.status == 0, ended.stderr
    found = segments_of(tmp_path / f"{MONO.stem}.json")
    assert [each["id"] for each in found] == list(range(len(found)))
    assert list(dict.fromkeys(each["speaker"] for each in found)) == ["SPEAKER_00", "SPEAKER_01"]
    assert all(0 < each["speaker_confidence"] <= 1 for each in found)
    assert {speaker_at(found, start, end) for start, end in AGENT} == {"SPEAKER_00"}
    assert speaker_at(found, 4.0, 11.0) == speaker_at(found, 15.0, 25.0) == "SPEAKER_01"
    assert "[SPEAKER_01]: " in (tmp_path / f"{MONO.stem}.txt").read_text()
    again = run("transcribe", MONO, "--diarize", "--language", "en", "-o", tmp_path)
    assert "1 already done" in again.stderr
    assert "--diarize" not in again.stderr
    plain = run("transcribe", MONO, "--language", "en", "-o", tmp_path)
    told = "1 of these recordings has speakers from --diarize; without it the files are written"
    assert plain.stderr.startswith(told)
    assert "SPEAKER" not in (tmp_path / f"{MONO.stem}.txt").read_text()
    assert told not in run("transcribe", MONO, "--language", "en", "-o", tmp_path).stderr


def speaker_at(found: list[dict[str, object]], start: float, end: float) -> str:
    """Who speaks most of a stretch."""
    shared: dict[str, float] = {}
    for each in found:
        overlap = min(end, float(each["end"])) - max(start, float(each["start"]))
        shared[str(each["speaker"])] = shared.get(str(each["speaker"]), 0.0) + max(0.0, overlap)
    return max(shared, key=lambda speaker: shared[speaker])


def test_channels_know_their_speakers_already(site, weights, run, make_call, tmp_path):
    call = make_call("two", 0.0, 12.0)
    ended = run("transcribe", call, "--diarize", "--channel-names", "agent,caller",
                "--language", "en", "-o", tmp_path, "-f", "json")  # fmt: skip
    assert ended.status == 0, ended.stderr
    found = segments_of(tmp_path / "two.json")
    assert {each["speaker"] for each in found} == {"agent", "caller"}
    assert {each["speaker_confidence"] for each in found} == {None}
    plain = run("transcribe", call, "--language", "en", "-o", tmp_path, "-f", "json")
    assert "--diarize" not in plain.stderr, "nothing is lost"


def test_names_are_given_in_order_of_appearance(site, weights, run, tmp_path):
    ended = run("transcribe", MONO, "--diarize", "--num-speakers", "2", "--model", "tiny.en",
                "--speaker_name", "agent,caller", "-o", tmp_path, "-f", "json")  # fmt: skip
    assert ended.status == 0, ended.stderr
    found = segments_of(tmp_path / f"{MONO.stem}.json")
    assert found[0]["speaker"] == "agent"
    assert {each["speaker"] for each in found} == {"agent", "caller"}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--num-speakers", "2"), "--num-speakers is about telling speakers apart"),
        (("--speaker_name", "x"), "--speaker_name is about telling speakers apart"),
        (("--diarize", "--min_speakers", "3", "--max_speakers", "2"), "is less than min_speakers"),
        (("--diarize", "--num-speakers", "2", "--max_speakers", "3"), "num_speakers says it all"),
        (("--diarize", "--num-speakers", "0"), "is less than 1"),
        (("--diarize", "--diarizer", "dvectr"), "there is no diarizer called 'dvectr'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_work(site, run, flags, said):
    ended = run("transcribe", MONO, *flags)
    assert ended.status == 2
    assert said in ended.stderr
    assert site.pid is None


def test_a_missing_model_of_voices_fails_at_once(site, weights, run, tmp_path):
    for name in ("tiny.en", "base"):
        shutil.copytree(weights / name, tmp_path / "models" / name, symlinks=True)
    site.config.write_text(f'models = "{tmp_path / "models"}"\n')
    ended = run("transcribe", MONO, "--diarize")
    assert ended.status == 4
    assert "voicectl models get dvector" in ended.stderr


def test_a_site_says_who_is_agent(site, weights, run, make_call, tmp_path):
    site.configure("""
        [roles]
        channels = ["agent", "caller"]
        file_name = '^(?P<direction>in|out)-(?P<agent>\\d+)'
        swapped = "outbound"
    """)
    one, two = make_call("in-201", 0.0, 12.0), make_call("out-202", 0.5, 12.0)
    ended = run("transcribe", one, two, "--language", "en", "-o", tmp_path, "-f", "json")
    assert ended.status == 0, ended.stderr
    inbound, outbound = (json.loads((tmp_path / f"{c.stem}.json").read_text()) for c in (one, two))
    assert (inbound["direction"], inbound["agent"]) == ("inbound", "201")
    assert (outbound["direction"], outbound["agent"]) == ("outbound", "202")
    assert {(s["channel"], s["speaker"]) for s in inbound["segments"]} == {
        *((0, "agent"), (1, "caller"))
    }
    assert {(s["channel"], s["speaker"]) for s in outbound["segments"]} == {
        *((0, "caller"), (1, "agent"))
    }
    shown = run("calls", "show", "last").stdout
    assert "bound" in shown
    assert "agent 20" in shown


def test_a_config_that_cannot_work_is_refused_at_the_start(site, run):
    site.configure("[roles]\nfile_name = '('\n")
    ended = run("transcribe", MONO)
    assert ended.status == 2
    assert "file_name is no regular expression" in ended.stderr
