"""Replacement rules: what a recogniser keeps writing wrong, and what it should have written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from voicectl import expressions

LONGEST = 400
"""Characters of a rule."""
REFERENCE = re.compile(r"\\(\d)")
"""A group of the expression in its replacement."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One replacement."""

    text: str | None = None
    """Words to be replaced as they stand, whatever white space is between them; or else:"""
    regex: str | None = None
    """A regular expression of RE2."""
    to: str
    r"""What takes their place; `\\1` is the first group of the expression."""
    languages: tuple[str, ...] = ()
    """ISO 639-1; empty means every language."""
    case: bool = False
    """True when upper and lower case differ."""
    whole_words: bool = True
    """False also replaces inside words."""

    def __post_init__(self) -> None:
        """Refuse, by `ValueError`, what cannot be applied."""
        if (self.text is None) == (self.regex is None):
            raise ValueError("a rule has either `text` or `regex`")
        pattern = self.text if self.regex is None else self.regex
        if not (pattern or "").strip() or not self.to.strip():
            raise ValueError("neither what is replaced nor what replaces it may be empty")
        if max(len(pattern or ""), len(self.to)) > LONGEST:
            raise ValueError(f"no rule is longer than {LONGEST} characters")
        _check_expression(self)


def _check_expression(rule: Rule) -> None:
    compiled = _compiled(rule)
    if compiled.search("") is not None:
        raise ValueError("the expression also matches nothing at all")
    groups = [int(number) for number in REFERENCE.findall(rule.to)] if rule.regex else []
    if groups and max(groups) > compiled.groups:
        raise ValueError(f"`to` names group {max(groups)}, the expression has {compiled.groups}")


def _compiled(rule: Rule) -> Any:
    pattern = rule.regex
    if pattern is None:
        pattern = r"\s+".join(map(expressions.quoted, (rule.text or "").split()))
    return expressions.compiled(pattern, case=rule.case)


def places(rule: Rule, text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a rule fits, and what to put there: `(start, end, new text)`, in order.

    Where its groups come to nothing the text stays: no rule may make words vanish.
    """
    for found in _compiled(rule).finditer(text):
        start, end = found.span()
        if start == end or (rule.whole_words and not _whole(text, start, end)):
            continue
        new = _expanded(rule, found)
        if new.strip():
            yield start, end, new


def _expanded(rule: Rule, found: Any) -> str:
    if rule.regex is None:
        return rule.to
    return REFERENCE.sub(lambda each: found.group(int(each[1])) or "", rule.to)


def _whole(text: str, start: int, end: int) -> bool:
    """True when no word is cut at either end; RE2's own word borders know only ASCII."""
    return not (_joined(text, start) or _joined(text, end))


def _joined(text: str, at: int) -> bool:
    return 0 < at < len(text) and _of_word(text[at - 1]) and _of_word(text[at])


def _of_word(character: str) -> bool:
    return character.isalnum() or character == "_"
