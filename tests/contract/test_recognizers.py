"""Every recogniser of names and numbers that is installed keeps its promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicectl import registry
from voicectl.errors import ModelMissing, VoicectlError
from voicectl.interfaces import Wish
from voicectl.recognition import EntityOptions, Recognizer
from voicectl.types import Segment
from voicectl_models import pool

UTTERANCES = Path(__file__).parents[1] / "data/pii_utterances.txt"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module", params=registry.names(registry.RECOGNIZERS))
def recognizer(request: pytest.FixtureRequest, weights: Path) -> Recognizer:
    options = EntityOptions(backend=request.param)
    try:
        found = pool.candidates(Wish("entities", backend=options.backend), weights)[0]
    except VoicectlError as error:
        pytest.skip(f"{error.text}; {error.hint}")
    made: Recognizer = registry.load(registry.RECOGNIZERS, options.backend)(
        str(found.folder), found.name, options
    )
    return made


def said(*texts: str) -> list[Segment]:
    return [Segment(7 + at, 3.0 * at, 3.0 * at + 2, text) for at, text in enumerate(texts)]


def test_what_is_found_is_where_it_was_said_and_apart(recognizer: Recognizer) -> None:
    rows = [row for row in UTTERANCES.read_text().splitlines() if row and row[0] != "#"]
    segments = said(*(row.split("|", 1)[1].replace("{", "").replace("}", "") for row in rows))
    found = recognizer.find(segments)
    assert len(found) > len(rows) / 2
    assert [(each.segment, each.start) for each in found] == sorted(
        (each.segment, each.start) for each in found
    )
    texts = {segment.id: segment.text for segment in segments}
    for each in found:
        assert each.text == texts[each.segment][each.start : each.end] != ""
        assert 0 <= each.score <= 1
    for one, other in zip(found, found[1:], strict=False):
        assert one.segment != other.segment or one.end <= other.start


def test_a_name_and_a_number_are_found(recognizer: Recognizer) -> None:
    found = recognizer.find(
        said("my name is nasimiyu", "call me on oh seven double two one three nine four five six")
    )
    labels = {each.label: each for each in found}
    assert labels["NAME"].text == "nasimiyu"
    assert labels["NAME"].segment == 7
    assert labels["PHONE"].text == "oh seven double two one three nine four five six"


def test_nothing_is_found_in_nothing(recognizer: Recognizer) -> None:
    assert recognizer.find([]) == ()
    assert recognizer.find(said("", " ", "thank you so much for what you do")) == ()


def test_a_broken_vocabulary_is_a_missing_model(recognizer: Recognizer, tmp_path: Path) -> None:
    for content in (None, b"no words", b"{}"):
        if content is not None:
            (tmp_path / "tokenizer.json").write_bytes(content)
        with pytest.raises(ModelMissing, match="vocabulary"):
            type(recognizer)(str(tmp_path), "broken", EntityOptions())
