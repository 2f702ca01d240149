"""Webhooks, as a site writes them down in `voicectl.toml`."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

HAPPENINGS = (
    "call.connected", "call.ended", "call.failed", "call.alert", "call.escalated", "call.analysis",
    "job.finished",
)  # fmt: skip
"""What a webhook can be told of: kinds of events that say something without words of a call."""


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An address that is told of events, signed as Standard Webhooks has it."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
    url: Annotated[str, Meta(max_length=2000)]
    """On this machine or a private network, or `https` of a host in `hosts` of `[premises]`."""
    events: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Some of `HAPPENINGS`."""
    secret_file: Annotated[str, Meta(min_length=1)]
    """A file with `whsec_` and base64 in it, readable by nobody else. A second line, with the
    secret before, signs as well while receivers change to the new one."""
    words: bool = False
    """Also what was said in alerts, the channel and the name of the recording, with numbers
    masked."""
    attempts: Annotated[int, Meta(ge=1, le=12)] = 8
    """How often an event is sent before it is put on the list of the dead; 8 take 28 hours."""
    timeout_seconds: Annotated[float, Meta(gt=0, le=60)] = 10.0
    """How long one attempt may take, from the look for the address on."""

    def __post_init__(self) -> None:
        """Refuse an address without a host, one that holds a password, and unknown events."""
        if unknown := [kind for kind in self.events if kind not in HAPPENINGS]:
            raise ValueError(
                f"the webhook '{self.name}' cannot be told of '{unknown[0]}'; "
                f"it can be told of: {', '.join(HAPPENINGS)}"
            )
        if not _is_address(self.url):
            raise ValueError(
                f"the url of the webhook '{self.name}' must be http:// or https://, a host, a "
                "port and a path, without user, password or `#`"
            )

    @property
    def host(self) -> str:
        """Whom it is sent to."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Its port; the usual one when it is not said."""
        found = urlsplit(self.url)
        return found.port or (443 if self.secure else 80)

    @property
    def secure(self) -> bool:
        """Whether it is sent encrypted."""
        return urlsplit(self.url).scheme == "https"


def _is_address(url: str) -> bool:
    try:
        found = urlsplit(url)
        named = bool(found.hostname) and found.port != 0
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url
    secret = found.username is not None or bool(found.fragment)
    return named and plain and not secret and found.scheme in ("http", "https")
