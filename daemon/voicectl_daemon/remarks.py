"""Feedback in the store: what people said of calls, with who and when; rows are only added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from voicectl import registry
from voicectl.errors import UsageError
from voicectl.feedback import BEST, Example, Feedback, FeedbackWish, Kind
from voicectl.types import CallRecord
from voicectl_daemon import ids
from voicectl_daemon.duck import Cursor
from voicectl_daemon.store import Store
from voicectl_recipes import scheme
from voicectl_recipes.load import REDACT

_COLUMNS = 'id, call, "at", who, kind, rating, scheme, label, segment, text, note'
LONGEST = 10_000
"""Characters of a note or a text."""


def give(
    store: Store, record: CallRecord, who: str, wish: FeedbackWish, folders: Sequence[Path]
) -> list[Feedback]:
    """Keep what somebody says about a call. Raises `UsageError` for what makes no sense.

    `folders` are where the site's schemes lie.
    """
    _check(record, wish)
    schemes = scheme.known(folders)
    blank = Feedback("", record.id, datetime.now(UTC), who, "rating", note=wish.note)
    said: list[Feedback] = []
    if wish.rating is not None:
        said.append(replace(blank, rating=wish.rating))
    kinds: dict[Kind, tuple[str, ...]] = {"label": wish.labels, "not label": wish.not_labels}
    for kind, names in kinds.items():
        for name in dict.fromkeys(names):
            title = _scheme_of(name, record, schemes, wish.scheme)
            said.append(replace(blank, kind=kind, scheme=title, label=name))
    if wish.text is not None:
        said.append(replace(blank, kind="text", segment=wish.segment, text=wish.text.strip()))
    said = [replace(each, id=ids.fresh(12)) for each in said]
    with store.writing() as db:
        _write(db, record.tenant, said)
    return said


def _check(record: CallRecord, wish: FeedbackWish) -> None:
    if wish.rating is not None and not 1 <= wish.rating <= BEST:
        raise UsageError(f"a rating is a number from 1 to {BEST}")
    if both := set(wish.labels) & set(wish.not_labels):
        raise UsageError(f"'{both.pop()}' cannot be right and wrong at the same time")
    if (wish.text is None) != (wish.segment is None):
        raise UsageError("a text that is put right needs its segment, and a segment its text")
    if wish.rating is None and wish.text is None and not wish.labels and not wish.not_labels:
        raise UsageError("nothing is said about the call", hint="see: voicectl calls correct -h")
    if max(len(wish.note), len(wish.text or "")) > LONGEST:
        raise UsageError(f"a note or a text has at most {LONGEST:,} characters")
    if wish.text is not None:
        _check_segment(record, wish)


def _check_segment(record: CallRecord, wish: FeedbackWish) -> None:
    there = record.transcript.segments if record.transcript else ()
    if wish.segment not in {segment.id for segment in there}:
        raise UsageError(
            f"the call {record.id} has no segment {wish.segment}",
            hint=f"see: voicectl calls show {record.id} --json",
        )
    if masked(record):
        raise UsageError(
            "the call is masked: what was really said in it is not kept",
            hint="what you mean to say about it fits into --note, without names",
        )


def masked(record: CallRecord) -> bool:
    """Return whether names and numbers were taken out of a call."""
    return any(step.stage == REDACT for step in record.done)


def _scheme_of(
    name: str, record: CallRecord, schemes: dict[str, scheme.Scheme], asked: str | None
) -> str:
    """Return the title of the scheme that a category is of.

    That is one of those by which the call was sorted; where it has no category yet, of any.
    """
    if asked is not None:
        named = [each for file, each in schemes.items() if asked in (file, each.title)]
        if not named:
            raise registry.unknown("scheme", asked, sorted(schemes), these="known")
        named[0].find(name)
        return named[0].title
    having = {file: each for file, each in schemes.items() if name in _categories(each)}
    titles = {label.scheme for label in record.labels}
    own = {file: each for file, each in schemes.items() if each.title in titles}
    fits = having.keys() & own.keys() if own else having.keys()
    if not fits:
        raise _unknown(name, own or schemes, having)
    if len({having[file].title for file in fits}) > 1:
        raise UsageError(
            f"several schemes have a category '{name}'",
            hint=f"add --scheme with one of: {', '.join(sorted(fits))}",
        )
    return having[min(fits)].title


def _categories(known: scheme.Scheme) -> list[str]:
    return [category.name for category in known.category]


def _unknown(
    name: str, schemes: dict[str, scheme.Scheme], elsewhere: dict[str, scheme.Scheme]
) -> UsageError:
    """Return the error for a category that none of some schemes has, though others may."""
    every = {category for each in schemes.values() for category in _categories(each)}
    error = registry.unknown("category", name, sorted(every), these="known")
    if not elsewhere:
        return error
    return UsageError(
        f"{error.text} in the scheme of this call",
        hint=f"{error.hint}; or add --scheme {min(elsewhere)}",
    )


def _write(db: Cursor, tenant: str, said: Iterable[Feedback]) -> None:
    db.executemany(
        "INSERT INTO book.feedback VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            [each.id, each.call, tenant, each.at.replace(tzinfo=None), each.who, each.kind]
            + [each.rating, each.scheme, each.label, each.segment, each.text, each.note]
            for each in said
        ],
    )


def of(store: Store, tenant: str, call: str | None, limit: int) -> list[Feedback]:
    """Return what was said of a call, or of all, the latest last."""
    with store.reading() as db:
        rows = db.execute(
            f"SELECT * FROM (SELECT {_COLUMNS} FROM feedback WHERE tenant=? "  # noqa: S608, ours
            'AND (? IS NULL OR call=?) ORDER BY "at" DESC, id LIMIT ?) ORDER BY "at", id',
            [tenant, call, call, limit],
        ).fetchall()
    return [
        Feedback(id_, of_call, at.replace(tzinfo=UTC), *others)
        for id_, of_call, at, *others in rows
    ]


def examples(store: Store, tenant: str, limit: int) -> list[Example]:
    """Return the calls that people said something about, those of the last word last."""
    with store.reading() as db:
        rows = db.execute(_EXAMPLES, [tenant, limit]).fetchall()
    return [
        Example(call, lang, hidden, text or "", tuple(now), tuple(before), tuple(not_), rating,
                tuple(who))
        for call, lang, hidden, text, now, before, not_, rating, who in rows
    ]  # fmt: skip


_EXAMPLES = """
WITH given AS (SELECT * FROM feedback WHERE tenant = ?),
last AS (  -- who speaks last is right
    SELECT call, label, arg_max(kind, ("at", id)) AS kind FROM given
    WHERE label IS NOT NULL GROUP BY call, label),
words AS (
    SELECT call, segment, arg_max(text, ("at", id)) AS text FROM given
    WHERE kind = 'text' GROUP BY call, segment),
said AS (
    SELECT s.call, string_agg(trim(coalesce(w.text, s.text)), ' ' ORDER BY s.id) AS text
    FROM segments s LEFT JOIN words w ON w.call = s.call AND w.segment = s.id
    WHERE s.call IN (SELECT call FROM given) GROUP BY s.call),
people AS (
    SELECT call, list_sort(list(DISTINCT who)) AS who, avg(rating) AS rating, max("at") AS moment
    FROM given GROUP BY call),
right_ AS (SELECT call, list_sort(list(label)) AS labels FROM last WHERE kind = 'label' GROUP BY 1),
wrong AS (SELECT call, list_sort(list(label)) AS labels FROM last WHERE kind <> 'label' GROUP BY 1)
SELECT p.call, t.language,
       len([d FOR d IN t.done IF d.stage = 'redact']) > 0, said.text,
       list_sort(list_distinct(list_concat(
           [l.name FOR l IN coalesce(t.labels, []) IF NOT list_contains(
               coalesce(wrong.labels, []), l.name)], coalesce(right_.labels, [])))),
       [l.name FOR l IN coalesce(t.labels, [])], coalesce(wrong.labels, []), p.rating, p.who
FROM people p JOIN book.transcripts t ON t.call = p.call AND t.latest
LEFT JOIN said ON said.call = p.call LEFT JOIN right_ ON right_.call = p.call
LEFT JOIN wrong ON wrong.call = p.call
ORDER BY p.moment, p.call LIMIT ?
"""
