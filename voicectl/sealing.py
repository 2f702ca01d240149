"""What was said, sealed with the public keys of a site: only who has a secret one reads it.

The format is age's, and so are the keys: `age1...` is a recipient, which may be known to
everybody; a file with a line `AGE-SECRET-KEY-1...` is an identity, which opens what was sealed
for its recipient. Nothing here writes a file. The library is imported where it is used: every
command reads the config, and few seal anything.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from voicectl import parse
from voicectl.errors import UsageError, VoicectlError
from voicectl.types import CallRecord

if TYPE_CHECKING:
    import pyrage

MARK = "AGE-SECRET-KEY-"
"""Begins a secret key; no recipient does."""
OTHER_KEY = "No matching keys found"
"""How age says that something was sealed for somebody else."""


def new_identity() -> tuple[str, str]:
    """Return the content of a new identity file, and its recipient."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    made = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"# created: {made}\n# public key: {recipient}\n{identity}\n", recipient


def check(recipient: str) -> None:
    """Raise `ValueError` when something is no recipient; a secret key is not repeated."""
    import pyrage

    if recipient.upper().startswith(MARK):
        raise ValueError("recipients: a secret key is none; its public one begins with `age1`")
    try:
        pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        raise ValueError(f"recipients: `{recipient}` is none; one begins with `age1`") from error


def sealed(record: CallRecord, recipients: Iterable[str]) -> bytes:
    """Return a record so that the identity of any of the recipients opens it."""
    import pyrage

    keys = [pyrage.x25519.Recipient.from_str(each) for each in recipients]
    return bytes(pyrage.encrypt(zlib.compress(msgspec.json.encode(record)), keys))


def opened(original: bytes, identity: str) -> CallRecord:
    """Return the record that was sealed.

    `identity` is the content of an identity file. Raises `UsageError` when there is no key in
    it, or none that fits, and `VoicectlError` when what is kept is damaged.
    """
    import pyrage

    try:
        content = pyrage.decrypt(original, _keys(identity))
        return parse.json(zlib.decompress(content), CallRecord)
    except pyrage.DecryptError as error:
        if str(error) == OTHER_KEY:
            raise UsageError(
                "what is kept of this call was sealed for another key",
                hint="take the identity whose recipient was in voicectl.toml when it was masked",
            ) from error
        raise _damaged() from error
    except (zlib.error, msgspec.MsgspecError) as error:
        raise _damaged() from error


def _keys(identity: str) -> list[pyrage.x25519.Identity]:
    import pyrage

    lines = (line.strip() for line in identity.splitlines())
    try:
        keys = [
            pyrage.x25519.Identity.from_str(line) for line in lines if line[:1] not in ("", "#")
        ]
    except pyrage.IdentityError:
        keys = []
    if not keys:
        raise UsageError(
            "there is no secret key in this identity",
            hint=f"it is a line {MARK}1..., as voicectl identity new or age-keygen writes it",
        )
    return keys


def _damaged() -> VoicectlError:
    return VoicectlError(
        "what is kept of this call is damaged, and nothing of it can be read",
        hint="bring the store back from a backup, or mask the recording again with --force",
    )
