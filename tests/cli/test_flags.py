"""Every flag of `voicectl transcribe`, from what was typed to what is asked for."""

from pathlib import Path
from typing import Any

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from voicectl import parse
from voicectl.cli import languages
from voicectl.cli.flags import COMMAND, FLAGS, OPTIONS, STYLE, VOICES, Flag
from voicectl.cli.typed import Typed, read, spelled
from voicectl.errors import UsageError
from voicectl.interfaces import TranscribeOptions
from voicectl.render import Style

BY_KEY = {flag.key: flag for flag in FLAGS}

# flag, what was typed, where it goes, what it becomes
CASES: list[tuple[str, str, str, Any]] = [
    ("output_dir", "/srv/text", COMMAND, Path("/srv/text")),
    ("output_dir", "text/../words", COMMAND, Path.cwd() / "words"),
    ("channels", "Split", OPTIONS, "split"),
    ("channel_names", "agent, caller", OPTIONS, ("agent", "caller")),
    ("model", "tiny.en", OPTIONS, "tiny.en"),
    ("model", "./weights", OPTIONS, str(Path.cwd() / "weights")),
    ("model", "/srv/weights", OPTIONS, "/srv/weights"),
    ("task", "translate", OPTIONS, "translate"),
    ("language", "sw", OPTIONS, "sw"),
    ("language", "English", OPTIONS, "en"),
    ("language", "haitian_creole", OPTIONS, "ht"),
    ("language", "auto", OPTIONS, None),
    ("languages", "sw,English", OPTIONS, ("sw", "en")),
    ("vocabulary", "None", OPTIONS, ()),
    ("replacements", "None", OPTIONS, ()),
    ("language_detection_threshold", "0.7", OPTIONS, 0.7),
    ("language_detection_segments", "6", OPTIONS, 6),
    ("device", "cuda", OPTIONS, "cuda"),
    ("device_index", "1", OPTIONS, 1),
    ("compute_type", "int8", OPTIONS, "int8"),
    ("threads", "4", OPTIONS, 4),
    ("batch_size", "16", OPTIONS, 16),
    ("local_files_only", "True", COMMAND, True),
    ("temperature", "0,0.2", OPTIONS, (0.0, 0.2)),
    ("beam_size", "3", OPTIONS, 3),
    ("best_of", "2", OPTIONS, 2),
    ("patience", "1.5", OPTIONS, 1.5),
    ("length_penalty", "-0.5", OPTIONS, -0.5),
    ("repetition_penalty", "1.1", OPTIONS, 1.1),
    ("no_repeat_ngram_size", "3", OPTIONS, 3),
    ("suppress_tokens", "-1", OPTIONS, (-1,)),
    ("suppress_tokens", "1, 2,3", OPTIONS, (1, 2, 3)),
    ("suppress_tokens", "", OPTIONS, ()),
    ("initial_prompt", "A call.", OPTIONS, "A call."),
    ("hotwords", "Kisumu", OPTIONS, "Kisumu"),
    ("prefix", "Hello", OPTIONS, "Hello"),
    ("condition_on_previous_text", "True", OPTIONS, True),
    ("condition_on_previous_text", "False", OPTIONS, False),
    ("compression_ratio_threshold", "None", OPTIONS, None),
    ("compression_ratio_threshold", "2.0", OPTIONS, 2.0),
    ("logprob_threshold", "-0.8", OPTIONS, -0.8),
    ("no_speech_threshold", "0.3", OPTIONS, 0.3),
    ("hallucination_silence_threshold", "2", OPTIONS, 2.0),
    ("max_line_width", "42", STYLE, 42),
    ("max_line_count", "2", STYLE, 2),
    ("max_words_per_line", "5", STYLE, 5),
    ("max_words_per_line", "None", STYLE, None),
    ("highlight_words", "True", STYLE, True),
    ("pretty_json", "True", STYLE, True),
    ("word_timestamps", "True", COMMAND, True),
    ("vad_filter", "False", OPTIONS, False),
    ("vad_threshold", "0.35", OPTIONS, 0.35),
    ("vad_min_speech_duration_ms", "250", OPTIONS, 250),
    ("vad_max_speech_duration_s", "20", OPTIONS, 20.0),
    ("vad_min_silence_duration_ms", "800", OPTIONS, 800),
    ("print_colors", "True", COMMAND, True),
    ("log_level", "WARNING", COMMAND, "warning"),
]


def part(asked: Typed, goes: str) -> dict[str, Any]:
    return {OPTIONS: asked.options, STYLE: asked.style, COMMAND: asked.command}[goes]


@pytest.mark.parametrize(("key", "typed", "goes", "value"), CASES)
def test_a_value_reaches_who_has_to_know(key: str, typed: str, goes: str, value: Any) -> None:
    asked = read({key: typed})
    assert part(asked, goes) == {key: value}
    assert asked.options == {} or goes == OPTIONS
    parse.plain(asked.options, TranscribeOptions)
    parse.plain(asked.style, Style)


@pytest.mark.parametrize("flag", [flag for flag in FLAGS if not flag.shape], ids=lambda f: f.key)
def test_a_switch(flag: Flag) -> None:
    asked = read({flag.key: True})
    expected = {} if flag.key == "no_vad" else {flag.key: True}
    assert asked.command == expected
    assert asked.options == ({"vad_filter": False} if flag.key == "no_vad" else {})


def test_every_flag_is_tried_here() -> None:
    elsewhere = {"model_dir", "fp16", "temperature_increment_on_fallback", "output_format"}
    tried = {key for key, *_ in CASES} | elsewhere | {"diarize"}
    tried |= {flag.key for flag in FLAGS if flag.goes == VOICES}  # in test_diarize.py
    assert tried == {flag.key for flag in FLAGS if flag.shape}


def test_what_was_not_typed_is_not_asked_for() -> None:
    given = {flag.key: None if flag.shape else False for flag in FLAGS}
    assert read(given) == Typed({}, {}, {})


def test_every_option_and_every_style_has_its_flag() -> None:
    fixed = {"piece_seconds"}
    known = set(TranscribeOptions.__struct_fields__) - fixed
    assert {f.key for f in FLAGS if f.goes == OPTIONS} == known
    assert {f.key for f in FLAGS if f.goes == STYLE} == set(Style.__struct_fields__)


WORDS = {
    "no limit": None,
    "detected": None,
    "any": (),
    "the best on this box": "auto",
    "the site's": (),
}


@pytest.mark.parametrize(
    "flag", [f for f in FLAGS if f.goes in (OPTIONS, STYLE)], ids=lambda f: f.key
)
def test_the_help_page_tells_the_true_default(flag: Flag) -> None:
    """Without a default on the page there is none, or it needs more words than fit."""
    true = getattr(TranscribeOptions() if flag.goes == OPTIONS else Style(), flag.key)
    if flag.key == "channel_names":
        true = ("SPEAKER_00", "SPEAKER_01")  # what a leg without a name is called
    if flag.key == "temperature":
        true = true[:1]
    told = WORDS[flag.default] if flag.default in WORDS else flag.read(flag.default or "None")
    assert (None if told == "None" else told) == true


@pytest.mark.parametrize(
    ("key", "typed", "why"),
    [
        ("beam_size", "many", "is not a whole number"),
        ("beam_size", "0", "is less than 1"),
        ("vad_threshold", "1.5", "is not 1 or less"),
        ("vad_threshold", "-1", "is not 0 or more"),
        ("vad_threshold", "nan", "is not 0 or more"),
        ("length_penalty", "inf", "is not a finite number"),
        ("patience", "x", "is not a number"),
        ("channels", "left", "is none of: auto, split, mix"),
        ("vad_filter", "maybe", "is neither True nor False"),
        ("language", "klingon", "is no language that whisper knows"),
        ("language", "swahilli", "is no language that whisper knows; did you mean 'swahili'?"),
        ("languages", "sw,xx", "is no language that whisper knows"),
        ("channel_names", "agent,", "has a name with nothing in it"),
        ("channel_names", "agent,agent", "names two channels alike"),
        ("channel_names", "agent,\x1b[31m", "has a name with control characters"),
        ("output_dir", "", "names no folder"),
        ("suppress_tokens", "a", "is not a whole number"),
    ],
)
def test_nonsense_is_refused_by_name(key: str, typed: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        read({key: typed})
    assert caught.value.text == f"{BY_KEY[key].names.split()[0]}: '{typed}' {why}"
    assert BY_KEY[key].shape in caught.value.hint


@pytest.mark.parametrize(
    ("typed", "formats"),
    [
        (["srt"], ("srt",)),
        (["srt,txt", "json"], ("srt", "txt", "json")),
        (["srt, srt", "srt"], ("srt",)),
        (["all"], ("all",)),
    ],
)
def test_formats_are_a_list_or_repeated(typed: list[str], formats: tuple[str, ...]) -> None:
    assert read({"output_format": typed}).command == {"output_format": formats}


CLIMB = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@pytest.mark.parametrize(
    ("given", "temperature"),
    [
        ({"temperature": "0"}, CLIMB),
        ({"temperature": "0.5"}, (0.5, 0.7, 0.9)),
        ({"temperature": "1.2"}, (1.2,)),
        ({"temperature": "0,0.4"}, (0.0, 0.4)),
        ({"temperature": "0", "temperature_increment_on_fallback": "None"}, (0.0,)),
        ({"temperature": "0", "temperature_increment_on_fallback": "0.5"}, (0.0, 0.5, 1.0)),
        ({"temperature_increment_on_fallback": "None"}, (0.0,)),
        ({"temperature_increment_on_fallback": "0"}, (0.0,)),
        ({"temperature_increment_on_fallback": "0.2"}, CLIMB),
    ],
)
def test_temperatures_climb_as_whisper_does(
    given: dict[str, str], temperature: tuple[float, ...]
) -> None:
    asked = read(given)
    assert asked.options == {"temperature": temperature}
    assert asked.command == {}


def test_the_folder_of_models_may_be_the_model(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    assert read({"model_dir": str(tmp_path)}).options == {"model": str(tmp_path)}


def test_the_folder_of_models_contains_the_model_by_name(tmp_path: Path) -> None:
    asked = read({"model_dir": str(tmp_path), "model": "base"})
    assert asked.options == {"model": str(tmp_path / "base")}
    assert asked.command == {}


def test_a_folder_of_models_alone_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no model in"):
        read({"model_dir": str(tmp_path)})


@pytest.mark.parametrize(
    ("given", "options", "noted"),
    [
        ({"fp16": "False"}, {"compute_type": "float32"}, True),
        ({"fp16": "True"}, {}, True),
        ({"fp16": "True", "compute_type": "int8"}, {"compute_type": "int8"}, False),
    ],
)
def test_fp16_is_translated(given: dict[str, str], options: dict[str, str], noted: bool) -> None:
    asked = read(given)
    assert asked.options == options
    assert asked.command == {}
    assert bool(asked.notes) is noted


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a.wav --vad_filter False", "a.wav --vad_filter=False"),
        ("--vad-filter b.wav", "--vad-filter=True b.wav"),
        ("--vad_filter", "--vad_filter=True"),
        ("--vad_filter=no a.wav", "--vad_filter=no a.wav"),
        ("--verbose True a.wav", "--verbose a.wav"),
        ("--verbose False a.wav", "a.wav"),
        ("--force=False a.wav", "a.wav"),
        ("--force=perhaps", "--force=perhaps"),
        ("-v a.wav", "-v a.wav"),
        ("-vr a.wav", "-vr a.wav"),
        ("--initial_prompt --vad_filter False", "--initial_prompt --vad_filter False"),
        ("--initial_prompt=x --force", "--initial_prompt=x --force"),
        ("--prefix", "--prefix"),
        ("-o --force a.wav", "-o --force a.wav"),
        ("-- --vad_filter True", "-- --vad_filter True"),
        ("--unknown True", "--unknown True"),
    ],
)
def test_true_and_false_may_follow_or_not(typed: str, expected: str) -> None:
    assert spelled(typed.split()) == expected.split()


def test_whisper_and_we_know_the_same_languages() -> None:
    assert set(languages.NAMES) == set(_LANGUAGE_CODES)


@pytest.mark.parametrize(
    ("text", "code"),
    [("EN", "en"), (" Swahili ", "sw"), ("Burmese", "my"), ("mandarin", "zh"), ("xx", None)],
)
def test_languages_by_code_or_name(text: str, code: str | None) -> None:
    assert languages.code(text) == code
