"""Agent or caller: from the channel, the file name, the direction of the call."""

from __future__ import annotations

from typing import Any

import pytest

from voicectl.config import Roles
from voicectl.types import Audio
from voicectl_daemon import roles

BOTH = ("agent", "caller")
PBX = r"^(?P<direction>in|out)-(?P<agent>\d+)-(?P<caller>\d+)-"


def audio(name: str) -> Audio:
    return Audio(f"/calls/{name}", name, 60.0, 8000, 2, "pcm_mulaw", "ab" * 32)


def told(name: str, **rules: Any) -> Audio:
    return roles.told(audio(name), Roles(**rules))


@pytest.mark.parametrize("expression", [r"(?P<agent>(a+)+)b", r"(?P<agent>(a|aa)+)$x"])
def test_no_expression_takes_for_ever(expression: str) -> None:
    """Each of these keeps a backtracking engine busy for longer than anybody waits."""
    assert told("a" * 250, file_name=expression).agent is None


def test_without_rules_nothing_is_told() -> None:
    assert told("in-201-0712-x.wav") == audio("in-201-0712-x.wav")
    assert not any(roles.parties(audio("a.wav")))


def test_channels_are_named_by_the_site() -> None:
    assert told("a.wav", channels=BOTH).channel_names == BOTH


def test_the_name_tells_direction_and_parties() -> None:
    found = told("out-201-0712345-x.wav", file_name=PBX)
    assert (found.direction, found.agent, found.caller) == ("outbound", "201", "0712345")
    assert found.channel_names == ()


@pytest.mark.parametrize(
    ("name", "names"), [("in-1-2-x.wav", BOTH), ("out-1-2-x.wav", BOTH[::-1]), ("x.wav", BOTH)]
)
def test_a_direction_swaps_the_channels(name: str, names: tuple[str, ...]) -> None:
    found = told(name, file_name=PBX, channels=BOTH, swapped="outbound")
    assert found.channel_names == names


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("left=agent.wav", ("agent", "caller")),
        ("left=caller.wav", ("caller", "agent")),
        ("left=Peter.wav", ("Peter", "caller")),
        ("other.wav", ("agent", "caller")),
    ],
)
def test_the_name_tells_who_is_left(name: str, names: tuple[str, ...]) -> None:
    assert told(name, file_name=r"left=(?P<left>\w+)", channels=BOTH).channel_names == names


def test_who_is_right_without_a_rule_for_channels() -> None:
    found = told("right=agent.wav", file_name=r"right=(?P<right>\w+)")
    assert found.channel_names == ("SPEAKER_00", "agent")


def test_words_for_a_direction_are_the_sites() -> None:
    rules = {"file_name": "^(?P<direction>[^-]+)-", "inbound": ("entrante",)}
    assert told("Entrante-1.wav", **rules).direction == "inbound"
    assert told("in-1.wav", **rules).direction is None


def test_only_the_name_counts_not_its_folder() -> None:
    assert told("out-1-2/in-1-2-x.wav", file_name=PBX).direction == "inbound"


def test_a_name_cannot_smuggle_control_characters_or_a_novel() -> None:
    found = told("x-\x1b[31m" + "9" * 300, file_name="(?s)x-(?P<agent>.*)")
    assert found.agent is not None
    assert found.agent.isprintable()
    assert len(found.agent) == roles.LONGEST


def test_what_is_told_changes_the_result() -> None:
    plain = audio("in-1-2-x.wav")
    assert roles.parties(roles.told(plain, Roles(channels=BOTH))) != roles.parties(plain)
