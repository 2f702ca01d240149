"""A real daemon, a real call, and the monitor that watches both come and go."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Site
from tests.line import LINE, serve
from tests.tui.conftest import until
from voicectl.client import Door
from voicectl.live import CallState
from voicectl.tui.app import Monitor
from voicectl.tui.calls.table import CallTable
from voicectl.tui.conversation.view import Conversation

pytestmark = pytest.mark.anyio


@pytest.fixture
def recording(make_call: Callable[..., Path]) -> Path:
    """Nine seconds of a call."""
    return make_call("call", 0.0, 9.0)


def sim_call(port: int, recording: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "voicectl.cli.main", "sim", "call", str(recording)]
    return subprocess.Popen([*command, "--address", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL)


def in_sight(app: Monitor) -> str:
    """The conversation as it is on the screen."""
    view = app.query_one("#conversation", Conversation)
    return "\n".join(view.render_line(y).text for y in range(view.size.height))


async def test_a_call_is_seen_and_the_daemon_may_go_and_come(
    site: Site, weights: Path, recording: Path
) -> None:
    app = Monitor(lambda: Door(site.home))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.board.away, "nobody is there, and that is told")
        with serve(site, LINE) as line:
            await until(pilot, lambda: app.board.house, "it is found")
            with sim_call(line.port, recording):
                await until(pilot, lambda: app.board.calls(), "the call is seen")
                (call,) = app.board.calls()
                assert app.query_one(CallTable).chosen == call.id
                await until(pilot, lambda: "number" in in_sight(app), "it is read on the screen")
                assert app.board.calls()[0].levels
                assert app.board.calls()[0].recording.endswith(f"{call.id}.wav"), "it can be heard"
            await until(pilot, lambda: app.board.record(call.id), "it was worked on after the call")
            assert app.board.calls()[0].state is CallState.ENDED
        await until(pilot, lambda: app.board.away, "it has left")
        assert app.query_one(CallTable).chosen == call.id, "what is known stays in sight"
        with serve(site, LINE):
            await until(pilot, lambda: not app.board.away, "another one is found")
            await until(pilot, lambda: not app.board.calls(), "which knows nothing of the call")
