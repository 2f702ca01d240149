"""`voicectl calls flag`, `note`, `escalate`: what people who watch calls note about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import typer
from rich.text import Text

from voicectl.cli import show
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON, switch
from voicectl.errors import NotFound
from voicectl.marks import Mark, Marked, MarkKind, MarkWish

Call = Annotated[
    str,
    typer.Argument(
        metavar="CALL", help="The id of a call, in progress or over, or its beginning; or `last`."
    ),
]
Why = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; it stays here.")]


def flag(
    call: Call,
    why: Why = "",
    *,
    off: Annotated[bool, switch("--off", help_text="Take the flag away.")] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Flag a call: somebody should look at it again.

    Every monitor shows it, and `calls show` after the call. It goes with the call when that is
    deleted.
    """
    if not off:
        _give(call, MarkWish(MarkKind.FLAG, why), json=json)
        return
    with open_door() as door:
        found = [mark for mark in door.marks(call) if mark.kind is MarkKind.FLAG]
        gone = [door.unmark(mark.call, mark.id) for mark in found]
    if not gone:
        raise NotFound(f"the call '{call}' is not flagged", hint="see: voicectl calls marks")
    if json:
        show.answer_json(gone)
    else:
        show.answer(f"{gone[0].call}: no flag")


def note(
    call: Call,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What there is to say about it.")],
    *,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Note something about a call, with your account and the time.

    Notes are not masked: write no names into them.
    """
    _give(call, MarkWish(MarkKind.NOTE, text), json=json)


def escalate(call: Call, why: Why = "", *, json: Annotated[bool, JSON] = False) -> None:
    """Have others told of a call at once, by the webhooks that have `call.escalated`.

    They are told which call, how it stands and who says so, without any word of it; the note
    stays here.
    """
    _give(call, MarkWish(MarkKind.ESCALATION, why), json=json)


def marks(
    call: Annotated[
        str, typer.Argument(metavar="CALL", help="The id of a call, or its beginning.")
    ] = "",
    *,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Show what people noted about a call, or about all calls."""
    with open_door() as door:
        found = door.marks(call or None)
    columns = ("Mark", "Call", "When", "Who", "What", "Note")
    nothing = "nobody noted anything yet; see: voicectl calls flag --help"
    show.listing(found, columns, _row, nothing=nothing, json=json)


def unmark(
    call: Call,
    mark: Annotated[str, typer.Argument(metavar="MARK", help="As `voicectl calls marks` says.")],
) -> None:
    """Take back a flag, a note or an escalation; who was told of it stays told."""
    with open_door() as door:
        gone = door.unmark(call, mark)
    show.answer(f"{gone.call}: no {gone.kind} {gone.id}")


def _give(call: str, wish: MarkWish, *, json: bool) -> None:
    with open_door() as door:
        given = door.mark(call, wish)
    if json:
        show.answer_json(given)
        return
    show.answer(f"{given.mark.call}: {says(given.mark)}")
    if given.mark.kind is MarkKind.ESCALATION:
        show.note(*_told(given))


def _told(given: Marked) -> tuple[str, str]:
    if given.webhooks:
        return f"told: {', '.join(given.webhooks)}", ""
    return "nobody is told: no [[webhook]] has the event call.escalated", "yellow"


def says(mark: Mark) -> str:
    """Return what somebody noted, in a few words."""
    words = {MarkKind.FLAG: "flagged", MarkKind.ESCALATION: "escalated", MarkKind.NOTE: "noted"}
    return words[mark.kind] + (f": {mark.note}" if mark.note else "")


def told(given: Iterable[Mark]) -> Iterator[str]:
    """Yield what people noted about one call, each with who and when."""
    for each in given:
        yield f"{says(each)}  by {each.who}, {show.when(each.at)}"


def _row(mark: Mark) -> tuple[str | Text, ...]:
    what = show.text(mark.kind, "bold red" if mark.kind is MarkKind.ESCALATION else "")
    return (mark.id, mark.call, show.when(mark.at), mark.who, what, mark.note)
