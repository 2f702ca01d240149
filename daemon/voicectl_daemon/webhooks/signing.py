"""Signatures of Standard Webhooks 1.0.0: who sent a message, when, and that nobody changed it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import stat
from pathlib import Path

from voicectl.errors import ConfigError
from voicectl.handwritten import content

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""
LARGEST = 4096
"""Bytes of its file."""
MAKE_ONE = '(umask 077; echo "whsec_$(head -c 32 /dev/urandom | base64)" > {file})'


def headers(id_: str, moment: float, body: bytes, secrets: list[bytes]) -> dict[str, str]:
    """Return what a message is sent with; `moment` in seconds since the epoch.

    Every secret signs, so that one can be replaced while messages come.
    """
    stamp = str(int(moment))
    signed = f"{id_}.{stamp}.".encode() + body
    digests = [hmac.digest(secret, signed, hashlib.sha256) for secret in secrets]
    return {
        "webhook-id": id_,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in digests),
    }


def secrets_in(file: Path) -> list[bytes]:
    """Return the secrets that a file holds, one a line. Raises `ConfigError`, without any of it."""
    try:
        others = file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~stat.S_IRGRP
        lines = content(file, LARGEST).decode("ascii", errors="replace").split()
    except OSError as error:
        raise ConfigError(
            f"the secret file {file} cannot be read: {error.strerror}",
            hint="make one: " + MAKE_ONE.format(file=file),
        ) from error
    if others:
        raise ConfigError(f"the secret file {file} is open to others", hint=f"chmod 600 {file}")
    found = [_decoded(line) for line in lines]
    if not found or not all(found):
        raise ConfigError(
            f"the secret file {file} must have {PREFIX} and base64 of {SHORTEST} to {LONGEST} "
            "bytes on every line",
            hint="make one: " + MAKE_ONE.format(file=file),
        )
    return found


def _decoded(line: str) -> bytes:
    """Return a secret; nothing when it is none."""
    try:
        found = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""
    good = line.startswith(PREFIX) and SHORTEST <= len(found) <= LONGEST
    return found if good else b""
