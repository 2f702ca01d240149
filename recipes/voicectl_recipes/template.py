"""How a summary is written: how long, and what it is to tell."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A kind of summary, as a file in a folder `templates` says."""

    title: str
    sentences: Annotated[int, Meta(ge=1, le=50)] = 3
    """At most so many."""
    words: Annotated[int, Meta(ge=5, le=200)] = 60
    """A sentence has at most so many. One that was said is not cut; a shorter one is preferred."""
    instruction: Annotated[str, Meta(max_length=4000)] = ""
    """What a language model is told besides what it is always told."""
    about: tuple[Annotated[str, Meta(min_length=1, max_length=2000)], ...] = ()
    """Sentences like those that a summary of what was said should pick."""
