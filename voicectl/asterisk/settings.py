"""How the site's Asterisk is reached, as it stands in `voicectl.toml`."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from voicectl.handwritten import password


class Asterisk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The telephone system of the site."""

    ari: Annotated[str, Meta(pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$")] = ""
    """Where its REST interface is, such as `http://127.0.0.1:8088`; empty when it is not used."""
    user: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] = "voicectl"
    """Of that interface."""
    password_file: str = ""
    """A file with the user's password, readable by nobody else."""

    @property
    def host(self) -> str:
        """Where the interface is; this machine when it is not said."""
        return urlsplit(self.ari).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """Its port; the usual one when it is not said."""
        found = urlsplit(self.ari)
        return found.port or (8089 if found.scheme == "https" else 8088)

    @property
    def password(self) -> str:
        """The first line of `password_file`; empty without one. Raises `ConfigError`."""
        return password(self.password_file, "[asterisk]")
