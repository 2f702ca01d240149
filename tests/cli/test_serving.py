"""What a person types while the daemon serves: `voicectl reload`, `voicectl sim call`."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Ran, Site
from tests.line import serve
from voicectl.client import Door

Run = Callable[..., Ran]
LINE = """
[[listen]]
name = "pbx"
port = 0
host = "0.0.0.0"
mode = "post-call"
[live]
post_call = ""
"""


def test_a_config_is_read_anew_and_told_of(site: Site, run: Run, weights: Path) -> None:
    with serve(site, LINE) as line, line.up():
        port = line.port
        assert run("reload").stdout == "nothing is different\n"
        more = '[[listen]]\nname = "second"\nport = 0\n[workers]\ncount = 2\n'
        site.configure(f'{LINE}language = "sw"\nrecordings = "x"\n{more}')
        first = run("reload")
        assert (first.status, first.stdout) == (
            0,
            "counts from now on:\n  [[listen]] second is new\n  [live] language\n"
            "counts after a restart:\n  [workers] count\n  [live] recordings\n",
        )
        assert json.loads(run("reload", "--json").stdout) == {
            "now": [],
            "later": ["[workers] count", "[live] recordings"],
        }
        assert len(line.door.live()) == 1, "the call goes on"

        site.configure(LINE.replace("mode", "moed"))
        broken = run("reload")
        assert (broken.status, broken.stdout) == (2, "")
        assert "the config stays as it was: " in broken.stderr
        assert "moed" in broken.stderr
        assert "hint: did you mean 'mode'?" in broken.stderr
        assert {each.name for each in line.door.lines()} == {"pbx", "second"}
        assert line.door.lines()[0].port == port


def test_status_says_where_calls_are_taken(site: Site, run: Run, weights: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        deaf = f'[[listen]]\nname = "deaf"\nport = {taken.getsockname()[1]}\n'
        with serve(site, LINE + deaf) as line:
            seen = "degraded: the line 'deaf' takes no calls: "
            site.wait_until(lambda: seen in " ".join(run("status").stdout.split()), "it is seen")
            assert f"line    pbx takes calls on 0.0.0.0:{line.port}\n" in run("status").stdout
            assert "line    deaf takes no calls: " in run("status").stdout
            assert run("status", "--json").stdout.count('"degraded"') == 1


def test_who_does_not_serve_does_not_reload(site: Site, run: Run) -> None:
    site.configure("[daemon]\nlinger_seconds = 60\n")
    assert "no daemon is running" in run("reload").stderr
    with Door.open():
        told = run("reload")
        assert (told.status, "on demand only" in told.stderr) == (2, True)


def test_a_simulated_call_finds_its_line(
    site: Site, run: Run, weights: Path, make_call: Callable[..., Path]
) -> None:
    call = make_call("call", 0.0, 1.0)
    assert "takes calls by audiosocket" in run("sim", "call", call).stderr
    site.configure(f"{LINE}[daemon]\nlinger_seconds = 60\n")
    absent = run("sim", "call", call)
    assert (absent.status, absent.stdout) == (2, "")
    assert "no daemon is running" in absent.stderr
    assert "voicectl serve" in absent.stderr
    with Door.open() as door:
        assert "the daemon is there on demand only" in run("sim", "call", call).stderr
        pid = door.status().pid
        door.stop()
    site.wait_until(lambda: site.is_gone(pid), "it leaves")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        deaf = f'[[listen]]\nname = "deaf"\nport = {port}\nmode = "post-call"\n'
        with serve(site, deaf) as line:
            line.site.wait_until(lambda: "in use" in line.door.lines()[0].trouble, "it is seen")
            refused = run("sim", "call", call)
            assert refused.status == 2
            assert "the line 'deaf' takes no calls: " in refused.stderr
            site.configure(LINE + deaf)
            assert run("reload").status == 0
            assert line.port, "the other line is open"
            for transport in ("audiosocket", "websocket", "uid"):
                played = run("sim", "call", call, "--transport", transport)
                assert played.stdout.startswith("1 call, "), played.stderr
            line.site.wait_until(lambda: len(line.door.live(ended=True)) == 3, "they came")
            assert {each.line for each in line.door.live(ended=True)} == {"pbx"}
            site.configure('[[listen]]\nname = "other"\n')
            unknown = run("sim", "call", call)
            assert "does not know the line 'other' yet" in unknown.stderr
