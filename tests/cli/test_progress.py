"""What people see while work is going on."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from voicectl.cli import progress
from voicectl.cli.progress import Picture, Story, Taste
from voicectl.cli.work import Work
from voicectl.events import Event, EventKind
from voicectl.types import Task, TaskState

K = EventKind


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def event(kind: EventKind, name: str | None = None, **detail: Any) -> Event:
    return Event(kind, datetime.now(UTC), "default", job="job", task=name, detail=detail)


def works(*names: str) -> Work:
    tasks = [
        Task(name, "job", "default", at, f"/{name}", f"{name}.wav", TaskState.NEW)
        for at, name in enumerate(names)
    ]
    return Work(tasks)


def tell(story: Story, work: Work, *events: Event) -> None:
    for each in events:
        if work.apply(each, story.clock()):
            story.tell(each, work)


def drawn(work: Work, now: float) -> list[str]:
    console = Console(width=120, force_terminal=False)
    with console.capture() as captured:
        console.print(progress.picture(work, now))
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize(
    ("detail", "line"),
    [
        ({"todo": 1, "seconds": 70.0}, "1 recording, 1 min 10 s of audio"),
        (
            {"todo": 5, "skipped": 3, "seconds": 2460.0, "skipped_seconds": 1860.0},
            "8 recordings, 1 h 12 min of audio: 3 already done, 5 to do (41 min)",
        ),
        (
            {"skipped": 3, "skipped_seconds": 60.0},
            "3 recordings, 1 min of audio: 3 already done",
        ),
        (
            {"todo": 1, "failed": 1, "seconds": 60.0},
            "2 recordings, 1 min of audio: 1 cannot be used, 1 to do (1 min)",
        ),
        ({"failed": 1}, "1 recording: 1 cannot be used"),
    ],
)
def test_the_plan(detail: dict[str, Any], line: str) -> None:
    assert progress.plan_line(detail) == line


def test_lines_for_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    story, work = Story(Taste()), works("a", "b", "c")
    tell(
        story,
        work,
        event(K.TASK_LOOKED_AT, "a", seconds=70.0),
        event(K.JOB_PLANNED, todo=2, skipped=1, seconds=140.0),
        event(K.TASK_STARTED, "a", seconds=70.0),
        event(K.TASK_SEGMENT, "a", start=0.0, end=1.0, text="secret"),
        event(K.TASK_REQUEUED, "a", text="the worker was lost"),
        event(K.TASK_DONE, "a", took=10.0, language="en", model="tiny.en"),
        event(K.TASK_FAILED, "b", text="b.wav cannot be decoded"),
        event(K.TASK_DONE, "c", skipped=True),
    )
    assert capsys.readouterr().err.splitlines() == [
        "3 recordings, 2 min 20 s of audio: 1 already done, 2 to do (2 min 20 s)",
        "again   a.wav: the worker was lost",
        "done    a.wav  1:10 · en · tiny.en · 7.0x real time",
        "failed  b.wav cannot be decoded",
    ]


def test_only_problems(capsys: pytest.CaptureFixture[str]) -> None:
    story, work = Story(Taste(quiet=True)), works("a", "b")
    story.note("by the way")
    tell(
        story,
        work,
        event(K.JOB_PLANNED, todo=2),
        event(K.TASK_DONE, "a"),
        event(K.TASK_FAILED, "b", text="no audio"),
    )
    assert capsys.readouterr().err == "failed  b.wav: no audio\n"


def test_a_long_recording_gives_a_sign_of_life(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    story, work = Story(Taste(), clock), works("a")
    tell(story, work, event(K.TASK_STARTED, "a", seconds=600.0))
    for clock.now in (10.0, 20.0, 30.0, 40.0, 61.0):
        tell(story, work, event(K.TASK_PROGRESS, "a", seconds=clock.now * 4))
    assert capsys.readouterr().err.splitlines() == [
        "0 of 1 recording · 2:00 of 10:00 · 4.0x real time · 2 min left; now a.wav",
        "0 of 1 recording · 4:04 of 10:00 · 4.0x real time · 1 min 29 s left; now a.wav",
    ]


def test_the_text_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    story, work = Story(Taste(text=True)), works("a", "b")
    said = {"start": 1.0, "end": 3.2, "text": " Hello\x1b[2J.", "speaker": "agent"}
    tell(
        story,
        work,
        event(K.TASK_SEGMENT, "a", **said),
        event(K.TASK_SEGMENT, "a", start=3.2, end=4.0, text=" Hm.", suspect="loop"),
        event(K.TASK_SEGMENT, "b", **said),
    )
    assert capsys.readouterr().err.splitlines() == [
        "a.wav",
        "[00:01.000 --> 00:03.200] agent: Hello\\x1b[2J.",
        "[00:03.200 --> 00:04.000] Hm.  (loop?)",
        "b.wav",
        "[00:01.000 --> 00:03.200] agent: Hello\\x1b[2J.",
    ]


@pytest.mark.parametrize(
    ("detail", "style"),
    [
        *(({"suspect": "loop"}, "yellow"), ({"confidence": 0.9}, "")),
        *(({"confidence": 0.2}, "yellow"), ({"confidence": 0.0}, "yellow")),
    ],
)
def test_doubts_are_coloured_when_asked(detail: dict[str, Any], style: str) -> None:
    line = progress.segment_line({"text": "x", **detail}, "", colours=True)
    assert any(span.style == style and line.plain[span.start] == "x" for span in line.spans) is (
        style == "yellow"
    )
    plain = progress.segment_line({"text": "x", "confidence": 0.2}, "")
    assert "yellow" not in {span.style for span in plain.spans}


def test_voices_differ() -> None:
    assert progress.voice_of(0) != progress.voice_of(1)
    assert progress.voice_of(0) == progress.voice_of(5)


def test_the_picture_while_recordings_are_looked_at() -> None:
    work = works("a", "b")
    work.apply(event(K.TASK_LOOKED_AT, "a", seconds=70.0), 0.0)
    assert drawn(work, 0.0) == ["looking at the recordings: 1 of 2"]


def test_the_picture_of_several() -> None:
    work = works("a", "b")
    for name in ("a", "b"):
        work.apply(event(K.TASK_LOOKED_AT, name, seconds=100.0), 0.0)
    work.apply(event(K.JOB_PLANNED, todo=2), 0.0)
    assert drawn(work, 0.0)[0] == "waiting for a worker"
    work.apply(event(K.TASK_STARTED, "a", seconds=100.0), 0.0)
    work.apply(event(K.TASK_PROGRESS, "a", seconds=50.0), 5.0)
    one, both = drawn(work, 5.0)
    assert one.endswith("a.wav  0:50 of 1:40 · 10.0x real time · 5.0 s left")
    assert both.endswith("0 of 2 recordings · 0:50 of 3:20 · 10.0x real time · 15 s left")


def test_what_comes_after_the_last_word_is_no_lie() -> None:
    work = works("a")
    for kind, detail in (
        (K.JOB_PLANNED, {"todo": 1}),
        (K.TASK_STARTED, {"seconds": 100.0}),
        (K.TASK_PROGRESS, {"seconds": 100.0}),
    ):
        work.apply(event(kind, "a", **detail), 0.0)
    (line,) = drawn(work, 5.0)
    assert line.endswith("a.wav  1:40 of 1:40 · 20.0x real time · nearly done")


@pytest.mark.parametrize(("lines", "scrolled"), [(1, False), (40, True)])
def test_what_can_still_be_read_is_not_told_again(lines: int, scrolled: bool) -> None:
    picture = Picture(Taste())
    with picture:
        picture.fail("a.wav", "no audio")
        for number in range(lines):
            picture.note(f"line {number}")
    assert picture.failures == (set() if scrolled else {"a.wav: no audio"})


def test_the_picture_of_one_has_one_line() -> None:
    work = works("a" * 60)
    work.apply(event(K.JOB_PLANNED, todo=1), 0.0)
    work.apply(event(K.TASK_STARTED, "a" * 60, seconds=100.0), 0.0)
    (line,) = drawn(work, 0.0)
    assert line.endswith("a" * 35 + "…  0:00 of 1:40")


def test_nothing_is_drawn_when_nothing_is_left() -> None:
    work = works("a")
    work.apply(event(K.JOB_PLANNED, skipped=1), 0.0)
    work.apply(event(K.TASK_DONE, "a", skipped=True), 0.0)
    assert drawn(work, 0.0) == [""]


def test_without_a_terminal_nothing_is_redrawn() -> None:
    assert not isinstance(progress.story(Taste()), Picture)
