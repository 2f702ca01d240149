"""A service beyond the premises, and a site that may allow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tests.conftest import Ran, Site
from tests.service import Service

Run: TypeAlias = Callable[..., Ran]

ENTITIES = '{ stage = "entities" },'
SERVICE = '"anthropic:claude-test"'
NAMES = ("byron", "cintra", "sintra")
"""What the recogniser hears in the stretch of the call that is used."""


def allow(site: Site, service: Service | None, key: str = "sk-test") -> None:
    """Let the site allow it, for a service at an address of its own."""
    file = site.folder / "key"
    file.write_text(key)
    file.chmod(0o600)
    address = service.address if service else "http://127.0.0.1:9"
    site.configure(
        '[premises]\nallow = ["anthropic"]\n'
        f'[premises.services.anthropic]\nbase_url = "{address}"\nkey_file = "key"\n'
    )
