"""Calls as they were before they were masked: sealed, so that nobody here can read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from voicectl.errors import RecipeError
from voicectl.types import CallRecord
from voicectl_daemon.duck import Cursor
from voicectl_recipes.load import REDACT, Plan, Recipe

Options = dict[str, dict[str, Any]]


def beside(options: Options | None, recipe: Recipe, recipients: tuple[str, ...]) -> Options:
    """Return the options of a job with the site's recipients, where it masks and names none."""
    given = options or {}
    masks = [step.options | given.get(REDACT, {}) for step in recipe.steps if step.stage == REDACT]
    keeps = any(each.get("keep_original") and "recipients" not in each for each in masks)
    if not recipients or not keeps:
        return given
    return {**given, REDACT: given.get(REDACT, {}) | {"recipients": list(recipients)}}


def faults(plan: Plan) -> list[RecipeError]:
    """Return what is wrong with a plan that keeps what nobody could ever read."""
    return [
        RecipeError(
            "keep_original: voicectl.toml names nobody who could read what is kept",
            hint="make a key with: voicectl identity new FILE, and put its recipient below "
            "[redaction]",
        )
        for step in plan
        if step.stage.name == REDACT and step.options.keep_original and not step.options.recipients
    ]


def put(db: Cursor, records: Mapping[str, CallRecord], originals: Mapping[str, bytes]) -> None:
    """Keep originals by the keys of their results, in place of earlier ones."""
    now = datetime.now(UTC).replace(tzinfo=None)
    for key, original in originals.items():
        db.execute("DELETE FROM book.originals WHERE key=?", [key])
        owner = [key, records[key].id, records[key].tenant]
        db.execute("INSERT INTO book.originals VALUES (?,?,?,?,?)", [*owner, now, original])


def of(db: Cursor, call: str) -> bytes | None:
    """Return the original of the result that is shown; when it has none, the latest of the call."""
    row = db.execute(
        "SELECT o.sealed FROM book.originals o LEFT JOIN book.transcripts t ON t.key=o.key "
        'WHERE o.call=? ORDER BY coalesce(t.latest, false) DESC, o."at" DESC LIMIT 1',
        [call],
    ).fetchone()
    return None if row is None else bytes(row[0])
