"""Who may have a call shown as it was said, and that it is known who did."""

from __future__ import annotations

import os
import pwd
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.daemon.conftest import record
from voicectl.audit import Log
from voicectl.config import Config
from voicectl.lines import Live
from voicectl.paths import Home
from voicectl_daemon import door, main

pytestmark = pytest.mark.anyio
NOBODY, STRANGER = pwd.getpwnam("nobody"), 61_111


@pytest.fixture
def anyio_backend() -> str:
    """The daemon is made for asyncio."""
    return "asyncio"


async def asked(app: object, user: int | None, how: str = "screen") -> httpx.Response:
    client = (f"account:{user}" if user is not None else "127.0.0.1", 0)
    transport = httpx.ASGITransport(app=app, client=client)  # type: ignore[arg-type]  # FastAPI's
    async with httpx.AsyncClient(transport=transport, base_url="http://voicectl") as line:
        return await line.post("/v1/calls/aa/unmask", params={"how": how})


async def test_who_may_see_a_call_unmasked_is_noted_and_others_are_refused(
    tmp_path: Path, weights: Path
) -> None:
    home = Home(tmp_path / "home")
    home.folder.mkdir(mode=0o700)
    with ExitStack() as parts:
        settings = Config(models=str(weights), live=Live(unmask=(NOBODY.pw_name,)))
        house = main.build(home, settings, parts, on_demand=False)
        house.books.store.save(record("aaa", "my aunt took her"), "key")
        app = door.build(house)
        for user in (None, STRANGER):
            refused = await asked(app, user)
            assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        assert f"'{STRANGER}'" in refused.json()["text"]
        assert f'unmask = ["{STRANGER}"]' in refused.json()["hint"]
        for user in (os.geteuid(), NOBODY.pw_uid):
            assert (await asked(app, user)).json() == "aaa"
        assert (await asked(app, os.geteuid(), "sound")).status_code == 200
        assert (await asked(app, os.geteuid(), "else")).status_code == 422

    noted = [(each.user, each.revealed, each.size, each.how) for each in Log(home.audit).reveals()]
    ours = pwd.getpwuid(os.geteuid()).pw_name
    assert noted == [
        (ours, "aaa", 0, "sound"),
        (NOBODY.pw_name, "aaa", 0, "screen"),
        (ours, "aaa", 0, "screen"),
    ]
    home.audit.unlink()
    home.audit.mkdir()
    with ExitStack() as parts:
        house = main.build(home, Config(models=str(weights)), parts, on_demand=False)
        assert (await asked(door.build(house), os.geteuid())).status_code == 500, "not unnoted"
