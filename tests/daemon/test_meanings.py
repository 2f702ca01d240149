"""Calls are found by their meaning, and what is known of it goes with them."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.daemon.conftest import TENANT, record
from tests.waiting import PATIENCE
from voicectl.errors import ModelMissing, NotFound, VoicectlError
from voicectl.translated import TranslatedSegment, Translation
from voicectl_daemon import vectors, wire
from voicectl_daemon.meanings import Meanings
from voicectl_daemon.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def call(name: str, *texts: str, **more: Any) -> Any:
    made = record(name, *texts, entities=(), labels=(), scores=(), risks=(), summary=None)
    assert made.transcript is not None
    segments = tuple(replace(each, **{"suspect": None} | more) for each in made.transcript.segments)
    return replace(made, transcript=replace(made.transcript, segments=segments))


CALLS = (
    call("knife", "good morning", "he came at my sister with a blade in his hand"),
    call("farm", "hello there", "the boy has to work in the fields all day"),
    call("bills", "good evening", "there is a wrong amount on my electricity bill"),
    call("fields", "hi", "my son is made to harvest tea instead of going to school"),
)


@pytest.fixture
def filled(store: Store) -> Store:
    store.save_all({f"key {each.id}": each for each in CALLS})
    return store


@pytest.fixture
def meanings(filled: Store, weights: Path) -> Iterator[Meanings]:
    if not (weights / "minilm").is_dir():
        pytest.skip(f"the weights minilm are not in {weights}: ./install.sh test fetches them")
    made = Meanings(filled, weights)
    yield made
    made.stop()


def kept(path: Path) -> dict[str, int]:
    with duckdb.connect(str(path)) as db:
        rows = db.execute("SELECT call, count(*) FROM book.vectors GROUP BY 1").fetchall()
    return dict(rows)


def test_what_means_the_same_is_found(meanings: Meanings) -> None:
    assert meanings.search(TENANT, "child labour", 3) == []
    first = meanings.index(TENANT, 0)
    assert (first.done, first.left) == (0, 4)
    assert (meanings.index(TENANT, 30).done, meanings.index(TENANT, 30).left) == (4, 0)
    hits = meanings.search(TENANT, "a man threatened her with a weapon", 3)
    assert (hits[0].call, hits[0].segment) == ("knife", 1)
    assert hits[0].text == "he came at my sister with a blade in his hand"
    assert {hit.call for hit in meanings.search(TENANT, "a child has to work", 2)} == {
        "farm",
        "fields",
    }
    assert meanings.search("somebody else", "a child has to work", 2) == []


def test_similar_calls_come_with_the_words_that_are_alike(meanings: Meanings) -> None:
    meanings.index(TENANT, 30)
    first = meanings.similar(TENANT, "farm", 3)[0]
    assert first.call == "fields"
    assert first.mine_text == "the boy has to work in the fields all day"
    assert first.theirs_text == "my son is made to harvest tea instead of going to school"
    assert meanings.similar("somebody else", "farm", 3) == []


def test_only_what_weights_understand_is_read(meanings: Meanings, filled: Store) -> None:
    filled.save(call("sw", "mtoto anafanya kazi shambani", language="sw"), "key sw")
    translated = call("tr", "mtoto anafanya kazi shambani", language="sw")
    words = (TranslatedSegment(0, "the child works on the farm"),)
    translation = Translation("en", words, "runner", "model")
    filled.save(replace(translated, translation=translation), "key tr")
    invented = call("loop", "the child works on the farm", suspect="loop")
    filled.save(invented, "key loop")
    meanings.index(TENANT, 30)
    hits = meanings.search(TENANT, "the child works on the farm", 20)
    assert hits[0].call == "tr"
    assert hits[0].text == "mtoto anafanya kazi shambani"
    assert not {"sw", "loop"} & {hit.call for hit in hits}
    with pytest.raises(NotFound, match="nothing in the call sw can be compared"):
        meanings.similar(TENANT, "sw", 3)


def test_vectors_go_with_their_words(meanings: Meanings, filled: Store, path: Path) -> None:
    meanings.index(TENANT, 30)
    filled.delete("knife")
    filled.save(call("farm", "call [NAME_1]"), "key masked")
    assert "knife" not in {hit.call for hit in meanings.search(TENANT, "a blade", 9)}
    assert "farm" not in {hit.call for hit in meanings.search(TENANT, "a boy in the fields", 9)}
    meanings.index(TENANT, 30)
    filled.close()
    assert kept(path) == {"farm": 1, "bills": 2, "fields": 2}


def test_a_result_that_is_replaced_is_read_anew(meanings: Meanings, filled: Store) -> None:
    meanings.index(TENANT, 30)
    filled.save(call("bills", "the ship sails at dawn"), "key bills")
    assert meanings.index(TENANT, 30).done == 1
    assert meanings.search(TENANT, "a boat leaves in the morning", 1)[0].call == "bills"


def test_long_calls_are_read_by_themselves_and_tell_that_they_go_on(
    meanings: Meanings, filled: Store, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicectl_daemon.meanings.TEXTS", 3)
    assert meanings.index(TENANT, 1e-9).done == 1
    assert [meanings.index(TENANT, 30).done, meanings.index(TENANT, 30).left] == [3, 0]
    child = wire.Child(str(weights))
    child.send(wire.Embed((tuple(f"the {number} of us" for number in range(300)),)))
    said: list[wire.Report | None] = []
    while not isinstance(report := child.report(PATIENCE), wire.Embedded):
        said.append(report)
    child.leave()
    assert sum(isinstance(each, wire.Progress) for each in said) >= 2


def test_a_child_that_is_at_work_is_not_let_go_and_one_of_a_daemon_that_leaves_is(
    meanings: Meanings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicectl_daemon.meanings.IDLE_SECONDS", -1.0)
    meanings.index(TENANT, 30)
    first = meanings._child
    with meanings._asking:
        meanings.let_go()
    assert meanings._child is first
    meanings.let_go()
    assert meanings._child is None
    meanings.stop()
    with pytest.raises(VoicectlError, match="the daemon leaves"):
        meanings.search(TENANT, "a boat", 1)


def test_of_two_calls_the_words_that_are_most_alike_are_told(filled: Store) -> None:
    """Greetings do not count."""
    hello, weapon, farm, far = (array("b", [each] + [0] * 382 + [9]) for each in (1, 40, 90, -90))
    told = {"knife": (hello, weapon), "farm": (hello, farm), "bills": (hello, far)}
    names = list(told)
    read = [vectors.waiting(filled, TENANT, "model", 1, each)[0] for each in names]
    middles = (array("f", [1.0] + [0.1 * at] + [0.0] * 382).tobytes() for at in range(3))
    found = [
        wire.Meant(b"".join(map(bytes, told[name])), middle)
        for name, middle in zip(names, middles, strict=True)
    ]
    vectors.keep(filled, TENANT, "model", read, found)
    first, second = vectors.similar(filled, TENANT, "model", "knife", 5)
    assert [first.call, second.call] == ["farm", "bills"]
    assert (first.mine, first.theirs) == (1, 1)
    assert first.mine_text == "he came at my sister with a blade in his hand"
    assert first.theirs_text == "the boy has to work in the fields all day"


def test_what_was_done_anew_or_deleted_meanwhile_gets_no_vectors(filled: Store, path: Path) -> None:
    read = vectors.waiting(filled, TENANT, "model", 9)
    filled.save(call("bills", "call [NAME_1]"), "key bills")
    filled.delete("farm")
    old = [wire.Meant(bytes(384 * len(each.segments)), bytes(4 * 384)) for each in read]
    vectors.keep(filled, TENANT, "model", read, old)
    assert [each.call for each in vectors.waiting(filled, TENANT, "model", 9)] == ["bills"]
    filled.close()
    assert kept(path) == {"knife": 2, "fields": 2}


def test_without_the_model_it_is_said_how_to_get_it(filled: Store, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing) as caught:
        Meanings(filled, tmp_path).index(TENANT, 1)
    assert "voicectl models get minilm" in caught.value.hint
