"""`voicectl webhooks`: who is told of events, and what could not be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from voicectl.cli import show
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON, Command, group
from voicectl.errors import ExitStatus

if TYPE_CHECKING:
    from voicectl.results import DeadEvent, WebhookLine

NAME_HELP = "As `voicectl webhooks list` says."

app = group("Who is told of events, signed; docs/live-calls.md has the config.")


@app.command("list", cls=Command)
def list_(*, json: Annotated[bool, JSON] = False) -> None:
    """List the webhooks, and how each is doing."""
    with open_door() as door:
        lines = door.webhooks()
    columns = ("Webhook", "To", "State", "Waiting>", "Dead>", "Last", "Why")
    nothing = "there are no webhooks; docs/live-calls.md tells how to write one"
    show.listing(lines, columns, _row, nothing=nothing, json=json)


@app.command("dead", cls=Command)
def dead(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help=NAME_HELP, show_default="all")
    ] = None,
    *,
    limit: Annotated[int, typer.Option(metavar="N", show_default="50", help="Most rows.")] = 50,
    json: Annotated[bool, JSON] = False,
) -> None:
    """List events that were given up, the latest first; they are kept for a month."""
    with open_door() as door:
        events = door.dead_events(name, limit)
    columns = ("Id", "Webhook", "Event", "Call", "When", "Attempts>", "Why")
    show.listing(events, columns, _dead_row, nothing="no event was given up", json=json)


@app.command("retry", cls=Command)
def retry(
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_HELP)],
    event: Annotated[
        str | None,
        typer.Argument(
            metavar="ID",
            help="As `voicectl webhooks dead` says; its beginning is enough.",
            show_default="all",
        ),
    ] = None,
) -> None:
    """Send again what was given up; a webhook whose receiver was gone is used again."""
    with open_door() as door:
        count = door.retry_webhook(name, event)
    show.note(f"{name}: {show.count(count, 'event')} to be sent again")


@app.command("test", cls=Command)
def try_out(
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_HELP)],
    *,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Send a signed `webhook.ping`, once, and say what became of it."""
    with open_door() as door:
        ping = door.test_webhook(name)
    if json:
        show.answer_json(ping)
    elif ping.delivered:
        show.note(f"{name}: {ping.text} after {ping.seconds:.1f} s")
    else:
        show.problem(f"{name}: {ping.text}", ping.hint)
    raise typer.Exit(int(ExitStatus.OK if ping.delivered else ExitStatus.SOME_FAILED))


def _row(line: WebhookLine) -> tuple[str | Text, ...]:
    state = ("gone", "red") if line.disabled else ("fails", "yellow")
    fine = not (line.disabled or line.failures)
    last = line.delivered if fine else line.failed
    return (
        line.name,
        line.to,
        show.text("ok", "green") if fine else show.text(*state),
        f"{line.waiting:,}",
        f"{line.dead + line.dropped:,}",
        show.when(last) if last else "",
        line.problem,
    )


def _dead_row(event: DeadEvent) -> tuple[str, ...]:
    when = show.when(event.created)
    return (
        event.id, event.webhook, event.kind, event.call or "", when, str(event.attempts),
        event.problem,
    )  # fmt: skip
