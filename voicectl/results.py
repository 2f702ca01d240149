"""What a client takes home of calls: lists, hits, tables, records and where files may go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from voicectl.types import CallRecord, Problem


@dataclass(frozen=True, slots=True)
class FileWish:
    """Where somebody would like to write one file for a call."""

    paths: tuple[str, ...]
    """In order of preference; at least one."""
    taken: tuple[str, ...]
    """Those that exist."""

    def __post_init__(self) -> None:
        """Refuse a file that may be nowhere. Raises `ValueError`."""
        if not self.paths:
            raise ValueError("a file needs a path")


@dataclass(frozen=True, slots=True)
class ResultWish:
    """One result that somebody wants."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    call: str
    """Its whole id."""
    key: str | None = None
    """A task's own, for that very result; None for the latest."""
    files: tuple[FileWish, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenResult:
    """One result as it is given: a record, or why there is none."""

    record: CallRecord | None = None
    files: tuple[str, ...] = ()
    """For each file that was wished for the first of its paths that may be written.

    A file that exists may be overwritten only when voicectl wrote it for the same call.
    """
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call in a list."""

    id: str
    name: str
    seconds: float
    created: datetime
    language: str | None
    model: str | None
    speakers: tuple[str, ...]
    segments: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One segment that a search found."""

    call: str
    name: str
    segment: int
    start: float
    end: float
    speaker: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """The answer to a question in SQL."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool = False
    """True when there were more rows than asked for."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of a call that was deleted."""

    call: str
    removed: tuple[str, ...]
    """Files that are gone."""
    left: tuple[str, ...]
    """Files that the daemon may not remove; whoever asked should."""


@dataclass(frozen=True, slots=True)
class RecipeWish:
    """A recipe that somebody would like to use."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    recipe: str
    """The name of one; with `written` only what it is called."""
    written: str | None = None
    """A recipe of the client's own, in TOML."""
    options: dict[str, dict[str, Any]] | None = None
    """Options of the steps, by the name of the stage; they win over the recipe's."""


@dataclass(frozen=True, slots=True)
class RecipeLine:
    """One recipe in a list."""

    name: str
    title: str
    steps: tuple[str, ...]
    """Names of the stages, in order; empty when it cannot be used."""
    own: bool
    """True for one of the site, False for one that voicectl ships."""
    problem: Problem | None = None
    """Why it cannot be used here."""
