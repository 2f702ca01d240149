"""What of a call is hidden on a screen, and that nothing moves by it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui import scenes
from voicectl.tui import masks
from voicectl.tui.conversation.said import of_turns
from voicectl.tui.masks import DOT, NOTHING, Known
from voicectl.types import Done

FOUND = Known(("Amina", "Kisumu Town", "Will"), 30.0)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("my name is Amina", "my name is •••••"),
        ("Kisumu, not the town of Town", "••••••, not the town of ••••"),
        ("I will ask Will", "I will ask ••••"),
        ("Aminata", "Aminata"),
        ("on 0712 345 678, or 12 times", "on •••• ••• •••, or 12 times"),
        ("+254.712.345.678", "+•••.•••.•••.•••"),
    ],
)
def test_what_was_found_is_hidden(text: str, shown: str) -> None:
    assert FOUND.masked(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hello, I am Otieno.", "Hello, I am ••••••."),
        ("Otieno. I'm Otieno's aunt.", "••••••. I'm ••••••'s aunt."),
        ("[NAME_1] is 15", "[NAME_1] is ••"),
        ("Östen und Žofie", "••••• und •••••"),
    ],
)
def test_before_it_is_read_whatever_may_be_a_name_is_hidden(text: str, shown: str) -> None:
    assert NOTHING.masked(text, read=False) == shown


@given(st.text(), st.booleans())
def test_nothing_moves(text: str, read: bool) -> None:
    masked = FOUND.masked(text, [(0, 3), (5, 99)], read=read)
    assert len(masked) == len(text)
    assert all(now in (was, DOT) for was, now in zip(text, masked, strict=True))


def test_a_conversation_is_hidden_as_far_as_it_was_read() -> None:
    turns = scenes.turns("Otieno is here")
    analysis = scenes.analysis(turns)
    known = masks.of_analysis(analysis)
    said = list(known.conversation(of_turns(turns, "en", analysis)))
    told = " ".join(f"{each.text} {each.translation}" for each in said)
    assert not [name for name in ("Amina", "Kisumu", "0712", "Otieno", "Habari") if name in told]
    assert "uncle has a knife" in told
    assert [each.marks for each in said] == [
        each.marks for each in of_turns(turns, "en", analysis)
    ], "what stands out stays in its place"


def test_what_a_recipe_has_hidden_is_shown_as_it_is() -> None:
    record = scenes.record("c1")
    assert masks.of_record(record).until == 0.0, "nobody has looked for names"
    steps = (Done("entities", "", "", scenes.NOW, 0.1, "00"),)
    assert masks.of_record(scenes.replace(record, done=steps)).until > record.audio.seconds
    redacted = (*steps, Done("redact", "", "", scenes.NOW, 0.1, "00"))
    assert masks.of_record(scenes.replace(record, done=redacted)).hidden
