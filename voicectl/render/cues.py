"""Subtitles: which words share a cue and a line, by whisper's rules.

A segment is a cue, and `max_words_per_line` cuts it into more. With both
`max_line_width` and `max_line_count`, cues are filled across segments instead,
up to a pause of three seconds. Unlike whisper's, a cue never crosses from one
speaker to another or from sure to suspected text, and its label takes room in
its first line. A segment without word times is one word that cannot be split.
Segments without text make no cue.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby

from voicectl.render import Style
from voicectl.render.plain import clean, segments, speaker_label, spoken, suspect_label
from voicectl.render.times import milliseconds
from voicectl.types import CallRecord, Segment, Word

LONG_PAUSE = 3.0
"""Seconds from the start of one word to the start of the next; whisper's own value."""

# Every reader takes `-->` for the start of a cue; `--->` must not become one either.
_ARROW = re.compile(r"-{2,}(?=>|&gt;)")


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are on the screen together."""

    start: float
    end: float
    speaker: str
    """`[SPEAKER_00]: `, or nothing."""
    mark: str
    """`[suspect: loop] `, or nothing."""
    lines: tuple[tuple[Word, ...], ...]
    lit: Word | None = None
    """The word that is spoken in this very moment."""

    def text(self, escape: Callable[[str], str] = str, tag_mark: Callable[[str], str] = str) -> str:
        """Return the lines; `escape` and `tag_mark` put parts into the terms of a format."""
        rows = ("".join(self._show(word, escape) for word in line).strip() for line in self.lines)
        label = escape(self.speaker) + tag_mark(escape(self.mark))
        return _ARROW.sub("-", label + "\n".join(rows))

    def _show(self, word: Word, escape: Callable[[str], str]) -> str:
        if word is not self.lit:
            return escape(word.text)
        core = word.text.strip()
        return f"{word.text[: word.text.index(core)]}<u>{escape(core)}</u>"


@dataclass(frozen=True, slots=True)
class _Run:
    """Words that may share a cue."""

    speaker: str
    mark: str
    words: Sequence[Word]


def cues(record: CallRecord, style: Style) -> Iterator[Cue]:
    """Yield the cues of `record`, in the order of its segments."""
    joins = style.max_line_width is not None and style.max_line_count is not None
    for run in (_joined if joins else _apart)(segments(record), style):
        for lines in _cue_lines(run, style):
            start = lines[0][0].start
            cue = Cue(start, max(start, lines[-1][-1].end), run.speaker, run.mark, lines)
            yield from _word_by_word(cue) if style.highlight_words else (cue,)


def _apart(found: Iterable[Segment], style: Style) -> Iterator[_Run]:
    for segment in found:
        words = _words(segment, style)
        size = style.max_words_per_line or len(words) or 1
        for first in range(0, len(words), size):
            yield _Run(*_labels(segment), words[first : first + size])


def _joined(found: Iterable[Segment], style: Style) -> Iterator[_Run]:
    for labels, group in groupby(found, key=_labels):
        run: list[Word] = []
        for word in chain.from_iterable(_words(segment, style) for segment in group):
            if run and word.start - run[-1].start > LONG_PAUSE:
                yield _Run(*labels, run)
                run = []
            run.append(word)
        if run:
            yield _Run(*labels, run)


def _labels(segment: Segment) -> tuple[str, str]:
    return speaker_label(segment), suspect_label(segment)


def _words(segment: Segment, style: Style) -> tuple[Word, ...]:
    timed = segment.words if _splits(style) else ()
    words = (replace(word, text=clean(word.text)) for word in timed)
    text = spoken(segment)
    whole = (Word(segment.start, segment.end, f" {text}", 1.0),) if text else ()
    return tuple(word for word in words if word.text.strip()) or whole


def _splits(style: Style) -> bool:
    return style.highlight_words or any(
        (style.max_line_width, style.max_line_count, style.max_words_per_line)
    )


def _cue_lines(run: _Run, style: Style) -> Iterator[tuple[tuple[Word, ...], ...]]:
    lines = _fill(run, style)
    size = style.max_line_count or len(lines)
    for first in range(0, len(lines), size):
        yield tuple(tuple(line) for line in lines[first : first + size])


def _fill(run: _Run, style: Style) -> list[list[Word]]:
    label = len(run.speaker + run.mark)
    lines: list[list[Word]] = []
    room = 0.0
    for word in run.words:
        if not lines or len(word.text) > room or _is_full(lines[-1], style):
            opens_cue = len(lines) % (style.max_line_count or math.inf) == 0
            room = (style.max_line_width or math.inf) - (label if opens_cue else 0)
            room -= len(word.text.lstrip())
            lines.append([word])
        else:
            room -= len(word.text)
            lines[-1].append(word)
    return lines


def _is_full(line: Sequence[Word], style: Style) -> bool:
    return len(line) >= (style.max_words_per_line or math.inf)


def _word_by_word(cue: Cue) -> Iterator[Cue]:
    """Yield `cue` once for each word, and unlit for each gap between two."""
    last = cue.start
    for word in chain.from_iterable(cue.lines):
        if milliseconds(word.start) > milliseconds(last):
            yield replace(cue, start=last, end=word.start)
        last = max(word.start, word.end)
        yield replace(cue, start=word.start, end=last, lit=word)
