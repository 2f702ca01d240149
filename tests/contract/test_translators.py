"""Every translator that is installed keeps its promises; so does the translation of speech."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract import tiny_translator
from voicectl import registry
from voicectl.errors import Cancelled, ModelMissing, UsageError
from voicectl.interfaces import Wish
from voicectl.translation import Bundled, TranslateOptions, Translator
from voicectl.types import Audio, CallRecord, Segment, Transcript
from voicectl_models import pool, translators
from voicectl_models.codes import Codes
from voicectl_recipes import load, spoken
from voicectl_recipes.load import Recipe, Step

if TYPE_CHECKING:
    from voicectl.interfaces import Outcome
    from voicectl_models.lending import Lending

SPANISH = Path(__file__).parents[1] / "data/call_es_0_2ch_mulaw.wav"
QUIETLY = TranslateOptions(threads=1)
PORTUGUESE = ("Ele bate em mim e no meu irmão.", "", "Obrigado. Até amanhã!", "17", " ")


@pytest.fixture(scope="session")
def opus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_translator.make(tmp_path_factory.mktemp("opus") / "opus-mt-pt-en")


@pytest.fixture(scope="session")
def nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("nllb") / "nllb-200-tiny"
    return tiny_translator.make(
        place, languages=tiny_translator.LANGUAGES, named="sentencepiece.bpe.model"
    )


@pytest.fixture(params=registry.names(registry.TRANSLATORS))
def translator(request: pytest.FixtureRequest, opus: Path) -> Translator:
    """One that knows Portuguese and English."""
    name = request.param
    try:
        kind = registry.load(registry.TRANSLATORS, name)
    except UsageError as error:
        pytest.skip(f"{error.text}; {error.hint}")
    pairs: dict[str, Bundled] = {each.source: each for each in kind.bundled()}
    if name == "transformers":
        pytest.skip("no small model of its form can be made without training one")
    folder = Path(pairs["pt"].folder) if pairs else opus
    made: Translator = kind(str(folder), folder.name, QUIETLY)
    return made


def idle(share: float) -> None:
    assert 0 <= share <= 1


def test_a_text_for_each_and_blank_ones_stay_blank(translator: Translator) -> None:
    texts = translator.translate(PORTUGUESE, "pt", "en", idle)
    assert len(texts) == len(PORTUGUESE)
    assert [bool(text.strip()) for text in texts] == [True, False, True, True, False]
    assert texts[3] == "17"
    assert texts[:1] == translator.translate(PORTUGUESE[:1], "pt", "en", idle)
    assert translator.translate((), "pt", "en", idle) == ()


def test_it_knows_what_it_translates(translator: Translator) -> None:
    assert translator.knows("pt", "en")
    assert not translator.knows("en", "pt")
    assert not translator.knows("sw", "en")


def test_work_that_nobody_wants_ends(translator: Translator) -> None:
    def stop(share: float) -> None:
        raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        translator.translate(PORTUGUESE, "pt", "en", stop)


def test_text_without_end_or_sense_is_read_all_the_same(translator: Translator) -> None:
    odd = ("ele me bate " * 200, "x" * 3000, "你好 😀", "[NAME_1]\tmora\nem [PLACE_1]")
    assert len(translator.translate(odd, "pt", "en", idle)) == len(odd)


def test_folders_that_are_something_else_are_a_missing_model(
    translator: Translator, weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no weights")
    for folder in (tmp_path, weights / "minilm", weights / "tiny.en"):
        if folder.is_dir():
            with pytest.raises(ModelMissing, match=folder.name) as refused:
                type(translator)(str(folder), folder.name, QUIETLY)
            assert refused.value.hint


def test_a_model_of_many_languages_is_told_which(nllb: Path) -> None:
    made = registry.load(registry.TRANSLATORS, "ctranslate2")(str(nllb), nllb.name, QUIETLY)
    assert made.knows("sw", "en")
    assert made.knows("pt", "sw")
    assert not made.knows("sw", "fr")
    said = ("meu nome é rosa",)
    from_swahili = made.translate(said, "sw", "en", idle)
    assert from_swahili != made.translate(said, "pt", "en", idle)
    assert from_swahili != made.translate(said, "sw", "pt", idle)
    assert "_Latn" not in from_swahili[0]


@pytest.mark.parametrize("gone", ["source.spm", "shared_vocabulary.json"])
def test_half_a_folder_says_what_it_lacks(opus: Path, tmp_path: Path, gone: str) -> None:
    folder = shutil.copytree(opus, tmp_path / "half")
    (folder / gone).unlink()
    with pytest.raises(ModelMissing, match="cannot be loaded") as refused:
        registry.load(registry.TRANSLATORS, "ctranslate2")(str(folder), "half", QUIETLY)
    assert "tokenizer" in refused.value.hint


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("opus-mt-tc-big-en-pt-ct2-int8", ("en", "pt")),
        ("translate-swh_eng", ("swh", "eng")),
        ("our-best-model", None),
    ],
)
def test_what_names_of_models_tell(name: str, pair: tuple[str, str] | None) -> None:
    assert Codes.of((), name).pair == pair


def test_codes_of_languages() -> None:
    multi = Codes.of((">>por<<", ">>fra<<", "a"), "opus-mt-en-roa")
    assert multi.token("pt") == ">>por<<"
    assert multi.knows("en", "fr")
    assert not multi.knows("en", "sw")
    assert Codes.of(("__sw__", "__en__"), "m2m100").knows("sw", "en")


def test_who_translates_what(weights: Path, opus: Path, nllb: Path) -> None:
    def chosen(source: str, **options: str) -> str | None:
        found = translators.choose(TranslateOptions(**options), source)
        return found[0] if found else None

    assert chosen("pt") in ("firefox", None)
    assert chosen("sw") is None, "speech"
    assert chosen("pt", backend="speech") is None
    assert chosen("pt", model=str(opus)) == "ctranslate2"
    for options in (
        {"target": "fr"},
        {"backend": "firefox"},
        {"backend": "speech", "target": "pt"},
    ):
        with pytest.raises(UsageError) as refused:
            chosen("es", **options)
        assert "translate.model=FOLDER" in refused.value.hint
    names = [each.name for each in pool.candidates(_wish("auto", "auto", "en"), weights)]
    assert names[-1] == "base"
    assert [each.name for each in pool.candidates(_wish("auto", str(nllb), "sw"), weights)] == [
        nllb.name
    ]
    with pytest.raises(UsageError, match="nothing on this machine"):
        pool.candidates(_wish("auto", "auto", "fr"), weights)


def _wish(backend: str, model: str, target: str) -> Wish:
    return Wish("translate", model, backend=backend, target=target)


def call(path: Path, *said: Segment) -> CallRecord:
    audio = Audio(str(path), path.name, 19.0, 8000, 2, "pcm_mulaw", "")
    transcript = Transcript(said, said[0].language, "base")
    return CallRecord("call", "default", audio, datetime.now(UTC), transcript)


def run(record: CallRecord, tools: Lending, **options: object) -> Outcome:
    (step,) = load.check(Recipe("one step", (Step("translate", options),)))
    (outcome,) = step.stage.run([record], step.options, tools)
    return outcome


@pytest.fixture
def spanish(tmp_path: Path, cut: Callable[..., bytes]) -> CallRecord:
    """The first seconds of a real call in Spanish, and a segment in Portuguese beside them."""
    path = tmp_path / "call.wav"
    whole = SPANISH.read_bytes()
    begin = whole.index(b"data") + 8
    header = cut(0.0, 19.0)
    start = header.index(b"data") + 8
    path.write_bytes(header[:start] + whole[begin : begin + 2 * 19 * 8000])
    first = Segment(0, 6.384, 10.0, "Fue tanta la cantidad de gente", channel=1, language="es")
    second = Segment(1, 10.1, 13.024, "que no todos pudieron acceder", channel=1, language="es")
    third = Segment(2, 14.0, 15.0, "Muito obrigado", channel=0, language="pt")
    return call(path, first, second, third)


def test_speech_is_translated_and_every_segment_keeps_its_own(
    spanish: CallRecord, tools: Lending, weights: Path
) -> None:
    outcome = run(spanish, tools, threads=1)
    assert outcome.record is not None
    translation = outcome.record.translation
    assert translation is not None
    texts = [each.text for each in translation.segments]
    assert [each.segment for each in translation.segments] == [0, 1, 2]
    assert "people" in texts[0]
    assert "funeral" in texts[1] or "everyone" in texts[1]
    assert spoken.RUNNER in translation.runner
    assert "base" in translation.model
    if "firefox" in translation.runner:
        assert texts[2].startswith("Thank you")


def test_a_recording_that_is_gone_is_no_translation(spanish: CallRecord, tools: Lending) -> None:
    Path(spanish.audio.path).unlink()
    outcome = run(spanish, tools)
    assert outcome.record is None
    assert outcome.error is not None
