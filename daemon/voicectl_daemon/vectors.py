"""Vectors in the store: one for each segment, one byte a dimension, and the middle of each call."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import msgspec

from voicectl.embedding import EmbedOptions
from voicectl.errors import NotFound
from voicectl.interfaces import Wish
from voicectl.meaning import Near, Similar
from voicectl_daemon.duck import Cursor
from voicectl_daemon.store import Store
from voicectl_daemon.wire import Meant
from voicectl_models import pool

LANGUAGE = "en"
"""Of the weights; what is said in another language is read as it was translated, or not at all."""
LEAST = 0.2
"""What is less like a text is not worth showing."""

ENOUGH = 20
"""Calls of which it can be told what all calls have in common."""
PLENTY = 1000
"""Calls of which it can be told as well as of more."""


@dataclass(frozen=True, slots=True)
class Unread:
    """The latest result of a call that has no vectors yet."""

    key: str
    call: str
    segments: tuple[int, ...]
    texts: tuple[str, ...]


def weights(models: Path) -> str:
    """Return the digest of the weights that make vectors. Raises `ModelMissing`."""
    options = EmbedOptions()
    wish = Wish("embed", options.model, backend=options.backend)
    return pool.candidates(wish, models)[0].sha256


def middle(db: Cursor, tenant: str, model: str) -> list[float] | None:
    """Return what all calls have in common; None while they are too few to tell.

    It is asked for before every few recordings, so that a part of many calls must do; keys are
    digests, and the first of them as good as any.
    """
    rows = db.execute(
        "SELECT list(n ORDER BY place) FROM (SELECT avg(n) AS n, place FROM ("
        "SELECT unnest(vector) AS n, unnest(range(384)) AS place FROM ("
        "SELECT vector FROM book.centres WHERE tenant=? AND model=? AND vector IS NOT NULL "
        "ORDER BY key LIMIT ?)) GROUP BY place HAVING count(*) >= ?)",
        [tenant, model, PLENTY, ENOUGH],
    ).fetchall()
    found: list[float] | None = rows[0][0]
    return found


_WAITING = """FROM book.transcripts t WHERE t.latest AND t.tenant = $tenant
    AND ($calls IS NULL OR t.call IN (SELECT unnest($calls::VARCHAR[])))
    AND NOT EXISTS (SELECT 1 FROM book.centres c WHERE c.key = t.key AND c.model = $model)"""

_TEXTS = f"""
WITH unread AS (SELECT t.key, t.call, t.translation {_WAITING} ORDER BY t.call LIMIT $most),
english AS (
    SELECT key, e.segment AS id, e.text AS text, e.suspect AS suspect
    FROM (SELECT key, unnest(translation.segments) AS e FROM unread
          WHERE translation.language = '{LANGUAGE}')),
said AS (
    SELECT s.key, s.id, coalesce(english.text, s.text) AS text
    FROM book.segments s JOIN unread ON unread.key = s.key
    LEFT JOIN english ON english.key = s.key AND english.id = s.id
    WHERE s.suspect IS NULL AND english.suspect IS NULL
      AND (english.text IS NOT NULL OR coalesce(s.language, '{LANGUAGE}') = '{LANGUAGE}'))
SELECT unread.key, unread.call,
       coalesce(list(said.id ORDER BY said.id) FILTER (said.id IS NOT NULL), []),
       coalesce(list(trim(said.text) ORDER BY said.id) FILTER (said.id IS NOT NULL), [])
FROM unread LEFT JOIN said ON said.key = unread.key AND trim(said.text) <> '' GROUP BY ALL
"""  # noqa: S608, ours


def waiting(
    store: Store, tenant: str, model: str, most: int, call: str | None = None
) -> list[Unread]:
    """Return some calls that have no vectors of a model yet, with what can be read of them."""
    with store.reading() as db:
        return _unread(db, tenant, model, most, None if call is None else [call])


def _unread(
    db: Cursor, tenant: str, model: str, most: int, calls: Sequence[str] | None
) -> list[Unread]:
    given = {"tenant": tenant, "model": model, "most": most, "calls": calls}
    rows = db.execute(_TEXTS, given).fetchall()
    return [Unread(key, of_call, tuple(ids), tuple(texts)) for key, of_call, ids, texts in rows]


def left(store: Store, tenant: str, model: str) -> int:
    """Return how many calls have no vectors of a model yet."""
    with store.reading() as db:
        rows = db.execute(
            f"SELECT count(*) {_WAITING}",
            {"tenant": tenant, "model": model, "calls": None},
        ).fetchall()
    return int(rows[0][0])


def keep(
    store: Store, tenant: str, model: str, read: Sequence[Unread], found: Sequence[Meant]
) -> None:
    """Keep the vectors of some calls in place of those that were kept before.

    A call that was deleted or done anew meanwhile gets none.
    """
    with store.writing() as db:
        calls = [each.call for each in read]
        still = _unread(db, tenant, model, len(read), calls)
        kept = [pair for pair in zip(read, found, strict=True) if pair[0] in still]
        for table in ("vectors", "centres"):
            db.execute(
                f"DELETE FROM book.{table} WHERE call IN (SELECT unnest(?::VARCHAR[]))",  # noqa: S608, ours
                [[each.call for each, _ in kept]],
            )
        db.execute(
            "INSERT INTO book.centres SELECT r.key, r.call, ?, ?, r.vector::FLOAT[384] "
            "FROM (SELECT unnest(from_json(?, ?)) r)",
            [tenant, model, _json([_centre(*pair) for pair in kept]),
             '[{"key":"VARCHAR","call":"VARCHAR","vector":["FLOAT"]}]'],
        )  # fmt: skip
        db.execute(
            "INSERT INTO book.vectors SELECT r.key, r.call, r.segment, r.vector::TINYINT[384] "
            "FROM (SELECT unnest(from_json(?, ?)) r)",
            [_json([row for pair in kept for row in _segments(*pair)]),
             '[{"key":"VARCHAR","call":"VARCHAR","segment":"INTEGER","vector":["TINYINT"]}]'],
        )  # fmt: skip


def _centre(read: Unread, meant: Meant) -> dict[str, object]:
    middle = array("f", meant.centre).tolist() or None
    return {"key": read.key, "call": read.call, "vector": middle}


def _segments(read: Unread, meant: Meant) -> Iterator[dict[str, object]]:
    numbers = array("b", meant.vectors).tolist()
    wide = len(numbers) // max(len(read.segments), 1)
    for at, segment in enumerate(read.segments):
        vector = numbers[at * wide : (at + 1) * wide]
        yield {"key": read.key, "call": read.call, "segment": segment, "vector": vector}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def near(store: Store, tenant: str, model: str, asked: array[int], limit: int) -> list[Near]:
    """Return the segments that are nearest to a vector, the nearest first."""
    with store.reading() as db:
        rows = db.execute(_NEAR, [asked.tolist(), tenant, model, LEAST, limit]).fetchall()
    return [Near(*row) for row in rows]


_NEAR = """
WITH found AS (
    SELECT v.key, v.segment,
           array_cosine_similarity(v.vector::FLOAT[384], ?::FLOAT[384]) AS score
    FROM book.vectors v JOIN book.transcripts t ON t.key = v.key AND t.latest AND t.tenant = ?
    SEMI JOIN book.centres c ON c.key = v.key AND c.model = ?
    WHERE score >= ? ORDER BY score DESC, v.key, v.segment LIMIT ?)
SELECT s.call, c.name, s.id, s."start", s."end", s.speaker, s.text, round(f.score, 4)
FROM found f JOIN book.segments s ON s.key = f.key AND s.id = f.segment
JOIN book.calls c ON c.id = s.call ORDER BY f.score DESC, s.call, s.id
"""


def similar(store: Store, tenant: str, model: str, call: str, limit: int) -> list[Similar]:
    """Return the calls whose middle is nearest to that of a call, the nearest first.

    Raises `NotFound` for a call in which nothing can be compared.
    """
    given = {"tenant": tenant, "model": model, "call": call, "most": limit, "enough": ENOUGH}
    with store.reading() as db:
        rows = db.execute(_SIMILAR, given).fetchall()
        if (
            not rows
            and not db.execute(
                "SELECT 1 FROM book.centres WHERE call=? AND vector IS NOT NULL", [call]
            ).fetchone()
        ):
            raise NotFound(
                f"nothing in the call {call} can be compared: only English is understood",
                hint="a translation is compared, too: a recipe with the step translate writes it",
            )
    return [
        Similar(id_, name, created.replace(tzinfo=UTC), *others)
        for id_, name, created, *others in rows
    ]


_SIMILAR = """
WITH known AS (
    SELECT c.key, c.call, c.vector FROM book.centres c
    JOIN book.transcripts t ON t.key = c.key AND t.latest
    WHERE c.tenant = $tenant AND c.model = $model AND c.vector IS NOT NULL),
numbers AS (SELECT unnest(vector) AS n, unnest(range(384)) AS place FROM known),
means AS (SELECT avg(n) AS n, place FROM numbers GROUP BY place),
few AS (SELECT count(*) < $enough AS few FROM known),
middle AS (
    SELECT list(CASE WHEN few THEN 0 ELSE n END ORDER BY place)::FLOAT[384] AS m FROM means, few),
mine AS (SELECT k.key, k.vector AS v FROM known k WHERE k.call = $call),
scored AS (
    SELECT k.key, k.call,
           (array_inner_product(k.vector, mine.v) - array_inner_product(k.vector, m)
            - array_inner_product(mine.v, m) + array_inner_product(m, m))
           / nullif(array_distance(k.vector, m) * array_distance(mine.v, m), 0) AS score
    FROM known k, mine, middle WHERE k.call <> $call),
best AS (SELECT * FROM scored WHERE score > 0 ORDER BY score DESC, call LIMIT $most),
own AS (
    SELECT v.segment, v.vector::FLOAT[384] AS vector, s.text FROM book.vectors v
    JOIN mine ON mine.key = v.key JOIN book.segments s ON s.key = v.key AND s.id = v.segment),
theirs AS (
    SELECT b.key, v.segment, v.vector::FLOAT[384] AS vector, s.text, s."start" AS moment
    FROM best b JOIN book.vectors v ON v.key = b.key
    JOIN book.segments s ON s.key = v.key AND s.id = v.segment),
nearest AS (  -- nothing is sorted: of two long calls there are millions of pairs
    SELECT theirs.key, arg_max(
        {'mine': own.segment, 'theirs': theirs.segment, 'said': own.text, 'heard': theirs.text,
         'moment': moment},
        -- a greeting is like a greeting in any two calls
        (least(len(own.text), len(theirs.text)) >= 25,
         array_cosine_similarity(own.vector, theirs.vector), -own.segment, -theirs.segment)) AS pair
    FROM theirs, own GROUP BY theirs.key),
pairs AS (SELECT key, unnest(pair) FROM nearest)
SELECT b.call, c.name, c.created, round(b.score, 4), p.mine, p.theirs, p.moment, p.said, p.heard
FROM best b JOIN book.calls c ON c.id = b.call LEFT JOIN pairs p ON p.key = b.key
ORDER BY b.score DESC, b.call
"""
