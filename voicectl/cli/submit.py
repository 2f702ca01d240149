"""Hands recordings in and stays until they are done: what `transcribe` and `run` share."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from voicectl.cli import inputs, outcome, show
from voicectl.cli.door import open_door
from voicectl.cli.follow import Follower
from voicectl.cli.outcome import Outcome, Result
from voicectl.cli.progress import Story
from voicectl.errors import RecordingError, UsageError, VoicectlError
from voicectl.types import Ask, Source

if TYPE_CHECKING:
    from voicectl.client import Door

QUIET = ("warning", "error")
"""Log levels at which only problems are told."""


def see_through(
    ask: Ask,
    found: inputs.Found,
    teller: Story,
    command: Mapping[str, Any],
    resume: Callable[[], str],
) -> NoReturn:
    """Have `ask` done to the recordings that were found, tell how it ended, and exit.

    `command` holds the flags `json`, `log_level`, `quiet`, `force`, `fail_fast`; `resume`
    returns what to type to go on after Ctrl-C.
    """
    missing = [outcome.never_started(name, why) for name, why in found.missing.items()]
    given = {name: command.get(name, False) for name in ("force", "fail_fast")}
    try:
        ended = _work(replace(ask, **given), found, teller) if found.recordings else Outcome(None)
    except KeyboardInterrupt:
        show.note(f"resume with: {resume()}")
        raise
    ended.results = [*missing, *ended.results]
    quiet = command.get("log_level") in QUIET
    if not command.get("quiet"):
        outcome.answer(ended, json=command.get("json", False), quiet=quiet)
    outcome.tell(ended, quiet=quiet)
    if ended.interrupted:
        show.note(f"resume with: {resume()}")
    raise typer.Exit(int(outcome.verdict(ended)))


def typed_again(words: list[str]) -> str:
    """Return a command of voicectl, ready to be typed again."""
    return os.fsencode(shlex.join(["voicectl", *words])).decode(errors="replace")


def _work(ask: Ask, found: inputs.Found, teller: Story) -> Outcome:
    """Hand in the recordings, and stay until they are done."""
    refused: list[Result] = []
    with open_door() as door:
        taken = sources(door, list(found.recordings.values()), refused, teller)
        ask = replace(ask, sources=tuple(source for _, source in taken))
        if not ask.sources:
            return Outcome(None, refused)
        job = door.submit(ask)
        for note in job.notes:
            teller.note(note)
        try:
            ended = Follower(door, job, teller).follow(ours=True)
        except KeyboardInterrupt:
            door.cancel(job.id)
            raise
    ended.results = [*refused, *ended.results]
    return ended


def sources(
    door: Door, wanted: Sequence[inputs.Recording], refused: list[Result], teller: Story
) -> list[tuple[inputs.Recording, Source]]:
    """Return the recordings as the daemon knows them; send those that it cannot read itself.

    What cannot be sent either is added to `refused`.
    """
    paths = [str(each.path) for each in wanted if each.path and inputs.can_be_sent(each.path)]
    near = set(paths) - set(door.unreadable(paths))
    taken = []
    for each in wanted:
        if str(each.path) in near:
            taken.append((each, Source(str(each.path), each.name)))
            continue
        teller.note(f"sending {each.name}")
        try:
            taken.append((each, Source(_upload(door, each), each.name)))
        except VoicectlError as error:
            refused.append(outcome.never_started(each.name, error))
    return taken


def _upload(door: Door, recording: inputs.Recording) -> str:
    if recording.path is None:
        if sys.stdin.isatty():
            raise UsageError(
                "there is nothing on stdin but you",
                hint="pipe a recording into it: sox ... | voicectl transcribe -",
            )
        return door.upload(sys.stdin.buffer, recording.name)
    try:
        with recording.path.open("rb") as content:
            return door.upload(content, recording.name)
    except OSError as error:
        raise RecordingError(f"'{recording.name}' cannot be read: {error.strerror}") from error
