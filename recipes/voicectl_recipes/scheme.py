"""The categories of a site: what they are called, what they are about, how callers put it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from voicectl.embedding import EmbedOptions
from voicectl.errors import UsageError
from voicectl_recipes import written
from voicectl_recipes.written import ByName

Priority: TypeAlias = Literal["low", "normal", "high"]
Name: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Sentence: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2000)]
Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One category; without description and examples it only groups others."""

    name: Name
    title: str
    description: str = ""
    """What it is about, in a sentence."""
    examples: tuple[Sentence, ...] = ()
    """Sentences as callers say them."""
    parent: str | None = None
    """Name of the category that it belongs to."""
    priority: Priority = "normal"
    urgent: bool = False
    """True when somebody should look at the call at once."""
    otherwise: bool = False
    """True for what a call is when it is nothing else: it is given only when no other category
    reaches the threshold."""
    risks: tuple[Name, ...] = ()
    """Kinds of urgent words that speak for it, such as `suicide`, where the step `risk` found any
    before."""

    @property
    def words(self) -> tuple[str, ...]:
        """The sentences by which it is recognised."""
        return (*([self.description] if self.description else []), *self.examples)


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The categories of a site."""

    title: str
    language: str = "en"
    """Of descriptions and examples, ISO 639-1; only text in this language is compared to them."""
    threshold: Share = 0.5
    """A label with a lower score is not given."""
    usual: tuple[Sentence, ...] = ()
    """What is said in calls of every kind, greetings and good-byes: it speaks for no category."""
    elsewhere: tuple[Sentence, ...] = ()
    """What callers say who want something that is not for this site: such a call gets no label."""
    category: tuple[Category, ...]

    def __post_init__(self) -> None:
        """Refuse, by `ValueError`, names that are taken twice and parents that lead nowhere."""
        names = [each.name for each in self.category]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"there are two categories called '{twice}'")
        if sum(bool(each.words) for each in self.category) < 2:
            raise ValueError("a scheme has at least two categories with a description or examples")
        for each in self.category:
            self._check_parents(each)

    def _check_parents(self, category: Category) -> None:
        above = {each.name: each.parent for each in self.category}
        seen, at = {category.name}, category.parent
        while at is not None:
            if at not in above:
                raise ValueError(f"'{category.name}' has the parent '{at}', which does not exist")
            if at in seen:
                raise ValueError(f"'{category.name}' is its own ancestor")
            seen.add(at)
            at = above[at]

    def find(self, name: str) -> Category:
        """Return a category. Raises `UsageError` for a name that the scheme does not have."""
        found = next((each for each in self.category if each.name == name), None)
        if found is None:
            raise UsageError(
                f"the scheme '{self.title}' has no category '{name}'",
                hint=f"it has: {', '.join(each.name for each in self.category)}",
            )
        return found


def read(text: bytes, name: str) -> Scheme:
    """Return the scheme written in `text`. Raises `UsageError` that names the key."""
    return written.read(text, Scheme, name)


def builtin(name: str) -> Scheme:
    """Return a scheme that voicectl ships. Raises `UnknownName`."""
    return written.named("schemes", name, Scheme)


def known(folders: Sequence[Path]) -> dict[str, Scheme]:
    """Return all schemes by name: the site's, and those that voicectl ships.

    One that cannot be read is left out; who uses it is told.
    """
    found = {}
    for name in written.names("schemes", folders):
        with suppress(UsageError):
            found[name] = written.named("schemes", name, Scheme, folders)
    return found


class SchemeOptions(EmbedOptions, ByName, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a step that compares what was said to a scheme."""

    files = {"scheme": ("schemes", Scheme)}
    scheme: str | Scheme = "child-helpline"
    """A name, of the site's own or one that is shipped, or the scheme itself."""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """A call that people put right."""

    about: tuple[str, ...]
    """Categories that they gave it."""
    not_about: tuple[str, ...]
    centre: bytes
    """The mean of the vectors of its segments, 4 bytes a number."""


class Lessons(msgspec.Struct, frozen=True, kw_only=True):
    """All there is to learn from."""

    calls: tuple[Lesson, ...] = ()
    middle: bytes = b""
    """Of all calls; empty while they are too few to tell what they have in common."""
    digest: str = ""
    """Names exactly these corrections."""


class ClassifyOptions(SchemeOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the step `classify`."""

    learn: bool = True
    """False to leave aside what people corrected."""
    lessons: Lessons = Lessons()
    """Put in by the daemon when the step is taken; no part of what was asked for."""
