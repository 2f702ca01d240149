"""Every error: its code, its exit status, its way over the wire."""

import re
from typing import Any

import pytest

import voicectl.errors
from voicectl.errors import DaemonBusy, ExitStatus, NotFound, VoicectlError, WorkerDied, from_wire


def all_errors() -> list[type[VoicectlError]]:
    return [
        found
        for found in vars(voicectl.errors).values()
        if isinstance(found, type) and issubclass(found, VoicectlError)
    ]


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_the_same_class_comes_back(kind: type[VoicectlError]) -> None:
    back = from_wire(**kind("a sentence", hint="a remedy").to_wire())
    assert type(back) is kind
    assert (back.text, back.hint) == ("a sentence", "a remedy")
    assert str(back) == "a sentence"


def test_codes_are_unique_and_speakable() -> None:
    codes = [kind.code for kind in all_errors()]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_the_tree_in_the_docstring_is_the_tree(kind: type[VoicectlError]) -> None:
    drawn = re.search(rf"\b{kind.__name__}\s.*?(\d+)$", voicectl.errors.__doc__ or "", re.MULTILINE)
    assert drawn, f"{kind.__name__} is not drawn"
    assert int(drawn[1]) == kind.exit_status
    assert kind.__doc__


def test_exit_statuses_are_those_that_are_promised() -> None:
    promised: dict[str, Any] = {status.name: status.value for status in ExitStatus}
    assert promised == {
        "OK": 0,
        "SOME_FAILED": 1,
        "USAGE": 2,
        "ALL_FAILED": 3,
        "MODEL_MISSING": 4,
        "NO_DAEMON": 5,
        "INTERRUPTED": 130,
    }


def test_what_a_newer_daemon_raises_is_still_an_error() -> None:
    back = from_wire("never_heard_of", "a sentence", "a remedy")
    assert type(back) is VoicectlError
    assert back.text == "a sentence"


def test_a_class_without_a_code_of_its_own_does_not_take_its_parents_place() -> None:
    class Private(WorkerDied):
        """Somebody's own business."""

    assert type(from_wire("worker_died", "x")) is WorkerDied
    assert Private("x").code == "worker_died"
    assert type(from_wire("daemon_busy", "x")) is DaemonBusy
    assert type(from_wire("not_found", "x")) is NotFound
