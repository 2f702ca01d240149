"""The categories of a site: what they are called, what they are about, how callers put it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

import msgspec
from msgspec import Meta

from voicectl.embedding import EmbedOptions
from voicectl.errors import UsageError
from voicectl_recipes import written

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


class SchemeOptions(EmbedOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a step that compares what was said to a scheme."""

    scheme: str | Scheme = "child-helpline"
    """A name, of the site's own or one that is shipped, or the scheme itself."""

    def resolved(self, folders: Sequence[Path]) -> Self:
        """Return them with the scheme itself."""
        scheme = written.named("schemes", self.scheme, Scheme, folders)
        return msgspec.structs.replace(self, scheme=scheme)


def corrected(scheme: Scheme, name: str, sentence: str) -> Scheme:
    """Return the scheme with a sentence as one more example of the category `name`.

    Other categories lose it, should they have it and more besides. Raises
    `UsageError` for a category that does not exist and for a sentence without words.
    """
    said = " ".join(sentence.split())
    if not said:
        raise UsageError("an example has to say something")
    scheme.find(name)

    def changed(each: Category) -> Category:
        kept = tuple(example for example in each.examples if example != said)
        if each.name == name:
            return msgspec.structs.replace(each, examples=(*kept, said))
        return msgspec.structs.replace(each, examples=kept) if kept or each.description else each

    return msgspec.structs.replace(scheme, category=tuple(map(changed, scheme.category)))
