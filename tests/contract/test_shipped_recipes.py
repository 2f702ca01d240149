"""Shipped recipes, run over a real call with real models: evidence is there, nothing leaks."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from voicectl.errors import ModelMissing, UsageError
from voicectl.interfaces import Wish
from voicectl.types import Audio, CallRecord, Done, Segment, Transcript
from voicectl_models import pool
from voicectl_recipes import engine, load
from voicectl_recipes.load import Plan

if TYPE_CHECKING:
    from voicectl_models.lending import Lending

CALL = Path(__file__).parents[1] / "data/call_en_0_2ch_mulaw.wav"
ENGLISH = {"transcribe": {"model": "tiny.en", "language": "en", "threads": 2}}
FOUND_IN_IT = {"byron", "cintra"}
SAID = (
    ("agent", "Hello, thank you for calling the child helpline, how can I help you?"),
    ("caller", "My name is Nasimiyu Wekesa and I live in Bungoma."),
    ("caller", "My stepfather beats me with a belt and he has a gun. He is called Barasa."),
    ("agent", "I am sorry Nasimiyu. Who can we call?"),
    ("caller", "Call my aunt on oh seven double two one three nine four five six."),
    ("agent", "So that is oh seven double two, one three nine four five six."),
    ("caller", "Yes. Barasa beats my brother, who is nine years old, too."),
    ("agent", "Thank you for calling, Nasimiyu, please call again whenever you need us."),
)


@pytest.fixture(scope="module", autouse=True)
def _meaning(weights: Path) -> None:
    try:
        pool.candidates(Wish("embed", backend="minilm"), weights)
    except ModelMissing as error:
        pytest.skip(f"{error.text}; {error.hint}")


def blank(path: Path) -> CallRecord:
    names = ("agent", "caller")
    audio = Audio(str(path), path.name, 70.6, 8000, 2, "pcm_mulaw", "", channel_names=names)
    return CallRecord("call", "default", audio, datetime.now(UTC))


def written() -> CallRecord:
    """A call whose transcript is there already."""
    segments = tuple(
        Segment(at, 9.0 * at, 9.0 * at + 8, text, speaker, language="en")
        for at, (speaker, text) in enumerate(SAID)
    )
    doubtful = replace(segments[2], id=len(SAID), suspect="loop")
    transcript = Transcript((*segments, doubtful), "en", "tiny.en")
    return replace(blank(CALL), transcript=transcript)


def ran(plan: Plan, record: CallRecord, tools: Lending) -> CallRecord:
    """Return what becomes of a record in the end."""
    *_, last = engine.run(plan, [record], tools)
    assert last.record is not None
    return last.record


def masked(record: CallRecord, tools: Lending) -> tuple[CallRecord, CallRecord]:
    """Return a helpline call, and what it was before names were masked in it."""
    plan = load.check(load.Shelf(None).find("helpline"), ENGLISH)
    steps = plan[1:] if record.transcript else plan
    before = ran(steps[:-1], record, tools)
    return ran(steps, record, tools), before


def check_evidence(record: CallRecord) -> None:
    """Whatever is stated rests on segments that exist and are not suspect."""
    assert record.transcript is not None
    texts = {segment.id: segment.text for segment in record.transcript.segments}
    sure = {segment.id for segment in record.transcript.segments if not segment.suspect}
    assert record.summary is not None
    for each in (*record.labels, *record.summary.sentences):
        assert each.evidence
        assert set(each.evidence) <= sure
    for score in record.scores:
        assert set(score.evidence) <= sure
        assert bool(score.evidence) == (score.verdict in ("yes", "partly"))
    for found in (*record.entities, *record.risks):
        assert texts[found.segment][found.start : found.end] == found.text != ""
    assert {risk.segment for risk in record.risks} <= sure


def check_nothing_left(record: CallRecord, before: CallRecord) -> None:
    """Nothing that was found is anywhere in the record, as whatever is kept is written."""
    assert record.transcript is not None
    whole = msgspec.json.encode(replace(record, audio=blank(CALL).audio)).decode().casefold()
    assert before.entities
    for entity in before.entities:
        if len(re.sub(r"[\W_]", "", entity.text)) >= 4:
            assert entity.text.casefold() not in whole
    for segment in record.transcript.segments:
        assert segment.original is None
        assert segment.decoding is None
        assert len("".join(word.text for word in segment.words)) <= len(segment.text) + 1


def test_a_real_call_is_understood_and_masked(tools: Lending) -> None:
    record, before = masked(blank(CALL), tools)
    assert {entity.text.casefold() for entity in before.entities} >= FOUND_IN_IT
    assert [done.stage for done in record.done] == [
        "transcribe", "entities", "risk", "classify", "score", "summarize", "redact",
    ]  # fmt: skip
    assert record.labels
    assert len(record.scores) == 7
    assert record.summary is not None
    assert len(record.summary.sentences) == 3
    check_evidence(record)
    check_nothing_left(record, before)


def test_a_call_for_help_is_understood_and_masked(tools: Lending) -> None:
    record, before = masked(written(), tools)
    assert {entity.label for entity in before.entities} >= {"NAME", "PLACE", "PHONE", "AGE"}
    assert record.labels[0].name == "physical_abuse"
    assert [risk.text for risk in record.risks] == [risk.text for risk in before.risks]
    assert "weapon" in {risk.kind for risk in record.risks}
    verdicts = {score.name: score.verdict for score in record.scores}
    assert verdicts["opening"] in ("yes", "partly")
    assert verdicts["closing"] == "yes"
    check_evidence(record)
    check_nothing_left(record, before)
    assert record.transcript is not None
    doubtful = record.transcript.segments[-1]
    assert doubtful.suspect
    assert "Barasa" not in doubtful.text


def test_quality_alone_masks_nothing(tools: Lending) -> None:
    record = ran(load.check(load.Shelf(None).find("quality"))[1:], written(), tools)
    assert record.transcript == written().transcript
    assert {score.form for score in record.scores} == {"helpline quality"}
    assert record.entities == ()


@pytest.mark.parametrize(("recipe", "hidden"), [("redact", True), ("quality", False)])
def test_a_recipe_that_masks_is_known_as_such(recipe: str, hidden: bool) -> None:
    assert load.masks(load.check(load.Shelf(None).find(recipe))) is hidden


def test_names_that_nobody_looked_for_are_not_taken_for_masked(tools: Lending) -> None:
    """A record whose words came from elsewhere."""
    step = load.check(load.Shelf(None).find("redact"))[-1]
    done = Done("transcribe", "x", "y", datetime.now(UTC), 1.0, "")
    record = replace(written(), done=(done,))
    with pytest.raises(UsageError, match="the step redact comes after entities"):
        list(step.stage.run([record], step.options, tools))
