"""`voicectl calls search --meaning`, `similar` and `index`: calls by what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voicectl.cli import show
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON, switch

if TYPE_CHECKING:
    from voicectl.client import Door
    from voicectl.meaning import Near, Similar

Limit = Annotated[int, typer.Option(metavar="N", show_default="10", min=1, help="How many.")]
Known = Annotated[
    bool, switch("--known", help_text="Only calls that were read before; do not read others now.")
]


def search(text: str, limit: int, *, known: bool, json: bool) -> None:
    """Find what means about the same."""
    with open_door() as door:
        if not known:
            read(door)
        hits = door.near(text, limit)
    columns = ("Call", "Recording", "At>", "Speaker", "Text", "Like>")
    show.listing(hits, columns, _row, nothing="nothing means about the same", json=json)


def _row(hit: Near) -> tuple[str, ...]:
    at = show.clock(int(hit.start))
    return (hit.call, hit.name, at, hit.speaker or "", hit.text.strip(), f"{hit.score:.2f}")


def similar(
    call: Annotated[
        str,
        typer.Argument(
            metavar="CALL",
            help="The id of a call or its beginning; `last`: the one worked on last.",
        ),
    ],
    limit: Limit = 10,
    *,
    known: Known = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Find calls that are about the same as one, with the words that are most alike.

    Calls are read for it once; that takes a moment for each, see `calls index`.
    """
    with open_door() as door:
        if not known:
            read(door)
        found = door.similar(call, limit)
    columns = ("Call", "Recording", "Like>", "At>", "Words of it", "As here")
    show.listing(found, columns, _similar_row, nothing="no other call is like it", json=json)


def _similar_row(found: Similar) -> tuple[str, ...]:
    return (
        found.call,
        found.name,
        f"{found.score:.2f}",
        "" if found.start is None else show.clock(int(found.start)),
        (found.theirs_text or "").strip(),
        (found.mine_text or "").strip(),
    )


def index(*, json: Annotated[bool, JSON] = False) -> None:
    """Read calls for their meaning, as `search --meaning` and `similar` need it.

    They do so themselves; do it at night where there are thousands of calls. What was read
    is kept, and goes with its call. Ctrl-C is safe.
    """
    with open_door() as door:
        done = read(door)
    if json:
        show.answer_json({"done": done})
    else:
        show.answer(f"{show.count(done, 'call')} read")


def read(door: Door) -> int:
    """Have all calls read that were not; tell how far that is when it takes long."""
    first = door.index(0)
    if not first.left:
        return 0
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    parts = (TextColumn("reading calls"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    done = 0
    with Progress(*parts, console=show.stderr(), transient=True) as progress:
        task = progress.add_task("", total=first.left)
        while (now := door.index()).left or now.done:
            done += now.done
            progress.update(task, completed=done, total=done + now.left)
    return done
