"""`voicectl audit`: what left this machine, and who read what is masked for others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from voicectl.cli import show
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON, switch

if TYPE_CHECKING:
    from voicectl.audit import Request, Reveal


def audit(
    limit: Annotated[int, typer.Option(metavar="N", show_default="50", help="Most rows.")] = 50,
    *,
    reveals: Annotated[
        bool, switch("--reveals", help_text="List instead who was shown what is masked.")
    ] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """List the requests that left this machine, the latest first.

    By default none does. Each was noted before it was sent: when, for which call, to whom, how
    many bytes, how it ended. The words are not kept; --json has the SHA-256 of what was sent.
    """
    with open_door() as door:
        given, found = ([], door.audit(limit)) if not reveals else (door.reveals(limit), [])
    if json:
        show.answer_json(given if reveals else found)
    elif reveals:
        _tell(given)
    elif not found:
        show.answer("nothing has left this machine")
    else:
        show.table(("When", "Call", "By", "Model", "To", "Bytes>", "Status"), map(_row, found))


def _tell(given: Sequence[Reveal]) -> None:
    if not given:
        show.answer("nobody has asked for what is masked")
        return
    rows = [
        (show.when(each.at), each.revealed, each.user, each.how, f"{each.size:,}") for each in given
    ]
    show.table(("When", "Call", "Account", "How", "Bytes>"), rows)


def _row(each: Request) -> tuple[str | Text, ...]:
    status = show.text(each.status, "" if each.status.startswith("2") else "yellow")
    when, size = show.when(each.at), f"{each.size:,}"
    return (when, each.call, each.runner, each.model, each.host, size, status)
