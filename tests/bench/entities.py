"""Texts with marked names and numbers, turned into what a recogniser writes."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from corpus import ROOT, shared

UTTERANCES = ROOT / "tests/data/pii_utterances.txt"
DIGITS = ("oh zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SAID = {".": " dot ", "@": " at ", "_": " underscore ", "-": " dash ", "+": " plus "}
LABELS = {
    "NAME": "NAME", "VICTIM": "NAME", "LOCATION": "PLACE", "AGE": "AGE", "PERSON": "NAME",
    "ADDRESS": "ADDRESS", "PHONE_NUMBER": "PHONE", "CREDIT_CARD": "ID", "US_SSN": "ID",
    "US_DRIVER_LICENSE": "ID", "ORGANIZATION": "ORG", "EMAIL_ADDRESS": "EMAIL",
    "DATE_TIME": "DATE", "DOMAIN_NAME": "URL", "IP_ADDRESS": "URL",
}  # fmt: skip
"""Theirs to ours; what is not here (TITLE, GENDER, INCIDENT_TYPE, PERPETRATOR) names nobody."""
_MARKED = re.compile(r"\{([A-Z]+) ([^}]*)\}")


@dataclass(frozen=True)
class Marked:
    """A text and what there is to find in it."""

    text: str
    spans: tuple[tuple[int, int, str], ...]
    language: str = "en"
    twin: str = ""
    """Another form of the same text, whose half this one shares."""

    @property
    def reported(self) -> bool:
        """Whether it belongs to the half that nobody looks at."""
        return hashlib.sha256((self.twin or self.text).encode()).digest()[0] % 2 == 1


def utterances() -> Iterator[Marked]:
    """Yield those that were written for voicectl."""
    for row in UTTERANCES.read_text().splitlines():
        if row and not row.startswith("#"):
            language, text = row.split("|", 1)
            yield _joined(_pieces(text), language)


def calls() -> Iterator[Marked]:
    """Yield the helpline's synthetic calls as written, every occurrence of a name marked."""
    for row in (shared() / "text/helpline_entities.jsonl").read_text().splitlines():
        call = json.loads(row)
        text = call["text"]
        known = ((e["start"], e["end"], e["label"]) for e in call["entities"])
        spans = {
            (start, end, LABELS[label])
            for start, end, label in known
            if label in LABELS and _a_name(text[start:end], label)
        }
        for start, end, label in list(spans):
            if label in ("NAME", "PLACE"):
                again = re.finditer(rf"\b{re.escape(text[start:end])}\b", text)
                spans |= {(found.start(), found.end(), label) for found in again}
        yield Marked(text, _apart(spans))


def sentences() -> Iterator[Marked]:
    """Yield the small set of written sentences."""
    for row in json.loads((shared() / "text/pii_small.json").read_text()):
        spans = {(s["start_position"], s["end_position"], LABELS[s["entity_type"]])
                 for s in row["spans"] if s["entity_type"] in LABELS}  # fmt: skip
        yield Marked(row["full_text"], _apart(spans))


def spoken(written: Marked, seed: int = 4) -> Marked:
    """Return a text in lower case, without punctuation, its long numbers said digit by digit."""
    chance = random.Random(f"{seed}:{written.text}")
    pieces, at = [], 0
    for start, end, label in written.spans:
        pieces.append((_said(written.text[at:start], "", chance), ""))
        pieces.append((_said(written.text[start:end], label, chance), label))
        at = end
    pieces.append((_said(written.text[at:], "", chance), ""))
    return _joined(pieces, written.language)


def _a_name(text: str, label: str) -> bool:
    """Some spans of the calls are shifted or name nobody (`daughter`): those are left out."""
    return label == "AGE" or (text[:1].isupper() and text == text.strip())


def _apart(spans: Iterable[tuple[int, int, str]]) -> tuple[tuple[int, int, str], ...]:
    kept: list[tuple[int, int, str]] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return tuple(kept)


def _pieces(text: str) -> list[tuple[str, str]]:
    pieces, at = [], 0
    for match in _MARKED.finditer(text):
        pieces += [(text[at : match.start()], ""), (match.group(2), match.group(1))]
        at = match.end()
    return [*pieces, (text[at:], "")]


def _said(text: str, label: str, chance: random.Random) -> str:
    if label in ("EMAIL", "URL"):
        text = "".join(SAID.get(letter, letter) for letter in text)
    if label in ("PHONE", "ID"):
        text = re.sub(r"\d+", lambda number: _digits(number.group(), chance), text)
    return re.sub(r"[^\w' ]|_", " ", text.lower())


def _digits(number: str, chance: random.Random) -> str:
    said, at = [], 0
    while at < len(number):
        times = 2 if number[at : at + 1] * 2 == number[at : at + 2] and chance.random() < 0.5 else 1
        word = chance.choice(DIGITS[int(number[at])].split())
        said.append(f"double {word}" if times == 2 else word)
        at += times
    return f" {' '.join(said)} "


def _joined(pieces: Iterable[tuple[str, str]], language: str) -> Marked:
    text, spans = "", []
    for piece, label in pieces:
        words = " ".join(piece.split())
        if text and words and not words.startswith("'"):
            text += " "
        if label and words:
            spans.append((len(text), len(text) + len(words), label))
        text += words
    return Marked(text, tuple(spans), language)
