"""`voicectl calls rate`, `correct` and `feedback`: what people say of what machines found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from voicectl.cli import show
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON, switch
from voicectl.feedback import BEST, Feedback, FeedbackWish

if TYPE_CHECKING:
    from voicectl.client import Door

Call = Annotated[
    str,
    typer.Argument(
        metavar="CALL", help="The id of a call or its beginning; `last`: the one worked on last."
    ),
]
Note = Annotated[str, typer.Option(metavar="TEXT", help="Why; without names, it is not masked.")]


def rate(
    call: Call,
    rating: Annotated[int, typer.Argument(metavar="1..5", help="5 is best.", min=1, max=BEST)],
    note: Note = "",
    *,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Say how good what is known of a call is, 1 to 5.

    It is kept with your account and the time, and changes nothing that the machine found.
    """
    _give(call, FeedbackWish(rating=rating, note=note), json=json)


def correct(  # noqa: PLR0913, each is a flag
    call: Call,
    label: Annotated[
        list[str], typer.Option(metavar="CATEGORY", help="What the call is about; repeatable.")
    ] = [],  # noqa: B006, typer copies it
    not_label: Annotated[
        list[str], typer.Option(metavar="CATEGORY", help="What it is not about; repeatable.")
    ] = [],  # noqa: B006, typer copies it
    scheme: Annotated[
        str, typer.Option(metavar="NAME", help="Where several schemes have such a category.")
    ] = "",
    segment: Annotated[
        int, typer.Option(metavar="N", help="Id of a segment whose text is wrong.")
    ] = -1,
    text: Annotated[str, typer.Option(metavar="TEXT", help="What is said there.")] = "",
    note: Note = "",
    *,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Say what a call is about, what it is not about, or what was said in it.

    It is kept with your account and the time, beside what the machine found. Calls that are
    sorted later learn from it; those that were sorted before stay as they are.

      voicectl calls correct last --label custody --not-label health
      voicectl calls correct ID --segment 12 --text "she lives with her aunt"
    """
    wish = FeedbackWish(
        labels=tuple(label),
        not_labels=tuple(not_label),
        scheme=scheme or None,
        segment=None if segment < 0 else segment,
        text=text or None,
        note=note,
    )
    _give(call, wish, json=json)


def feedback(
    call: Annotated[
        str, typer.Argument(metavar="CALL", help="The id of a call, or its beginning.")
    ] = "",
    *,
    jsonl: Annotated[
        bool,
        switch("--jsonl", help_text="Print the calls as they were corrected, to train with."),
    ] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Show what people said of a call, or of all calls.

    With --jsonl each call that somebody rated or corrected is a line: its text, masked where
    the call is masked, its categories with and without corrections, and who said so.
    """
    with open_door() as door:
        if jsonl:
            _examples(door)
            return
        found = door.feedback(call or None)
    columns = ("Call", "When", "Who", "Says", "Note")
    nothing = "nobody said anything yet; see: voicectl calls correct --help"
    show.listing(found, columns, _row, nothing=nothing, json=json)


def _examples(door: Door) -> None:
    for example in door.examples():
        show.answer_json(example, one_line=True)


def _give(call: str, wish: FeedbackWish, *, json: bool) -> None:
    with open_door() as door:
        given = door.give_feedback(call, wish)
    if json:
        show.answer_json(given)
        return
    for each in given:
        show.answer(f"{each.call}: {says(each)}")


def says(each: Feedback) -> str:
    """Return what somebody said, in a few words."""
    if each.kind == "rating":
        return f"{each.rating} of {BEST}"
    if each.kind == "text":
        said = "hidden, the call is masked" if each.text is None else each.text
        return f"segment {each.segment}: {said}"
    return f"{'not ' if each.kind == 'not label' else ''}{each.label}"


def told(given: list[Feedback]) -> Iterator[str]:
    """Yield what people said of one call, each with who and when."""
    for each in given:
        note = f" ({each.note})" if each.note else ""
        yield f"{says(each)}{note}  by {each.who}, {show.when(each.at)}"


def _row(each: Feedback) -> tuple[str, ...]:
    return (each.call, show.when(each.at), each.who, says(each), each.note)
