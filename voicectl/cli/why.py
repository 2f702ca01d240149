"""`voicectl calls why`: the words that a statement about a call rests on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from voicectl.cli import conversation, show, statements
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON
from voicectl.cli.statements import Statement
from voicectl.errors import NotFound
from voicectl.types import CallRecord, Segment

_APART = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Said:
    """A segment beside what is said about the call."""

    segment: int
    start: float
    end: float
    speaker: str | None
    text: str
    evidence: bool
    """False for what was said just before or after."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A statement and the words it rests on."""

    kind: str
    statement: str
    said: tuple[Said, ...]
    """In the order of time."""
    quotes: tuple[str, ...] = ()
    """Words in them that it is about."""


def why(
    call: Annotated[
        str,
        typer.Argument(
            metavar="CALL",
            help="The id of a call or its beginning; `last`: the one worked on last.",
        ),
    ],
    label: Annotated[
        str,
        typer.Argument(
            metavar="LABEL",
            help="As `calls show` has it: a category, a criterion of quality, an urgent word or "
            "its kind, a name or kind of name that was found; `summary`, or `summary 2`.",
        ),
    ],
    context: Annotated[
        int,
        typer.Option(min=0, max=100, metavar="N", show_default="1", help="Segments around it."),
    ] = 1,
    *,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Show the words that a statement about a call rests on.

    voicectl calls why last custody
    voicectl calls why last weapon --context 3
    """
    with open_door() as door:
        record = door.call(call)
    reasons = [reason(record, each, context) for each in meant(record, label)]
    if json:
        show.answer_json(reasons)
        return
    for at, each in enumerate(reasons):
        if at:
            show.answer()
        _tell(record, each)


def meant(record: CallRecord, label: str) -> list[Statement]:
    """Return the statements that go by a name. Raises `NotFound` with the nearest spelling."""
    every = list(statements.of(record))
    asked = _plain(label)
    for fits in (
        lambda each: any(_plain(name) == asked for name in each.names),
        lambda each: each.kind == asked,
    ):
        if found := [each for each in every if fits(each)]:
            return found
    raise _unknown(record, label, every)


def _plain(name: str) -> str:
    return _APART.sub(" ", name).strip().lower()


def _unknown(record: CallRecord, label: str, every: Sequence[Statement]) -> NotFound:
    known = list(dict.fromkeys(each.names[0] for each in every))
    if not known:
        return NotFound(
            f"nothing is said about the call {record.id} beside its text",
            hint="find out what it means with: voicectl run helpline RECORDING",
        )
    spelled = {_plain(name): name for each in every for name in (*each.names, each.kind)}
    near = difflib.get_close_matches(_plain(label), spelled, n=1)
    question = f"did you mean '{spelled[near[0]]}'? " if near else ""
    return NotFound(
        f"nothing called '{label}' is said about the call {record.id}",
        hint=f"{question}there are: {', '.join(known)}",
    )


def reason(record: CallRecord, each: Statement, context: int) -> Reason:
    """Return a statement with its segments, and so many around each of them."""
    segments = record.transcript.segments if record.transcript else ()
    wanted = {
        near
        for at, segment in enumerate(segments)
        if segment.id in each.evidence
        for near in range(at - context, at + context + 1)
    }
    said = (segment for at, segment in enumerate(segments) if at in wanted)
    return Reason(each.kind, each.sentence, tuple(_said(one, each) for one in said), each.quotes)


def _said(segment: Segment, each: Statement) -> Said:
    return Said(
        segment.id,
        segment.start,
        segment.end,
        segment.speaker,
        segment.text.strip(),
        segment.id in each.evidence,
    )


def _tell(record: CallRecord, reason: Reason) -> None:
    """Print a reason: a picture on a terminal, plain lines elsewhere."""
    console = show.stdout()
    console.print(
        Text.assemble(show.text(reason.statement, "bold"), show.text(f"  {reason.kind}", "dim")),
        soft_wrap=True,
    )
    if not any(each.evidence for each in reason.said):
        show.answer("  no words of the call show it")
    elif console.is_terminal:
        console.print(_picture(record, reason))
    else:
        for each in reason.said:
            times = f"[{show.stamp(each.start)} --> {show.stamp(each.end)}]"
            speaker = f"{each.speaker}: " if each.speaker else ""
            show.answer(f"{'>' if each.evidence else ' '} {times} {speaker}{each.text}")


def _picture(record: CallRecord, reason: Reason) -> Table:
    colours = conversation.voices(record.transcript) if record.transcript else {}
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True, max_width=20)
    grid.add_column()
    for each in reason.said:
        style = colours.get(each.speaker or "", "") if each.evidence else "dim"
        clock = show.text(show.clock(int(each.start)), "" if each.evidence else "dim")
        said = show.text(each.text, style)
        if each.evidence:
            said.highlight_words(reason.quotes, "bold underline")
        grid.add_row(clock, show.text(each.speaker or "", style), said)
    return grid
