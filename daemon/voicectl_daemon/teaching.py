"""Gives the step `classify` what people corrected, at the moment when it is taken.

What was asked for stays what it was: the lessons are no part of a recipe, a job or
the key of a result, so that no correction makes anybody work on old calls again.
The stamp of the step names them.
"""

from __future__ import annotations

import hashlib
from array import array
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from voicectl.embedding import EmbedOptions
from voicectl.errors import VoicectlError
from voicectl_daemon import vectors
from voicectl_daemon.duck import Cursor
from voicectl_daemon.store import Store
from voicectl_recipes import load, written
from voicectl_recipes.scheme import ClassifyOptions, Lesson, Lessons, Scheme

MOST = 300
"""Corrected calls that are learned from, the latest."""
DIGEST = 8
"""Characters of its hexadecimal form."""


def taught(store: Store, models: Path, tenant: str, steps: bytes) -> bytes:
    """Return the checked recipe with what there is to learn; as it was where that is nothing."""
    plan = load.from_wire(steps)
    asked = [step for step in plan if _learns(step.options)]
    if not asked:
        return steps
    with suppress(VoicectlError):  # weights that are missing are told of by the step itself
        model = vectors.weights(models)
        with store.reading() as db:
            return load.to_wire(
                tuple(_taught(db, tenant, model, each) if each in asked else each for each in plan)
            )
    return steps


def _learns(options: object) -> bool:
    """Return whether a step learns, with the weights by which calls are kept."""
    usual = EmbedOptions()
    return (
        isinstance(options, ClassifyOptions)
        and options.learn
        and (options.backend, options.model) == (usual.backend, usual.model)
    )


def _taught(db: Cursor, tenant: str, model: str, step: load.CheckedStep) -> load.CheckedStep:
    title = written.named("schemes", step.options.scheme, Scheme).title
    given = {"tenant": tenant, "scheme": title, "model": model, "most": MOST}
    rows = db.execute(_LESSONS, given).fetchall()
    if not rows:
        return step
    calls = tuple(
        Lesson(about=tuple(about), not_about=tuple(not_about), centre=_bytes(centre))
        for _, about, not_about, centre in rows
    )
    telling = msgspec.json.encode(sorted([call, about, not_] for call, about, not_, _ in rows))
    lessons = Lessons(
        calls=calls,
        middle=_bytes(vectors.middle(db, tenant, model)),
        digest=hashlib.sha256(telling).hexdigest()[:DIGEST],
    )
    return replace(step, options=msgspec.structs.replace(step.options, lessons=lessons))


def _bytes(numbers: object) -> bytes:
    return array("f", numbers).tobytes() if isinstance(numbers, list | tuple) else b""


_LESSONS = """
WITH last AS (
    SELECT call, label, arg_max(kind, ("at", id)) AS kind, max("at") AS moment
    FROM book.feedback WHERE tenant = $tenant AND scheme = $scheme AND label IS NOT NULL
    GROUP BY call, label)
SELECT l.call, coalesce(list(label ORDER BY label) FILTER (kind = 'label'), []),
       coalesce(list(label ORDER BY label) FILTER (kind <> 'label'), []), any_value(c.vector)
FROM last l JOIN book.centres c ON c.call = l.call AND c.model = $model
WHERE c.vector IS NOT NULL GROUP BY l.call ORDER BY max(moment) DESC, l.call LIMIT $most
"""
