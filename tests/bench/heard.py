"""What is left of names and numbers once a recogniser has heard them: said, sent, written, masked.

Each utterance is said by espeak-ng, goes through a telephone (8,000 Hz, mu-law), is written down by
the model that `--model auto` takes, and masked as the recipe `redact` does it.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from entities import Marked, utterances
from masking import KINDS, TARGETS
from report import Section, arguments, models

from voicectl.types import Audio, CallRecord
from voicectl_models import decode, encode
from voicectl_models.entities.lines import fold, table
from voicectl_models.lending import Lending
from voicectl_models.pool import Pool
from voicectl_recipes import engine, load

TELLING = 3
"""Letters of a word that tells something."""
DIGITS = 4
"""Digits in a row that do."""
_WORD = re.compile(r"[^\W\d_]+|\d")
_PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")


@dataclass
class Tally:
    """What was counted over a set, by kind."""

    said: Counter[str] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)
    """Something of it stood in what the recogniser wrote."""
    left: Counter[str] = field(default_factory=Counter)
    """Something of it still stands in the masked text."""
    calls: int = 0
    leaking: int = 0
    leaks: list[str] = field(default_factory=list)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--half", choices=["develop", "report"], help="only this half")
    parser.add_argument("--leaks", action="store_true", help="print them; only of `develop`")
    given = parser.parse_args()
    section = Section("heard", "What is masked in what a recogniser heard")
    section.say(ABOUT)
    texts = list(utterances())
    for half in [given.half] if given.half else ["develop", "report"]:
        chosen = [text for text in texts if text.reported == (half == "report")]
        tally = _tally(chosen[:25] if given.quick else chosen)
        _table(section, half, tally)
        if given.leaks and half == "develop":
            print(*tally.leaks, sep="\n")
    section.publish(write=given.write)


ABOUT = (
    "The utterances of `tests/data/pii_utterances.txt`, each a call: said by espeak-ng, sent "
    "through 8 kHz mu-law, written by the model that `--model auto` takes, masked by the recipe "
    f"`redact`. Heard: a word of {TELLING} letters of a name, or {DIGITS} digits in a row of a "
    "number, stand in what was written; what the recogniser wrote otherwise cannot leak as such. "
    "Left: they stand in the masked text. A synthetic voice is harder to understand than callers."
)


def _table(section: Section, half: str, tally: Tally) -> None:
    rows = []
    for kind in dict.fromkeys(KINDS.values()):
        if said := tally.said[kind]:
            heard, left = tally.heard[kind], tally.left[kind]
            hidden = f"{1 - left / heard:.3f}" if heard else ""
            rows.append((kind, said, heard, left, hidden, f"{left / tally.calls:.3f}"))
    section.table((half, "said", "heard", "left", "masked of heard", "leaks per call"), rows)
    section.say(f"{tally.leaking} of {tally.calls} calls leak ({tally.leaking / tally.calls:.1%}).")


def _tally(texts: Sequence[Marked]) -> Tally:
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        for text, written, masked in _masked(texts, Path(folder)):
            tally.calls += 1
            leaking = False
            for start, end, label in text.spans:
                kind = KINDS.get(label)
                if kind is None:
                    continue
                said = text.text[start:end]
                tally.said[kind] += 1
                tally.heard[kind] += _stands(said, written)
                if _stands(said, written) and _stands(said, masked):
                    tally.left[kind] += 1
                    leaking |= kind in TARGETS
                    tally.leaks.append(f"LEFT {label} '{said}': {written!r} -> {masked!r}")
            tally.leaking += leaking
    return tally


def _masked(texts: Sequence[Marked], folder: Path) -> Iterator[tuple[Marked, str, str]]:
    """Yield each text with what was written of it, before and after masking."""
    tools = Lending(Pool(models()))
    recipe = load.Shelf.of(None).find("redact")
    for number, text in enumerate(texts):
        plan = load.check(recipe, {"transcribe": {"language": text.language.replace("mix", "sw")}})
        record = CallRecord(str(number), "default", _said(text, folder / f"{number}.wav"), NOW)
        reached = engine.run(plan, [record], tools)
        states = [each.record for each in reached if isinstance(each, engine.Reached)]
        written = [state.transcript.text for state in states if state and state.transcript]
        if len(written) == len(plan):
            yield text, written[0], written[-1]


NOW = datetime.now(UTC)


def _said(text: Marked, path: Path) -> Audio:
    """Say a text, send it through a telephone, and return the recording."""
    voice = {"pt": "pt-br", "mix": "sw"}.get(text.language, text.language)
    loud = path.with_suffix(".loud.wav")
    subprocess.run(["espeak-ng", "-v", voice, "-s", "140", "-w", str(loud), text.text], check=True)
    blocks = (block.samples for block in decode.blocks(str(loud), loud.name))
    with path.open("w+b") as target:
        encode.write(blocks, target, "wav", 8000, "pcm_mulaw")
    shape = decode.probe(str(path), path.name)
    return Audio(str(path), path.name, shape.seconds, shape.rate, shape.channels, shape.codec, "")


def _stands(said: str, text: str) -> bool:
    """Tell whether something of an entity stands in a text."""
    here, there = _signs(said), _signs(_PLACEHOLDER.sub(" | ", text))
    numbers = "".join(sign for sign in here if sign.isdigit())
    if len(numbers) >= DIGITS:
        rows = re.findall(r"\d+", "".join(sign if sign.isdigit() else " " for sign in there))
        parts = {numbers[at : at + DIGITS] for at in range(len(numbers) - DIGITS + 1)}
        return any(part in row for part in parts for row in rows)
    words = {sign for sign in here if len(sign) >= TELLING and sign not in _common()}
    return bool(words & set(there))


def _signs(text: str) -> list[str]:
    """Return words, and digits whether they are written or said."""
    digits = {
        fold(word): str(n) for n, row in enumerate(table("numbers")["digits"]) for word in row
    }
    return [digits.get(fold(word), fold(word)) for word in _WORD.findall(text)]


def _common() -> frozenset[str]:
    """Words of entities that say nothing by themselves."""
    keys = ("organisations_after", "street_after", "street_before", "house", "organisations_before")
    phrases = [phrase for key in keys for phrase in table("places")[key]]
    cues = [word for key in ("dot", "domains", "at_sign") for word in table("cues")[key]]
    months = [word for phrase in table("cues")["months"] for word in phrase.split()]
    numbers = [word for key in ("pairs", "tens", "hundreds", "thousands", "double", "triple",
                                "ordinals") for word in table("numbers")[key]]  # fmt: skip
    return frozenset(
        fold(word) for each in [*phrases, *cues, *months, *numbers, "gmail", "yahoo", "years"]
        for word in each.split()
    )  # fmt: skip


if __name__ == "__main__":
    main()
