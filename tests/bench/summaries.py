"""How good summaries are: like those that people wrote, and true to what was said.

    python tests/bench/summaries.py [--write] [--quick] [--model FILE.gguf] [--most N]

The language model is asked about a few calls only; it is the slow one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

import psutil
from corpus import shared
from report import Section, arguments, models
from rouge_score import rouge_scorer

from voicectl.embedding import EmbedOptions
from voicectl.errors import RunnerFailed, VoicectlError
from voicectl.generation import LanguageModel, ModelOptions
from voicectl.recognition import EntityOptions, Recognizer
from voicectl.types import Segment
from voicectl.understanding import Sentence
from voicectl_models.minilm import MiniLM
from voicectl_models.pool import Pool
from voicectl_models.spoken_rules import SpokenRules
from voicectl_recipes import claims, classify, prompting, scheme, summary, writing, written
from voicectl_recipes.template import Template

TINY = "smollm2-135m"
HALF = 150
"""The words that a summary may use by itself were collected from the first half."""
OTHER = 7
"""How far away the call is whose summary is taken for a wrong one."""
ENDS = re.compile(r"(?<=[.?!])\s+")


@dataclass(frozen=True)
class Call:
    """What was said, and what somebody made of it."""

    segments: tuple[Segment, ...]
    reference: str


@dataclass(frozen=True)
class Made:
    """A summary that was made of a call."""

    call: Call
    sentences: tuple[Sentence, ...]


Maker = Callable[[Call], tuple[Sentence, ...] | None]


def calls() -> list[Call]:
    lines = (shared() / "text/helpline_calls.jsonl").read_text().splitlines()
    return [_call(line) for line in map(json.loads, lines[HALF:])]


def _call(line: dict[str, str]) -> Call:
    said = [part for part in ENDS.split(line["transcript"]) if part.strip()]
    segments = tuple(Segment(at, at, at + 1.0, text) for at, text in enumerate(said))
    return Call(segments, line["summary"])


def lead(call: Call) -> tuple[Sentence, ...]:
    return tuple(Sentence(each.text, (each.id,)) for each in call.segments[:3])


def people(call: Call) -> tuple[Sentence, ...]:
    everything = tuple(each.id for each in call.segments)
    return tuple(Sentence(part, everything) for part in ENDS.split(call.reference) if part.strip())


def extractive(template: Template) -> Maker:
    folder = models() / "minilm"
    embedder = MiniLM(str(folder), "minilm", EmbedOptions(threads=1))
    ready = classify.prepare(scheme.builtin("child-helpline"), embedder)
    return lambda call: summary.summarize(call.segments, ready, embedder, template).sentences


def written_by(model: LanguageModel, template: Template) -> Maker:
    """Put it into words; None when no answer can be used."""

    def make(call: Call) -> tuple[Sentence, ...] | None:
        question = prompting.prompt("call", call.segments, template, "en")
        shown = writing.Shown(call.segments, {}, masked=False)
        try:
            return writing.written(shown, question, template, model, lambda: None)
        except RunnerFailed as error:
            print(f"  {error.text}")
            return None

    return make


def made_by(maker: Maker, asked: Sequence[Call]) -> Iterator[Made]:
    for call in asked:
        if (found := maker(call)) is not None:
            yield Made(call, found)


def row(what: str, found: Sequence[Made], asked: int, rules: Recognizer) -> tuple[str, ...]:
    """Return likeness to what people wrote, and how much of it nobody said."""
    scorer = rouge_scorer.RougeScorer(["rougeL", "rouge1"], use_stemmer=True)
    likeness = [
        scorer.score(each.call.reference, " ".join(s.text for s in each.sentences))
        for each in found
    ]
    sentences = [
        (each, before, after)
        for each in found
        for before, after in zip(
            each.sentences,
            claims.checked(each.sentences, each.call.segments, rules),
            strict=True,
        )
    ]
    count = max(1, len(sentences))
    unsupported = sum(bool(after.unsupported) for _, _, after in sentences) / count
    copied = sum(_is_copy(before.text, each.call) for each, before, _ in sentences) / count
    moved = sum(after.evidence != before.evidence for _, before, after in sentences) / count
    return (
        what,
        f"{len(found)}/{asked}",
        f"{mean(each['rougeL'].fmeasure for each in likeness):.3f}" if likeness else "-",
        f"{mean(each['rouge1'].fmeasure for each in likeness):.3f}" if likeness else "-",
        f"{unsupported:.3f}",
        f"{copied:.2f}",
        f"{moved:.2f}",
    )


def _is_copy(text: str, call: Call) -> bool:
    """Whether somebody said it, word for word."""
    said = " ".join(each.text for each in call.segments).casefold()
    return " ".join(re.findall(r"\w+", text.casefold())) in " ".join(re.findall(r"\w+", said))


def elsewhere(asked: Sequence[Call]) -> list[Made]:
    """Return for each call what people wrote of another one."""
    others = [asked[(at + OTHER) % len(asked)] for at in range(len(asked))]
    return [
        Made(call, people(Call(call.segments, other.reference)))
        for call, other in zip(asked, others, strict=True)
    ]


def cpu_of_children() -> float:
    """Return the CPU seconds of the processes that own models; a busy neighbour does not matter."""
    times = [each.cpu_times() for each in psutil.Process().children()]
    return sum(each.user + each.system for each in times)


def language_model(file: str | None) -> LanguageModel | None:
    options = ModelOptions(backend="llamacpp", model=file or TINY, threads=2)
    try:
        return Pool(models()).language_model(options)
    except VoicectlError as error:
        print(f"without a language model: {error.text}; {error.hint}")
        return None


HEAD = (
    "summary", "calls", "ROUGE-L", "ROUGE-1", "unsupported", "word for word", "evidence corrected",
)  # fmt: skip


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--model", metavar="FILE.gguf", help=f"instead of {TINY}")
    parser.add_argument("--most", type=int, default=10, help="calls that it is asked about")
    given = parser.parse_args()
    section = Section("summaries", "Summaries", also=("onnxruntime", "rouge-score"))
    rules = SpokenRules(str(models() / "base"), "base", EntityOptions())
    asked = calls()[: 20 if given.quick else None]
    template = written.named("templates", "case-note", Template)
    one = written.named("templates", "one-line", Template)
    rows = [
        row(
            "extractive, `case-note` (default)",
            [*made_by(extractive(template), asked)],
            len(asked),
            rules,
        ),
        row("extractive, `one-line`", [*made_by(extractive(one), asked)], len(asked), rules),
        row("the first three sentences", [*made_by(lead, asked)], len(asked), rules),
        row("what people wrote", [*made_by(people, asked)], len(asked), rules),
        row("what people wrote of another call", elsewhere(asked), len(asked), rules),
    ]
    few = asked[: 2 if given.quick else given.most]
    told = ""
    if (model := language_model(given.model)) is not None:
        before = cpu_of_children()
        put = [*made_by(written_by(model, template), few)]
        seconds = (cpu_of_children() - before) / len(few)
        rows.append(row(f"llama.cpp, `{model.model}`", put, len(few), rules))
        told = _example(put, model.model, seconds, rules)
    _publish(section, rows, len(asked), told, write=given.write)


def _example(put: Sequence[Made], name: str, seconds: float, rules: Recognizer) -> str:
    shown = [
        f"> {each.text}"
        + (f" *(nobody said: {', '.join(each.unsupported)})*" if each.unsupported else "")
        for made in put[:2]
        for each in claims.checked(made.sentences, made.call.segments, rules)
    ]
    return (
        f"`{name}` took {seconds:.1f} s CPU a call. It is a model of "
        "135 million weights: it shows that the path works and is fit for no summary. What it "
        "wrote of the first calls:\n\n" + "\n>\n".join(shown)
    )


def _publish(
    section: Section, rows: Sequence[tuple[str, ...]], asked: int, told: str, *, write: bool
) -> None:
    section.say(
        f"{asked} synthetic calls of a child helpline and the summaries that came with them, the "
        f"second half of the file; the words that a summary may use by itself were collected from "
        "the first. `unsupported` is the share of sentences in which voicectl's own check finds a "
        "name, a number, a weighty word or mostly words that nobody said; `evidence corrected` the "
        "share whose segments it changed. A summary of sentences that were said has none by "
        "construction, and the check agrees."
    )
    section.table(HEAD, rows)
    section.say(
        "The rows of what people wrote measure the check: nearly all sentences about another call "
        "should be found unsupported, and few of those about the call itself. Some of these "
        "are: the references name countries, relations and injuries that the transcript does not "
        "have. It compares words, not meaning: who did what to whom, and a `not`, it does not see. "
        "People name no segments; every one was given for theirs, so that `evidence corrected` "
        "says nothing in these rows."
    )
    if told:
        section.say(told)
    section.publish(write=write)


if __name__ == "__main__":
    main()
