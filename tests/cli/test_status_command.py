"""`voicectl status`, `stop` and `serve`."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from voicectl import __version__

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


NIGHTLY = """
[[schedule]]
name = "nightly"
cron = "47 2 * * *"
recipe = "typo"
paths = ["in"]
output = "text"
"""


def test_status_starts_nobody(cli: Cli) -> None:
    ran = cli.run("status")
    assert ran.status == 0
    assert ran.stdout.startswith(f"no daemon is running for {cli.home}")
    assert cli.run("status", "--json").json == {"up": False, "home": str(cli.home)}
    assert not cli.home.exists()


def test_stop_without_a_daemon_is_no_error(cli: Cli) -> None:
    ran = cli.run("stop")
    assert ran.status == 0
    assert "no daemon is running" in ran.stderr


def test_status_of_a_service(cli: Cli) -> None:
    """A schedule that cannot be run is told when it starts, not at night."""
    cli.site.config.write_text(NIGHTLY)
    server = cli.start("serve")
    try:
        cli.wait_until(lambda: cli.site.pid is not None)
        assert cli.site.pid == server.pid
        lines = dict(line.split(maxsplit=1) for line in cli.run("status").stdout.splitlines())
        assert lines["daemon"] == f"voicectl {__version__}, PID {server.pid}, as a service"
        assert lines["data"] == str(cli.home)
        assert lines["queue"] == "0 running, 0 waiting"
        assert lines["next"].startswith("nightly, ")
        assert lines["next"].endswith(":47")
        assert cli.run("status", "--json").json["schedule"] == "nightly"
        second = cli.run("serve")
        assert second.status == 5
        assert f"PID {server.pid}" in second.stderr
        assert cli.run("stop").status == 0
    finally:
        server.send_signal(signal.SIGTERM)
        ended = cli.end(server)
    assert ended.status == 0
    told = [line for line in ended.stderr.splitlines() if "nightly" in line]
    assert told == [
        "voicectl: the schedule 'nightly' cannot be run: there is no recipe called 'typo'"
    ]


def test_a_service_takes_over_from_a_daemon_on_demand(fresh: Cli) -> None:
    """And goes on with what that one was at, for whoever waits for it."""
    fresh.clip("a.wav", 0.0, 60.0)
    waiting = fresh.start("transcribe", "a.wav", "-f", "txt", "--model", "tiny.en")
    fresh.wait_until(lambda: "running" in fresh.states)
    first = fresh.site.pid
    server = fresh.start("serve")
    try:
        ended = fresh.end(waiting)
        assert ended.status == 0, ended.stderr
        assert first != fresh.site.pid == server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        told = fresh.end(server).stderr
    assert told.startswith("taking over from the daemon that a command started\n")


def test_status_names_workers_and_models(settled: Cli) -> None:
    found = settled.run("status", "--json").json
    if not found["up"]:
        settled.run("calls", "list")
    assert settled.run("status").stdout.count("\nworker ") == 1
