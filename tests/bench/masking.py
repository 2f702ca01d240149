"""What is masked in recogniser-style text, what is left standing, and what is masked for nothing.

Develop on the one half (`--half develop`), look at the other only in the page.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from entities import Marked, calls, sentences, spoken, utterances
from report import Section, arguments, at_least, models

from voicectl.recognition import EntityOptions
from voicectl.registry import RECOGNIZERS, load
from voicectl.types import Segment
from voicectl.understanding import Entity
from voicectl_models.entities.find import resolve
from voicectl_models.presidio import ALL, Analyzer

KINDS = {
    "NAME": "person", "PLACE": "place, address, organisation",
    "ADDRESS": "place, address, organisation", "ORG": "place, address, organisation",
    "PHONE": "phone", "ID": "id", "EMAIL": "e-mail", "AGE": "age", "DATE": "date",
    "MONEY": "money",
}  # fmt: skip
TARGETS = {"phone": 0.95, "id": 0.95, "e-mail": 0.95, "person": 0.9,
           "place, address, organisation": 0.85}  # fmt: skip
PRECISION = 0.7
Finder = Callable[[Marked], Sequence[Entity]]


@dataclass
class Tally:
    """What was counted over a set."""

    marked: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    """Wholly under spans of whatever kind: masked, if under another name."""
    given: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    texts: int = 0
    leaking: int = 0
    """Texts in which a character of somebody's name, place, number or address is left."""
    misses: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--half", choices=["develop", "report"], help="only this half")
    parser.add_argument("--of", metavar="SET", help="only this set")
    parser.add_argument("--misses", action="store_true", help="print them; only of `develop`")
    parser.add_argument("--with", dest="backend", choices=list(FINDERS), default="rules",
                        help="what finds them; alone: presidio without the rules")  # fmt: skip
    given = parser.parse_args()
    finder = FINDERS[given.backend]()
    section = Section("masking", "What is masked in what callers say")
    section.say(ABOUT)
    for name, texts in _material(given.quick).items():
        if given.of and given.of != name:
            continue
        for half in [given.half] if given.half else ["develop", "report"]:
            chosen = [text for text in texts if text.reported == (half == "report")]
            _table(section, f"{name}, {half}", chosen, finder)
            if given.misses and half == "develop":
                tally = _tally(chosen, finder)
                print(*tally.misses, "", *tally.wrong, sep="\n")
    section.publish(write=given.write)


def _segment(text: Marked) -> Segment:
    return Segment(0, 0.0, 0.0, text.text, language=text.language)


def _with(backend: str) -> Finder:
    """Return one that finds as the step `entities` does with a backend."""
    made = load(RECOGNIZERS, backend)(str(models() / "base"), "base", EntityOptions())
    return lambda text: made.find([_segment(text)])


def _alone() -> Finder:
    """Return presidio as it comes, without the rules and without capitals."""
    analyzer = Analyzer()

    def find(text: Marked) -> list[Entity]:
        return [
            Entity(span.label, text.text[span.start : span.end], 0, *span[1:])
            for span in resolve(analyzer.find(text.text, ALL))
        ]

    return find


FINDERS: dict[str, Callable[[], Finder]] = {
    "rules": lambda: _with("rules"),
    "spacy": lambda: _with("spacy"),
    "presidio": lambda: _with("presidio"),
    "alone": _alone,
}
ABOUT = (
    "Recall: marked entities that lie wholly under spans of their kind. Hidden: under spans of any "
    "kind, which is what masking needs. Precision: found spans that touch a marked one of their "
    "kind; kinds that a set does not mark have no row. A text leaks when one character of a "
    "person, place, phone, id or e-mail is left. Text is in lower case without punctuation, but "
    "for `helpline as written`. `utterances` are those of `tests/data/pii_utterances.txt`, in five "
    "languages, written by the author of the rules; `helpline` are synthetic calls whose spans "
    "nobody checked: shifted ones are left out, and every occurrence of a marked name counts; "
    "`sentences` is `pii_small`, written text about customers. Rules were developed on `develop`. "
    "Of `report` these figures were looked at, more than once; further, before the halves were "
    "made, 14 examples of each label of `helpline` and 12 of `sentences`, and, when the rules were "
    "done, a list of what is missed in `helpline as written` that held calls of both halves."
)


def _material(quick: bool) -> dict[str, list[Marked]]:
    few = 40 if quick else None
    return {
        "utterances": list(utterances()),
        "helpline": [spoken(call) for call in list(calls())[:few]],
        "helpline as written": [
            replace(call, twin=spoken(call).text) for call in list(calls())[:few]
        ],
        "sentences": [spoken(sentence) for sentence in sentences()],
    }


def _table(section: Section, name: str, texts: Sequence[Marked], finder: Finder) -> None:
    began = time.process_time()
    tally = _tally(texts, finder)
    spent = time.process_time() - began
    words = sum(len(text.text.split()) for text in texts)
    rows = []
    for kind in dict.fromkeys(KINDS.values()):
        if not tally.marked[kind]:
            continue
        recall = tally.found[kind] / tally.marked[kind]
        precision = tally.right[kind] / max(tally.given[kind], 1)
        rows.append((kind, tally.marked[kind], f"{recall:.3f}",
                     f"{tally.hidden[kind] / tally.marked[kind]:.3f}", f"{precision:.3f}",
                     _verdict(kind, recall, precision)))  # fmt: skip
    section.table((name, "marked", "recall", "hidden", "precision", "target"), rows)
    section.say(
        f"{tally.leaking} of {tally.texts} texts leak ({tally.leaking / tally.texts:.1%}); "
        f"{1000 * spent / max(words, 1):.2f} CPU seconds per 1,000 words."
    )


def _verdict(kind: str, recall: float, precision: float) -> str:
    if kind not in TARGETS:
        return ""
    exact = "" if precision >= PRECISION else f"; precision >= {PRECISION}: **missed**"
    return at_least(recall, TARGETS[kind], "") + exact


def _tally(texts: Iterable[Marked], finder: Finder) -> Tally:
    tally = Tally()
    for text in texts:
        found = finder(text)
        tally.texts += 1
        tally.leaking += not all([*_marked(text, found, tally)])
        _given(text, found, tally)
    return tally


def _marked(text: Marked, found: Sequence[Entity], tally: Tally) -> Iterable[bool]:
    for start, end, label in text.spans:
        kind = KINDS.get(label)
        if kind is None:
            continue
        place = {at for at in range(start, end) if not text.text[at].isspace()}
        same = [each for each in found if KINDS.get(each.label) == kind]
        hidden = place <= _under(found)
        tally.marked[kind] += 1
        tally.found[kind] += place <= _under(same)
        tally.hidden[kind] += hidden
        if not place <= _under(same):
            tally.misses.append(f"MISS {label} {_around(text.text, start, end)}")
        yield hidden or kind not in TARGETS


def _given(text: Marked, found: Sequence[Entity], tally: Tally) -> None:
    for each in found:
        kind = KINDS.get(each.label)
        if kind is None:
            continue
        right = any(
            KINDS.get(label) == kind and start < each.end and each.start < end
            for start, end, label in text.spans
        )
        tally.given[kind] += 1
        tally.right[kind] += right
        if not right:
            tally.wrong.append(f"WRONG {each.label} {_around(text.text, each.start, each.end)}")


def _under(found: Iterable[Entity]) -> set[int]:
    return {at for each in found for at in range(each.start, each.end)}


def _around(text: str, start: int, end: int) -> str:
    return f"{text[max(0, start - 40) : start]}<<{text[start:end]}>>{text[end : end + 25]}"


if __name__ == "__main__":
    main()
