"""What is learned from calls that people put right, without training anything.

A call is compared to those calls as a whole. The nearest of them pull it to the
categories that people gave them, and push it off those that people took away; how
far at most is fixed, so that no correction can outweigh what is plainly said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from voicectl_recipes.scheme import Lessons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

NEAREST = 7
PULL, MOST = 0.2, 0.06
"""How far a call just like all its neighbours is pulled, and how far any; in likeness. Chosen on
the developing half of `tests/bench/classify.py`, one half of it taught, the other one asked."""


def pull(lessons: Lessons, names: Sequence[str], centre: Vector) -> Vector:
    """Return by how much a call is more like each category than its words say.

    `centre` is the mean of the vectors of its segments.
    """
    known = np.frombuffer(b"".join(each.centre for each in lessons.calls), np.float32)
    if not lessons.calls or known.size != len(lessons.calls) * centre.size:
        return np.zeros(len(names), np.float32)
    middle = np.frombuffer(lessons.middle, np.float32) if lessons.middle else np.float32(0)
    alike = _unit(known.reshape(len(lessons.calls), -1) - middle) @ _unit(centre - middle)
    near = np.argsort(-alike, kind="stable")[:NEAREST]
    weights = np.maximum(alike[near], 0.0)
    said = np.array([[_said(lessons, at, name) for name in names] for at in near])
    share = weights @ said / max(float(weights.sum()), 1e-6)
    return np.asarray(np.clip(PULL * share * weights.max(), -MOST, MOST), np.float32)


def _said(lessons: Lessons, at: int, name: str) -> float:
    call = lessons.calls[at]
    return float(name in call.about) - float(name in call.not_about)


def _unit(vectors: Vector) -> Vector:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)
