"""What was embedded is embedded once, and comes out the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from voicectl.errors import Cancelled
from voicectl_models import remembering
from voicectl_models.remembering import Remembering


class Counted:
    """Counts what it embeds; a text's vector is made of its letters."""

    model = "counted"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def embed(self, texts: Sequence[str]) -> Any:
        self.seen += texts
        made = [[len(text), sum(map(ord, text)) % 97, 1.0] for text in texts]
        return np.array(made, np.float32).reshape(len(texts), 3)


def test_each_text_is_embedded_once_and_in_its_place() -> None:
    counted: Any = Counted()
    kept = Remembering(counted)
    assert kept.model == "counted"
    texts = ["one", "three", "one", "", "twenty-two"]
    first = kept.embed(texts)
    assert np.array_equal(first, Counted().embed(texts))
    assert sorted(counted.seen) == sorted(set(texts))
    more = ["three", "new", "one"]
    assert np.array_equal(kept.embed(more), Counted().embed(more))
    assert sorted(counted.seen) == sorted({*texts, "new"})
    assert kept.embed([]).shape == (0, 3)


def test_it_forgets_what_was_not_asked_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST", 3)
    counted: Any = Counted()
    kept = Remembering(counted)
    kept.embed(["a", "b", "c"])
    kept.embed(["a", "d"])
    counted.seen.clear()
    kept.embed(["a", "d", "c"])
    assert counted.seen == []
    many = [str(number) for number in range(9)]
    assert np.array_equal(kept.embed(many), Counted().embed(many)), "more at once than are kept"
    kept.embed(["a"])
    assert counted.seen[-1] == "a"


def test_it_gives_up_in_the_middle() -> None:
    counted: Any = Counted()
    kept = Remembering(counted)
    asked: list[int] = []

    def heed() -> None:
        asked.append(len(counted.seen))
        if len(asked) == 3:
            raise Cancelled("cancelled")

    kept.heed = heed
    with pytest.raises(Cancelled):
        kept.embed([str(number) for number in range(10 * remembering.TOGETHER)])
    assert asked == [0, remembering.TOGETHER, 2 * remembering.TOGETHER]
