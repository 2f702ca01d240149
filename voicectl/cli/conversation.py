"""A call as people read it: who said what, when, and how sure that is."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from voicectl.cli import meaning
from voicectl.cli import show as shown
from voicectl.types import CallRecord, Segment, Transcript

LOOP, LOOP_SHOWN = "loop", 60
"""What a text that repeats itself is suspected of, and how many characters of it are shown."""


def show(record: CallRecord) -> None:
    """Print a call on stdout: a picture on a terminal, plain lines elsewhere."""
    console = shown.stdout()
    shown.line(_header(record))
    for warning in record.audio.warnings:
        shown.line(shown.text(f"warning: {warning}", "yellow"))
    if record.transcript is None:
        shown.note("nothing is known of what was said")
        return
    if record.transcript.skipped:
        console.print(shown.text(_silence(record.transcript), "dim"), soft_wrap=True)
    if not record.transcript.segments:
        shown.note("nobody says anything in it")
    elif console.is_terminal:
        _picture(console, record, record.transcript)
    else:
        _lines(record, record.transcript)
    meaning.tell(record)


def _header(record: CallRecord) -> Text:
    transcript = record.transcript
    facts = [shown.clock(record.audio.seconds), record.id]
    if transcript is not None:
        language = transcript.language or ""
        if transcript.task == "translate":
            language = f"translated to {language or 'en'}"
        facts[1:1] = [fact for fact in (language, transcript.model) if fact]
    facts.append(shown.when(record.created))
    facts += _parties(record)
    name = shown.text(record.audio.name, "bold")
    return Text.assemble(name, "  ", (shown.clean(" · ".join(facts)), "dim"))


def _silence(transcript: Transcript) -> str:
    """Return how long nobody was taken to speak, and where the longest time of it is."""
    whole = sum(end - start for start, end in transcript.skipped)
    start, end = max(transcript.skipped, key=lambda each: each[1] - each[0])
    where = f"from {shown.clock(start)} to {shown.clock(end)}"
    if len(transcript.skipped) == 1:
        return f"nobody speaks {where}"
    return f"nobody speaks for {shown.clock(whole)} of it, longest {where}"


def _parties(record: CallRecord) -> list[str]:
    """Return what the name of the recording tells of the call."""
    audio = record.audio
    told = (("", audio.direction), ("agent ", audio.agent), ("caller ", audio.caller))
    return [f"{what}{value}" for what, value in told if value]


def voices(transcript: Transcript) -> dict[str, str]:
    """Return a colour for each speaker, in the order in which they are heard."""
    names = dict.fromkeys(each.speaker for each in transcript.segments if each.speaker)
    return {name: shown.VOICES[at % len(shown.VOICES)] for at, name in enumerate(names)}


def said(segment: Segment) -> Text:
    """Return what was said, doubtful words dimmed, with a mark when it may be invented."""
    spoken = segment.text.strip()
    text = shown.text(spoken)
    if "".join(word.text for word in segment.words).strip() == spoken:
        _dim_doubtful(text, segment)
    if segment.suspect:
        text.stylize("dim")
        _cut_loop(text, segment.suspect)
        text.append_text(shown.text(f"  ({segment.suspect}?)", "yellow"))
    return text


def _cut_loop(text: Text, suspect: str | None) -> None:
    """Show only the beginning of a text that repeats itself; files and json have all of it."""
    if suspect == LOOP:
        text.truncate(LOOP_SHOWN, overflow="ellipsis")


def other_language(segment: Segment, transcript: Transcript) -> Text:
    """Return a mark for what is not in the main language of the call."""
    if segment.language in (None, transcript.language):
        return Text()
    return shown.text(f"  [{segment.language}]", "dim")


def _dim_doubtful(text: Text, segment: Segment) -> None:
    at = -len(segment.words[0].text) + len(segment.words[0].text.lstrip()) if segment.words else 0
    for word in segment.words:
        # Control characters become longer when they are made visible.
        after = at + len(shown.clean(word.text))
        if word.probability < shown.DOUBTFUL:
            text.stylize("dim", max(at, 0), after)
        at = after


def translations(record: CallRecord) -> dict[int, Text]:
    """Return what stands under segments in another language, by their ids."""
    found = {}
    for each in record.translation.segments if record.translation else ():
        text = shown.text(each.text.strip(), "italic dim")
        if each.suspect:
            _cut_loop(text, each.suspect)
            text.append_text(shown.text(f"  ({each.suspect}?)", "yellow"))
        found[each.segment] = text
    return found


def _picture(console: Console, record: CallRecord, transcript: Transcript) -> None:
    colours = voices(transcript)
    others = translations(record)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", style="dim", no_wrap=True)
    if colours:
        grid.add_column(no_wrap=True, max_width=20)
    grid.add_column()
    before = None
    for segment in transcript.segments:
        name = segment.speaker or ""
        label = shown.text(name if name != before else "", f"bold {colours.get(name, '')}".strip())
        before = name
        text = said(segment)
        text.style = colours.get(name, "")
        text.append_text(other_language(segment, transcript))
        grid.add_row(shown.clock(int(segment.start)), *([label] if colours else []), text)
        if segment.id in others:
            grid.add_row("", *([""] if colours else []), others[segment.id])
    console.print()
    console.print(grid)


def _lines(record: CallRecord, transcript: Transcript) -> None:
    others = translations(record)
    for segment in transcript.segments:
        times = f"[{shown.stamp(segment.start)} --> {shown.stamp(segment.end)}]"
        speaker = f"{segment.speaker}: " if segment.speaker else ""
        text = said(segment).append_text(other_language(segment, transcript))
        shown.answer(f"{times} {speaker}{text.plain}")
        if segment.id in others:
            shown.answer(f"{' ' * len(times)} {others[segment.id].plain}")
