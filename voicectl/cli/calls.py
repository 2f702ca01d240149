"""`voicectl calls`: look at what was said, take it out, and delete it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from voicectl.cli import conversation, marks, meant, show
from voicectl.cli.door import open_door
from voicectl.cli.export import export
from voicectl.cli.feedback import correct, feedback, rate, told
from voicectl.cli.help import JSON, Command, group, switch
from voicectl.cli.live import follow, live
from voicectl.cli.reveal import reveal
from voicectl.cli.transcribe import Transcribe
from voicectl.cli.why import why
from voicectl.errors import ExitStatus, NotFound, UsageError, VoicectlError
from voicectl.results import CallLine, Deleted, Hit
from voicectl.types import CallRecord

if TYPE_CHECKING:
    from voicectl.client import Door

LAST = "last"

app = group("Look at calls: what was said, by whom, when.")

CallId = Annotated[
    str,
    typer.Argument(
        metavar="CALL", help="The id of a call or its beginning; `last`: the one worked on last."
    ),
]
Limit = Annotated[int, typer.Option(metavar="N", show_default="50", help="How many.")]


@app.command("list", cls=Command)
def list_(
    limit: Limit = 50,
    offset: Annotated[int, typer.Option(metavar="N", help="How many to pass over.")] = 0,
    json: Annotated[bool, JSON] = False,
) -> None:
    """List calls, newest first."""
    with open_door() as door:
        lines = door.calls(limit, offset)
    columns = ("Call", "Recording", "Length>", "Lang", "Speakers", "First seen")
    nothing = "no calls yet; make some with: voicectl transcribe RECORDING..."
    show.listing(lines, columns, _row, nothing=nothing, json=json)


@app.command("show", cls=Command)
def show_(
    call: CallId = LAST,
    job: Annotated[
        str,
        typer.Option(
            metavar="JOB", show_default="that came last", help="Whose result; as in `jobs list`."
        ),
    ] = "",
    *,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Show a conversation as people read it.

    Every job keeps its own result of a call: what `run helpline` found is there after
    `run translate`, by its --job.
    """
    with open_door() as door:
        record = found_by(door, job, call) if job else door.call(call)
        given = [] if json else door.feedback(record.id)
        noted = [] if json else door.marks(record.id)
    if json:
        show.answer_json(record)
        return
    conversation.show(record)
    for title, lines in (("What people say", told(given)), ("Marks", marks.told(noted))):
        if rows := [(line,) for line in lines]:
            show.answer()
            show.table((title,), rows)


def found_by(door: Door, job: str, call: str) -> CallRecord:
    """Return what a job found in a call; with `last` in the one call that it was about."""
    calls = {task.call: task.key for task in door.tasks(job) if task.call and task.key}
    named = [id_ for id_ in calls if call == LAST or id_.startswith(call)]
    if len(named) != 1:
        text = f"the job {job} found something in {show.count(len(calls), 'call')}"
        raise NotFound(
            text if call == LAST else f"the job {job} has no result of the call '{call}'",
            hint=f"see which: voicectl jobs show {job}",
        )
    return door.call(named[0], calls[named[0]])


@app.command("search", cls=Command)
def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Words as they were said.")],
    limit: Limit = 50,
    *,
    meaning: Annotated[
        bool, switch("--meaning", help_text="Find what means about the same, in other words.")
    ] = False,
    known: meant.Known = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Find what was said, upper and lower case alike.

    With --meaning it is found by other words, too; calls are read for that once, which
    takes a moment for each. It understands English, and what was translated to English.

      voicectl calls search knife
      voicectl calls search --meaning "somebody threatens the child"
    """
    if not text.strip():
        raise UsageError("there is nothing to search for")
    if meaning:
        meant.search(text, limit, known=known, json=json)
        return
    if known:
        raise UsageError("--known is about --meaning, which was not asked for")
    with open_door() as door:
        hits = door.search(text, limit)
    columns = ("Call", "Recording", "At>", "Speaker", "Text")
    nothing = f"nobody said '{text}'"
    show.listing(hits, columns, lambda hit: _hit_row(hit, text), nothing=nothing, json=json)


app.command("live", cls=Command)(live)
app.command("follow", cls=Command)(follow)
app.command("similar", cls=Command)(meant.similar)
app.command("index", cls=Command)(meant.index)
app.command("why", cls=Command)(why)
app.command("rate", cls=Command)(rate)
app.command("correct", cls=Command)(correct)
app.command("feedback", cls=Command)(feedback)
for command in (marks.flag, marks.note, marks.escalate, marks.marks, marks.unmark):
    app.command(command.__name__, cls=Command)(command)
app.command("export", cls=Transcribe)(export)
app.command("reveal", cls=Command)(reveal)


@app.command("delete", cls=Command)
def delete(
    call: CallId,
    *,
    with_recording: Annotated[
        bool, switch("--with-recording", help_text="Delete the recording itself, too.")
    ] = False,
    yes: Annotated[bool, switch("--yes", "-y", help_text="Do not ask.")] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Delete a call everywhere: what is known of it, and the files that were written.

    The recording stays unless --with-recording is given.
    """
    with open_door() as door:
        found = door.call(call)
        if not yes and not _confirmed(found, with_recording=with_recording):
            show.note("nothing is deleted")
            raise typer.Exit(int(ExitStatus.INTERRUPTED))
        deleted = finish(door.delete(found.id, with_recording=with_recording))
    if json:
        show.answer_json(deleted)
    else:
        for path in deleted.removed:
            show.answer(path)
        show.note(f"the call {deleted.call} is gone")
    if deleted.left:
        raise VoicectlError(
            f"{show.count(len(deleted.left), 'file')} could not be deleted: "
            + ", ".join(deleted.left),
            hint="delete them by hand",
        )


def _confirmed(record: CallRecord, *, with_recording: bool) -> bool:
    """Ask whoever sits there."""
    if not sys.stdin.isatty():
        raise UsageError(
            "there is nobody to ask whether to delete it", hint="say that you mean it with --yes"
        )
    also = " and its recording" if with_recording else ""
    name = show.clean(record.audio.name)
    return typer.confirm(f"delete the call {record.id} ({name}){also}?", err=True)


def finish(deleted: Deleted) -> Deleted:
    """Remove what the daemon could not, and return what is left even so."""
    removed, left = list(deleted.removed), []
    for path in deleted.left:
        try:
            Path(path).unlink(missing_ok=True)
            removed.append(path)
        except OSError:
            left.append(path)
    return Deleted(deleted.call, tuple(removed), tuple(left))


def _row(line: CallLine) -> tuple[str, ...]:
    known = (line.language or "", ", ".join(line.speakers), show.when(line.created))
    return (line.id, line.name, show.clock(line.seconds), *known)


def _hit_row(hit: Hit, wanted: str) -> tuple[str | Text, ...]:
    said = show.text(hit.text.strip())
    said.highlight_regex(re.compile(re.escape(wanted), re.IGNORECASE), style="bold yellow")
    return (hit.call, hit.name, show.clock(int(hit.start)), hit.speaker or "", said)
