"""The words of a site: a list of terms to listen for, and rules for what is written wrong.

Both are files that people write by hand, so they are read strictly and whole,
before any work begins, and an error names the file and the line.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from voicectl import parse
from voicectl.errors import UsageError
from voicectl.handwritten import content
from voicectl.rules import Rule

LARGEST = 256 * 1024
"""Bytes of either file."""
LONGEST_TERM = 100
MOST_RULES = 1000


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    replace: tuple[Rule, ...] = ()


def read_terms(path: Path, *, pipes: bool = False) -> tuple[str, ...]:
    """Return the terms of a vocabulary file: one a line; what follows a # is not read.

    Raises `UsageError` that names the line.
    """
    found = []
    for number, line in enumerate(_read(path, pipes=pipes).splitlines(), 1):
        term = " ".join(line.partition("#")[0].split())
        if len(term) > LONGEST_TERM:
            raise UsageError(f"{path}, line {number}: a term has at most {LONGEST_TERM} characters")
        if not term.isprintable():
            raise UsageError(f"{path}, line {number}: the term has control characters")
        if term:
            found.append(term)
    return tuple(dict.fromkeys(found))


def read_rules(path: Path, *, pipes: bool = False) -> tuple[Rule, ...]:
    """Return the rules of a file of `[[replace]]` tables. Raises `UsageError` with the line."""
    text = _read(path, pipes=pipes)
    try:
        rules = parse.toml(text, _Rules).replace
    except msgspec.ValidationError as error:
        what = str(error).split(" - at `")[0]
        raise UsageError(
            f"{path}{_line(text, str(error))}: {what}",
            hint="a rule has text or regex, to, and if need be languages, case, whole_words",
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    if len(rules) > MOST_RULES:
        raise UsageError(f"{path}: there are {len(rules)} rules, at most {MOST_RULES} can be used")
    return rules


def _read(path: Path, *, pipes: bool) -> str:
    try:
        # As in --vocabulary <(some-command).
        raw = content(path, LARGEST, pipes=pipes)
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}, line {line}: this is not UTF-8") from error


def _line(text: str, message: str) -> str:
    """Return where the rule begins that a message of the reader is about."""
    number = re.search(r"\$\.replace\[(\d+)\]", message)
    if number is None:
        return ""
    begins = [at for at, line in enumerate(text.splitlines(), 1) if "[[replace]]" in line]
    rule = int(number[1])
    return f", line {begins[rule]}" if rule < len(begins) else f", rule {rule + 1}"
