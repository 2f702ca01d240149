"""What is sealed: read again with the right key only, and only when nobody has changed it."""

from __future__ import annotations

import random
import zlib

import pyrage
import pytest

from tests.daemon.conftest import record
from voicectl import sealing
from voicectl.errors import UsageError, VoicectlError

WORDS = "her name is akinyi"


@pytest.fixture(scope="module")
def keys() -> tuple[str, str]:
    """An identity and its recipient."""
    return sealing.new_identity()


@pytest.fixture(scope="module")
def sealed(keys: tuple[str, str]) -> bytes:
    return sealing.sealed(record("call1", WORDS), [keys[1]])


def test_only_the_right_key_opens_it(keys: tuple[str, str], sealed: bytes) -> None:
    identity, _ = keys
    other, its_recipient = sealing.new_identity()
    assert sealing.opened(sealed, identity) == record("call1", WORDS)
    assert sealing.opened(sealed, other + identity) == record("call1", WORDS)
    assert b"akinyi" not in sealed
    with pytest.raises(UsageError, match="sealed for another key"):
        sealing.opened(sealed, other)
    for_two = sealing.sealed(record("call1", WORDS), [keys[1], its_recipient])
    assert sealing.opened(for_two, identity) == sealing.opened(for_two, other)


def test_nothing_is_read_of_what_was_changed(keys: tuple[str, str], sealed: bytes) -> None:
    dice = random.Random(7)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1 << dice.randrange(8)
        with pytest.raises(VoicectlError, match="is damaged|another key"):
            sealing.opened(bytes(changed), keys[0])
    for end in range(0, len(sealed), 7):
        with pytest.raises(VoicectlError, match="is damaged"):
            sealing.opened(sealed[:end], keys[0])


@pytest.mark.parametrize("content", [b"no zlib", zlib.compress(b"no json"), zlib.compress(b"{}")])
def test_what_is_no_call_is_told(keys: tuple[str, str], content: bytes) -> None:
    recipient = pyrage.x25519.Recipient.from_str(keys[1])
    with pytest.raises(VoicectlError, match="is damaged"):
        sealing.opened(pyrage.encrypt(content, [recipient]), keys[0])


@pytest.mark.parametrize("identity", ["", "# only words\n", "age1xyz", "AGE-SECRET-KEY-1QQ"])
def test_a_file_without_a_key_is_told(sealed: bytes, identity: str) -> None:
    with pytest.raises(UsageError, match="no secret key") as caught:
        sealing.opened(sealed, identity)
    assert "voicectl identity new" in caught.value.hint


def test_a_secret_key_is_no_recipient_and_is_not_repeated(keys: tuple[str, str]) -> None:
    secret = keys[0].splitlines()[-1]
    sealing.check(keys[1])
    with pytest.raises(ValueError, match="a secret key is none") as caught:
        sealing.check(secret)
    assert secret not in str(caught.value)
    with pytest.raises(ValueError, match="`age1nobody` is none"):
        sealing.check("age1nobody")
