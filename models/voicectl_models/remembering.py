"""An embedder that remembers: several steps of a recipe read the same sentences of a call."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from voicectl.embedding import Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 8192
"""Vectors that are kept: of a call of several hours; 13 MB where they have 384 dimensions."""
TOGETHER = 128
"""Texts that are embedded before it is looked whether the work is still wanted."""


class Remembering:
    """Keeps the promises of `Embedder`, by those of another one; used by one thread.

    It remembers no text, only digests.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.heed: Callable[[], None] = lambda: None
        """Called now and then; raises `Cancelled` when nobody wants the work any more."""
        self._known: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.embedder, name)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector of length 1 for each text, as `Embedder.embed` does."""
        import numpy as np  # not where nobody embeds: the daemon knows this file, too

        digests = [hashlib.sha256(text.encode(errors="surrogatepass")).digest() for text in texts]
        new = {
            digest: text
            for digest, text in zip(digests, texts, strict=True)
            if digest not in self._known
        }
        if not texts:
            return self.embedder.embed(texts)
        found = {digest: self._known[digest] for digest in digests if digest not in new}
        # Texts of a length go together, whatever they are embedded with.
        order = sorted(new, key=lambda digest: len(new[digest]))
        for start in range(0, len(order), TOGETHER):
            self.heed()
            some = order[start : start + TOGETHER]
            found |= zip(some, self.embedder.embed([new[each] for each in some]), strict=True)
        self._remember(found)
        return np.stack([found[digest] for digest in digests])

    def _remember(self, found: dict[bytes, NDArray[np.float32]]) -> None:
        for digest, vector in found.items():
            self._known[digest] = vector
            self._known.move_to_end(digest)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
