"""Figures over many calls. All of them are computed by SQL; no call is read here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from voicectl import zone
from voicectl.errors import UsageError
from voicectl.reporting import Column, Figures, Report, ReportWish, hidden
from voicectl_daemon.duck import Cursor
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.records import plain
from voicectl_daemon.store import Store, in_utc

MOST_ROWS = 1000
"""Of one table."""


def made(store: Store, ledger: Ledger, tenant: str, wish: ReportWish) -> Report:
    """Return the figures of a time. Raises `UsageError` for a time that cannot be read."""
    in_zone = wish.zone or zone.here()
    zone.of(in_zone)
    span = {"since": in_utc(wish.since), "until": in_utc(wish.until)}
    with store.reading() as db:
        if not db.execute("SELECT 1 FROM pg_timezone_names() WHERE name=?", [in_zone]).fetchone():
            raise UsageError(f"the store knows no time zone '{in_zone}'")
        asked = _Asked(db, {"tenant": tenant, "zone": in_zone, **span})
        tables = [*_tables(asked, wish.by), _failures(ledger, tenant, span)]
    shown = tuple(hidden(each, wish.fewest) for each in tables)
    now = datetime.now(UTC)
    return Report(wish.since, wish.until, wish.by, in_zone, wish.fewest, now, shown)


class _Asked:
    """Asks about the calls of one tenant in one time."""

    def __init__(self, db: Cursor, given: dict[str, Any]) -> None:
        self._db = db
        self._given = given

    def figures(self, empty: Figures, query: str) -> Figures:
        """Return a table with the rows that a query over `picked` finds."""
        found = self._db.execute(
            f"WITH {_PICKED} {query} LIMIT {MOST_ROWS + 1}", self._given
        ).fetchall()
        rows = tuple(tuple(plain(value) for value in row) for row in found[:MOST_ROWS])
        return replace(empty, rows=rows, cut=len(found) > MOST_ROWS)


_PICKED = """picked AS (
    SELECT c.id, c.seconds, c.agent, c.direction,
           (c.created AT TIME ZONE 'UTC') AT TIME ZONE $zone AS moment,
           t.key, t.language, t.model, t.whole, t.risks, t.labels, t.scores,
           len([d FOR d IN t.done IF d.stage = 'classify']) > 0 AS sorted,
           len(flatten([d.unread FOR d IN t.done IF d.stage = 'classify'])) AS unread
    FROM book.calls c LEFT JOIN book.transcripts t ON t.call = c.id AND t.latest
    WHERE c.tenant = $tenant AND ($since IS NULL OR c.created >= $since)
          AND ($until IS NULL OR c.created < $until)),
whole AS (SELECT count(*)::DOUBLE AS calls FROM picked)"""

_FACTS = """said AS (
    SELECT key, sum("end" - "start") AS spoken,
           sum("end" - "start") FILTER (suspect IS NOT NULL) AS doubtful,
           count(*) FILTER (suspect IS NULL) AS lines
    FROM book.segments SEMI JOIN picked USING (key) GROUP BY key),
facts AS (
    SELECT p.id, p.seconds, len(p.risks) > 0 AS urgent, p.sorted,
           coalesce(len(p.labels), 0) = 0 AS bare, NOT p.whole AS partial,
           bare AND coalesce(p.unread * 2 >= nullif(said.lines, 0), false) AS strange,
           p.sorted AND bare AND NOT strange AS unsorted,
           spoken, coalesce(doubtful, 0) AS doubtful,
           len([s FOR s IN p.scores IF s.verdict IN ('yes', 'partly', 'no')]) AS assessed,
           len([s FOR s IN p.scores IF s.verdict = 'yes'])
           + 0.5 * len([s FOR s IN p.scores IF s.verdict = 'partly']) AS met
    FROM picked p LEFT JOIN said USING (key))"""

_SUMS = """count(f.id), sum(f.seconds), median(f.seconds), count(*) FILTER (f.urgent),
    count(*) FILTER (f.sorted), count(*) FILTER (f.unsorted), count(*) FILTER (f.strange),
    count(*) FILTER (f.assessed > 0), avg(f.met / f.assessed) FILTER (f.assessed > 0),
    count(*) FILTER (f.partial), sum(f.doubtful) / nullif(sum(f.spoken), 0)"""

_COLUMNS = (
    Column("calls"),
    Column("audio", "seconds"),
    Column("usual length", "seconds"),
    Column("urgent"),
    Column("sorted"),
    Column("no category"),
    Column("not understood"),
    Column("scored"),
    Column("quality", "share", of="scored"),
    Column("partial"),
    Column("suspect", "share"),
)

_MEANT = (
    "Usual length: the median. Urgent: urgent words were said. Sorted: categories were looked for; "
    "no category: none was sure enough; not understood: none was found, and half of the lines or "
    "more are in other languages. Quality: criteria that were met, of those assessed. "
    "Partial: not every step succeeded. Suspect: how much of the speech may be invented."
)

_TIMES = {
    "day": ("strftime(moment, '%Y-%m-%d')", "day"),
    "week": ("strftime(date_trunc('week', moment), '%Y-%m-%d')", "week"),
    "month": ("strftime(moment, '%Y-%m')", "month"),
}
"""How a moment names its group, and the step from one to the next."""

_GROUPS = {
    "weekday": "SELECT id, dayname(moment), isodow(moment)::VARCHAR FROM picked",
    "hour": "SELECT id, strftime(moment, '%H:00'), strftime(moment, '%H') FROM picked",
    "category": (
        "SELECT DISTINCT id, l.name, '' FROM (SELECT id, unnest(labels) AS l FROM picked) "
        "UNION ALL SELECT id, CASE WHEN strange THEN 'not understood' END, '' FROM facts WHERE bare"
    ),
    "urgent": (
        "SELECT DISTINCT id, r.kind, '' FROM (SELECT id, unnest(risks) AS r FROM picked) "
        "UNION ALL SELECT id, NULL, '' FROM picked WHERE coalesce(len(risks), 0) = 0"
    ),
    "speaker": (
        "SELECT DISTINCT p.id, s.speaker, '' FROM picked p JOIN book.segments s USING (key)"
    ),
}
"""Queries for calls with the names of their groups and the place of those."""

_SEVERAL = ("category", "urgent", "speaker")
"""By which a call may be in several groups."""


def _owned(by: str) -> str:
    """Return the query for the group of every call; days without a call are there, too."""
    if by in _GROUPS:
        return _GROUPS[by]
    if by not in _TIMES:
        return f"SELECT id, {by}, '' FROM picked"  # noqa: S608, one of `By`
    name, step = _TIMES[by]
    return (
        f"SELECT id, {name}, {name} FROM picked UNION ALL SELECT NULL, {name}, {name} FROM ("  # noqa: S608, ours
        f"SELECT unnest(generate_series(date_trunc('{step}', min(moment)), max(moment), "
        f"INTERVAL 1 {step})) AS moment FROM picked)"
    )


def _tables(asked: _Asked, by: str) -> list[Figures]:
    every = Figures("all", "In all", _MEANT, (Column("", "name"), *_COLUMNS))
    several = " A call may be in several rows." if by in _SEVERAL else ""
    columns = (Column(by, "name"), *_COLUMNS)
    groups = Figures("groups", f"By {by}", _MEANT + several, columns, whole=by not in _SEVERAL)
    query = (
        f", {_FACTS}, owned(id, grp, place) AS ({_owned(by)}) SELECT grp, {_SUMS} "  # noqa: S608, ours
        "FROM owned LEFT JOIN facts f USING (id) GROUP BY grp, place ORDER BY "
    )
    if by in _TIMES:  # when there are too many, the last ones count
        groups = asked.figures(groups, query + "grp DESC")
        groups = replace(groups, rows=groups.rows[::-1])
    else:
        groups = asked.figures(groups, query + "place, count(f.id) DESC, grp")
    return [
        asked.figures(every, f", {_FACTS} SELECT 'all calls', {_SUMS} FROM facts f"),  # noqa: S608, ours
        groups,
        *(asked.figures(empty, query) for empty, query in _DETAILS),
    ]


_CALLS, _SHARE = Column("calls"), Column("of all", "share")
_VERDICTS = (
    "count(*) FILTER (s.verdict IN ('yes', 'partly', 'no')) AS assessed, "
    "count(*) FILTER (s.verdict = 'yes') AS yes, count(*) FILTER (s.verdict = 'partly') AS partly, "
    "count(*) FILTER (s.verdict = 'no')"
)
_DETAILS = (
    (
        Figures(
            "lengths", "Lengths", "How long the recordings are.",
            (Column("length", "name"), _CALLS, _SHARE), whole=True,
        ),
        "SELECT CASE WHEN seconds < 30 THEN 'under 30 s' WHEN seconds < 60 THEN '30 s to 1 min' "
        "WHEN seconds < 180 THEN '1 to 3 min' WHEN seconds < 300 THEN '3 to 5 min' "
        "WHEN seconds < 600 THEN '5 to 10 min' WHEN seconds < 1200 THEN '10 to 20 min' "
        "WHEN seconds < 3600 THEN '20 min to 1 h' ELSE '1 h and more' END, "
        "count(*), count(*) / any_value(whole.calls) FROM picked, whole "
        "GROUP BY 1 ORDER BY min(seconds)",
    ),
    (
        Figures(
            "languages", "Languages", "The language of most of the speech in a call.",
            (Column("language", "name"), _CALLS, _SHARE, Column("audio", "seconds")), whole=True,
        ),
        "SELECT language, count(*), count(*) / any_value(whole.calls), sum(seconds) "
        "FROM picked, whole GROUP BY 1 ORDER BY 2 DESC, 1",
    ),
    (
        Figures(
            "categories", "Categories", "A call may have several; score: how sure they are.",
            (Column("category", "name"), _CALLS, _SHARE, Column("score", "share")),
        ),
        "SELECT l.name, count(DISTINCT id), count(DISTINCT id) / any_value(whole.calls), "
        "avg(l.score) FROM (SELECT id, unnest(labels) AS l FROM picked), whole "
        "GROUP BY 1 ORDER BY 2 DESC, 1",
    ),
    (
        Figures(
            "risks", "Urgent words", "Calls in which such words were said, and how often.",
            (Column("kind", "name"), _CALLS, _SHARE, Column("times")),
        ),
        "SELECT r.kind, count(DISTINCT id), count(DISTINCT id) / any_value(whole.calls), count(*) "
        "FROM (SELECT id, unnest(risks) AS r FROM picked), whole GROUP BY 1 ORDER BY 2 DESC, 1",
    ),
    (
        Figures(
            "quality", "Quality", "Criteria of quality forms, and in how many calls they were met.",
            (Column("criterion", "name"), Column("assessed"), Column("yes"), Column("partly"),
             Column("no"), Column("met", "share", of="assessed")),
        ),
        f"SELECT s.name, {_VERDICTS}, (yes + 0.5 * partly) / assessed "  # noqa: S608, ours
        "FROM (SELECT unnest(scores) AS s, unnest(range(len(scores))) AS place FROM picked) "
        "GROUP BY s.form, s.name HAVING assessed > 0 ORDER BY s.form, min(place)",
    ),
    (
        Figures(
            "speakers", "Who speaks", "Calls in which somebody speaks, and for how long.",
            (Column("speaker", "name"), _CALLS, Column("speech", "seconds"),
             Column("of speech", "share")),
        ),
        'SELECT speaker, count(DISTINCT key), sum("end" - "start"), sum("end" - "start") / '
        'sum(sum("end" - "start")) OVER () FROM book.segments SEMI JOIN picked USING (key) '
        "GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 1",
    ),
)  # fmt: skip
"""Tables of what is in the calls, whatever they are grouped by: still empty, and their queries."""


def _failures(ledger: Ledger, tenant: str, span: dict[str, datetime | None]) -> Figures:
    """Return how many recordings failed, which the ledger knows, by the kind of error."""
    times = {name: at.replace(tzinfo=UTC).timestamp() if at else None for name, at in span.items()}
    rows = ledger.rows(
        "SELECT coalesce(error->>'code', state) AS why, count(*) AS n FROM task WHERE tenant=? "
        "AND state IN ('partial','failed','dead') AND (? IS NULL OR finished >= ?) "
        "AND (? IS NULL OR finished < ?) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
        tenant, *[times["since"]] * 2, *[times["until"]] * 2, MOST_ROWS,
    )  # fmt: skip
    return Figures(
        "failures",
        "What failed",
        "Recordings that failed, wholly or in a step, and were not done later; by kind of error.",
        (Column("error", "name"), Column("recordings")),
        tuple((row["why"], row["n"]) for row in rows),
    )
