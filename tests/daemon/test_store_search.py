"""What a search of the store finds."""

from __future__ import annotations

from tests.daemon.conftest import TENANT, record
from voicectl.translated import TranslatedSegment, Translation
from voicectl_daemon.store import Store


def test_search_finds_what_was_translated(store: Store) -> None:
    told = tuple(
        TranslatedSegment(at, text) for at, text in enumerate(("A knife!", "Hello, knife"))
    )
    english = Translation("en", told, "nllb", "600M")
    store.save(record("call1", "Kisu!", "Hello, kisu", translation=english), "key1")
    found = store.search(TENANT, "KNIFE", 10)
    assert [(hit.segment, hit.text, hit.start) for hit in found] == [
        (0, "A knife!", 0.125), (1, "Hello, knife", 1.125),
    ]  # fmt: skip
    both = store.search(TENANT, "hello", 10)
    assert [hit.text for hit in both] == ["Hello, kisu"], "once, in the words that were said"
    assert store.search("another tenant", "knife", 10) == []


def test_search_knows_no_case_and_no_patterns(store: Store) -> None:
    store.save(record("call1", "Straße 100% _sure_", "ÄRGER", "'; DROP TABLE calls --"), "key1")
    assert [hit.segment for hit in store.search(TENANT, "ärger", 10)] == [1]
    assert [hit.segment for hit in store.search(TENANT, "100%", 10)] == [0]
    assert [hit.segment for hit in store.search(TENANT, "_", 10)] == [0]
    assert [hit.segment for hit in store.search(TENANT, "'; drop", 10)] == [2]
    assert store.search("another tenant", "a", 10) == []
    assert len(store.search(TENANT, "r", 1)) == 1
