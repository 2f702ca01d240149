"""Language models: what they are asked, what they answer, what they are told of the site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

import msgspec

from voicectl.runners import RunnerInfo

Leave: TypeAlias = Callable[[str, str, bytes], "Leaving"]
"""Called with a call, a host and what is about to be sent there; see `Outside.leave`."""


class ModelOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which language model, and how it is loaded."""

    backend: str
    """A name of the group `voicectl.language_models`."""
    model: str = "auto"
    """A name of the catalogue, a GGUF file, what the service calls it, or `auto`."""
    context: int = 4096
    """Tokens that prompt and answer may have together; more takes more memory."""
    threads: int = 0
    """0 takes every core this process may use."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question to a language model."""

    call: str
    """Id of the call that it is about; kept in the audit log, never sent."""
    instruction: str
    """What is to be done; the only part that tells anybody what to do."""
    material: str
    """What it is to be done with: somebody's words, and so only data."""
    schema: dict[str, Any]
    """JSON schema of the answer."""
    tries: tuple[tuple[str, str], ...] = ()
    """Answers that could not be used, each with what was wrong with it."""
    tokens: int = 700
    """An answer has at most so many."""
    seconds: float = 120.0
    """How long the answer may take, every attempt and every pause between them included."""


class Leaving(Protocol):
    """One request on its way out."""

    def ended(self, status: str) -> None:
        """Note how it ended: an HTTP status or the name of what went wrong, never words."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What a runner that sends something away is given by the site."""

    leave: Leave
    """Called before each request: what it does not return from is not sent."""
    base_url: str = ""
    """Where it sends to; empty for the service's own address."""
    key_file: str = ""
    """Where its key is; empty for the usual places."""


class LanguageModel(Protocol):
    """Text to text.

    Importing the module of one loads no library: the daemon asks for `info` before any work.
    """

    info: ClassVar[RunnerInfo]
    model: str
    """Name of the weights, or what the service calls them."""
    context: int
    """Tokens that prompt and answer may have together."""

    def __init__(
        self, file: str, name: str, options: ModelOptions, outside: Outside | None
    ) -> None:
        """Load the weights in `file`; empty for a service. `outside` is given to one that leaves.

        Raises `ModelMissing`, and `UsageError` when the site lacks what it needs, such as a key.
        """

    @classmethod
    def check(cls, outside: Outside) -> None:
        """Raise `UsageError` when the site lacks what the runner needs; nothing is sent."""

    def answer(self, prompt: Prompt, heed: Callable[[], None]) -> str:
        """Return the answer as it is, cut where it became too long.

        `heed` is called now and then and raises `Cancelled`. Raises `RunnerFailed`.
        """
