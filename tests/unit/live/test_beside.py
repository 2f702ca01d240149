"""Which calls are asked for by ARI, and where their sound is brought."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicectl import config
from voicectl.errors import ConfigError
from voicectl.lines import Listen
from voicectl.live import LineStatus
from voicectl_daemon.live import beside
from voicectl_daemon.live.beside import Place
from voicectl_daemon.media import said


def test_names_say_which_leg_of_which_call() -> None:
    caller, agent = (said.named(beside.named("1768629478.110", leg)) for leg in (1, 2))
    assert caller.call == agent.call != ""
    assert (caller.leg, agent.leg) == (0, 1)
    assert beside.named("1768629478.110", 1) == caller.channel, "always the same"
    assert said.named(beside.named("1768629478.111", 1)).call != caller.call


def test_calls_are_brought_to_the_lines_that_want_them() -> None:
    listen = (
        Listen(name="a", transport="ari", host="0.0.0.0", rate=8000),
        Listen(name="b", transport="ari", host="::1", port=8302),
        Listen(name="c", transport="audiosocket", port=8303),
        Listen(name="d", transport="ari", port=8304),
        Listen(name="e", transport="ari", port=8305),
    )
    taken = {
        "a": LineStatus("a", "0.0.0.0", 40001),
        "b": LineStatus("b", "::1", 8302),
        "c": LineStatus("c", "127.0.0.1", 8303),
        "d": LineStatus("d", "127.0.0.1", 0, "the service stops"),
    }
    assert beside.places(listen, taken) == {
        "voicectl": Place("127.0.0.1:40001", "slin"),
        "voicectl-b": Place("[::1]:8302", "slin16"),
    }


def test_a_line_whose_asterisk_cannot_be_asked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "voicectl.toml"
    path.write_text('[[listen]]\nname = "pbx"\ntransport = "ari"\n')
    with pytest.raises(ConfigError, match=r"the line 'pbx' needs `ari` in \[asterisk\]"):
        config.read(path)
