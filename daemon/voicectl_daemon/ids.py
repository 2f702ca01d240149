"""Names for things: short, unambiguous when read aloud, safe in a path."""

from __future__ import annotations

import hashlib
import secrets

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o, u."""


def fresh(length: int = 10) -> str:
    """Return a new random id of `length` times 5 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def of_call(tenant: str, sha256: str) -> str:
    """Return the id of the call with this content; equal recordings are one call."""
    digest = hashlib.sha256(f"{tenant}\n{sha256}".encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    return "".join(_LETTERS[number >> shift & 31] for shift in range(0, 60, 5))
