"""A masked call as it was: kept sealed when that is asked for, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.daemon.conftest import bytes_of, record
from tests.daemon.stumbling import HEAR, Recipes, spoil, taken
from voicectl import sealing
from voicectl.errors import NotFound, RecipeError
from voicectl.types import CallRecord, TaskState
from voicectl_daemon import originals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk
    from voicectl_daemon.store import Store

NAME = b"intra"
"""Of Sintra, as the recogniser writes it."""
IDENTITY, RECIPIENT = sealing.new_identity()
KEEP = {"redact": {"keep_original": True}}
ENGLISH = {"transcribe": {"language": "en"}}
MASKED: list[dict[str, Any]] = [
    HEAR,
    {"stage": "entities"},
    {"stage": "redact", "options": {"keep_original": True, "recipients": [RECIPIENT]}},
]


@pytest.fixture
def town(make_call: Callable[..., Path]) -> Path:
    return make_call("a romantic town", 38.5, 9.5)


@pytest.fixture
def key(site: Site) -> str:
    """The recipient of the site; its identity is nowhere on it."""
    site.configure(f'[redaction]\nrecipients = ["{RECIPIENT}"]')
    return RECIPIENT


def part(sealed: bytes) -> bytes:
    """Return enough of what is sealed to know it again: nothing of its head, which is alike."""
    assert len(sealed) > 400
    return sealed[-150:-100]


def opened(desk: Desk, call: str) -> CallRecord:
    return sealing.opened(desk.door.original(call), IDENTITY)


def test_it_comes_back_with_the_key_and_is_gone_with_the_call(
    key: str, desk: Desk, site: Site, town: Path
) -> None:
    (task,) = desk.do(town, recipe="redact", options=ENGLISH | KEEP)
    call = task.call or ""
    sealed = desk.door.original(call)
    said, masked = sealing.opened(sealed, IDENTITY), desk.door.call(call)
    assert said.transcript is not None
    assert masked.transcript is not None
    assert NAME.decode() in said.transcript.text
    assert "[PLACE_1]" in masked.transcript.text
    assert [step.stage for step in said.done] == ["transcribe", "entities"]
    assert said.done == masked.done[:-1]
    (seen,) = desk.door.sql("SELECT sealed FROM calls").rows
    assert seen == (True,)

    everything = bytes_of(site.home.folder)
    assert NAME not in everything
    assert IDENTITY.splitlines()[-1].encode() not in everything
    assert part(sealed) in everything
    desk.door.delete(call)
    assert part(sealed) not in bytes_of(site.home.folder)
    with pytest.raises(NotFound):
        desk.door.original(call)


def test_it_is_kept_when_asked_for_and_not_asked_for_twice(
    key: str, desk: Desk, town: Path
) -> None:
    (plain,) = desk.do(town, recipe="redact", options=ENGLISH)
    with pytest.raises(NotFound, match="nothing is kept but what is masked") as caught:
        desk.door.original(plain.call or "")
    assert "--keep-original" in caught.value.hint
    (kept,) = desk.do(town, recipe="redact", options=ENGLISH | KEEP)
    assert kept.state is TaskState.DONE
    assert not kept.skipped, "of what was masked before, nothing was left to keep"
    first = desk.door.original(kept.call or "")
    (again,) = desk.do(town, recipe="redact", options=ENGLISH | KEEP)
    assert again.skipped
    assert desk.door.original(kept.call or "") == first
    assert [each.revealed for each in desk.door.reveals(9)] == [kept.call] * 2


def test_without_a_recipient_it_is_refused_before_any_work(desk: Desk, town: Path) -> None:
    with pytest.raises(RecipeError, match="nobody who could read") as caught:
        desk.ask(town, recipe="redact", options=ENGLISH | KEEP)
    assert "voicectl identity new" in caught.value.hint
    assert desk.door.jobs() == []
    wrong = {"redact": {"keep_original": True, "recipients": ["age1nobody"]}}
    with pytest.raises(RecipeError, match="`age1nobody` is none"):
        desk.ask(town, recipe="redact", options=ENGLISH | wrong)
    own = {"redact": {"keep_original": True, "recipients": [RECIPIENT]}}
    (task,) = desk.do(town, recipe="redact", options=ENGLISH | own)
    assert opened(desk, task.call or "").transcript is not None


def test_a_call_that_is_not_masked_has_none(key: str, desk: Desk, town: Path) -> None:
    (task,) = desk.do(town, recipe="transcribe")
    with pytest.raises(NotFound, match="is not masked"):
        desk.door.original(task.call or "")
    assert desk.door.reveals(9) == []


@pytest.mark.parametrize(("place", "way"), [(2, "fail"), (3, "kill")])
def test_it_outlives_steps_that_fail_before_and_after_masking(
    recipes: Recipes, town: Path, place: int, way: str
) -> None:
    steps = [*MASKED[:place], {"stage": "stumble"}, *MASKED[place:]]
    told = spoil(town, way)
    job = recipes.ask(town, steps=steps)
    (task,) = recipes.wait(job)
    assert task.state is TaskState.PARTIAL
    before = opened(recipes.desk, task.call or "")
    assert taken(before) == ["transcribe", "entities"]

    told.unlink()
    (task,) = recipes.again(job)
    assert task.state is TaskState.DONE
    after = opened(recipes.desk, task.call or "")
    assert after.transcript == before.transcript
    assert taken(after) == [step["stage"] for step in steps[: steps.index(MASKED[-1])]]
    assert NAME not in bytes_of(recipes.site.home.folder)


def test_a_recipe_that_borrows_masked_words_borrows_their_original(
    recipes: Recipes, town: Path
) -> None:
    (first,) = recipes.do(town, steps=MASKED)
    sealed = recipes.desk.door.original(first.call or "")
    (longer,) = recipes.do(town, steps=[*MASKED, {"stage": "stumble"}])
    assert recipes.record(longer).done[0] == recipes.record(first).done[0]
    assert recipes.desk.door.original(longer.call or "") == sealed


def kept(store: Store, call: str) -> bytes | None:
    with store.reading() as db:
        return originals.of(db, call)


def test_the_original_of_what_is_shown_comes_first(store: Store) -> None:
    for number in range(2):
        said = record("call", f"masked {number}")
        store.save_all({f"key{number}": said}, sealed={f"key{number}": bytes([number])})
    assert kept(store, "call") == b"\1"
    assert store.has("key0"), "it is asked for again, and so it is shown"
    assert kept(store, "call") == b"\0"
    store.save(record("call", "unmasked"), "key2")
    assert kept(store, "call") == b"\1"
    assert kept(store, "other") is None
