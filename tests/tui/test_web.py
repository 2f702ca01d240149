"""The monitor in a browser: who is let in, and that it is there."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.conftest import Ran, Site
from tests.waiting import PATIENCE, wait_until

KEY = "a-key-of-twenty-chars"


@pytest.fixture
def port() -> int:
    """A port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def address(site: Site, port: int) -> Iterator[str]:
    """Where a browser is told to go; the key is in it."""
    (site.folder / "key").write_text(f"{KEY}\n")
    command = [sys.executable, "-P", "-m", "voicectl.cli.main", "monitor", "--web"]
    command += ["--port", str(port), "--key-file", str(site.folder / "key")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
        assert process.wait(PATIENCE) in (0, -signal.SIGKILL)
    wait_until(lambda: not monitors(site), "the monitors of the browsers end, too")


def monitors(site: Site) -> list[psutil.Process]:
    """The processes that browsers look at."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            ours = process.environ().get("VOICECTL_HOME") == str(site.home.folder)
            if ours and "voicectl.tui.web" in process.cmdline():
                found.append(process)
    return found


def test_nobody_comes_in_without_the_key(site: Site, address: str, port: int) -> None:
    origin = f"http://127.0.0.1:{port}"
    assert address == f"{origin}/?key={KEY}"
    with httpx.Client(base_url=origin) as http:
        for path in ("/", "/?key=another", "/static/js/textual.js", "/download/x", "/ws"):
            assert http.get(path).status_code == 403, path
        assert KEY not in http.get("/").text
        came = http.get(f"/?key={KEY}")
        assert (came.status_code, came.headers["location"]) == (303, "/"), "off the address"
        cookie = came.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert KEY not in cookie
        page = http.get("/")
        assert page.status_code == 200
        assert "http" not in page.text.replace('"https:"', ""), "nothing of elsewhere is asked for"
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert http.get("/static/js/textual.js").status_code == 200
        bearing = {"Cookie": cookie.partition(";")[0]}
    for wrong in ("http://evil.example", f"http://127.0.0.1:{port + 1}", "null"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"ws://127.0.0.1:{port}/ws", origin=Origin(wrong), additional_headers=bearing)
    with connect(
        f"ws://127.0.0.1:{port}/ws", origin=Origin(origin), additional_headers=bearing
    ) as line:
        assert "voicectl" in until(line, "voicectl serve"), "the daemon is away, and that is told"
        assert monitors(site)
    wait_until(lambda: not monitors(site), "it ends with its browser")


def test_a_server_that_is_killed_leaves_no_monitor_behind(
    site: Site, address: str, port: int
) -> None:
    origin = f"http://127.0.0.1:{port}"
    bearing = {"Cookie": httpx.get(address).headers["set-cookie"].partition(";")[0]}
    here = f"ws://127.0.0.1:{port}/ws"
    with connect(here, origin=Origin(origin), additional_headers=bearing) as line:
        until(line, "voicectl serve")
        (monitor,) = monitors(site)
        server = monitor.parent()
        assert server is not None
        server.kill()
        wait_until(lambda: not monitors(site), "it ends with its server")


def until(line: ClientConnection, words: str) -> str:
    """Return what a terminal is sent until these words."""
    seen = ""
    while words not in seen:
        message = line.recv(timeout=PATIENCE)
        seen += message.decode() if isinstance(message, bytes) else message
    return seen


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], "needs a key"),
        (["--host", "::", "--key-file", "short"], "5 characters, 16 are the fewest"),
        (["--key-file", "missing"], "No such file"),
        (["--host", "192.0.2.1", "--key-file", "key"], "cannot be served"),
    ],
)
def test_what_is_refused(
    site: Site, run: Callable[..., Ran], arguments: list[str], says: str
) -> None:
    (site.folder / "short").write_text("12345\n")
    (site.folder / "key").write_text(f"{KEY}\n")
    ran = run("monitor", "--web", *arguments)
    assert ran.status == 2
    assert says in ran.stderr
    assert KEY not in ran.stderr


def test_without_a_terminal_it_says_what_programs_take(run: Callable[..., Ran]) -> None:
    ran = run("monitor")
    assert ran.status == 2
    assert "calls follow --json" in ran.stderr


class Browser:
    """A real browser without a window."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._asked = 0
        self.requests: list[str] = []
        """Addresses that were asked for."""

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._asked += 1
        self._line.send(json.dumps({"id": self._asked, "method": method, "params": params}))
        while True:
            told = json.loads(self._line.recv(timeout=PATIENCE))
            if told.get("method") == "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])
            if told.get("id") == self._asked:
                found: dict[str, Any] = told["result"]
                return found

    def true(self, script: str) -> bool:
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value") is True


def until_true(browser: Browser, script: str, what: str) -> None:
    wait_until(lambda: browser.true(script), what)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Chromium, told by its own protocol what to do."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs chromium")
    profile = tmp_path / "profile"
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
    quiet = subprocess.DEVNULL
    flags = [f"--user-data-dir={profile}", "--window-size=1200,800", "about:blank"]
    with subprocess.Popen([*command, *flags], stdout=quiet, stderr=quiet) as process:
        told = profile / "DevToolsActivePort"
        try:
            wait_until(lambda: told.exists() and "/" in told.read_text(), "the browser starts")
            pages = httpx.get(f"http://127.0.0.1:{told.read_text().split()[0]}/json").json()
            page = next(each for each in pages if each["type"] == "page")
            with connect(page["webSocketDebuggerUrl"], max_size=None) as line:
                yield Browser(line)
        finally:
            process.terminate()


def test_a_real_browser_shows_it_and_asks_nobody_else(
    address: str, port: int, browser: Browser
) -> None:
    browser.ask("Network.enable")
    browser.ask("Page.navigate", url=address)
    until_true(browser, "document.body.classList.contains('-first-byte')", "it is shown")
    assert browser.true("location.search === ''"), "the key is off the address"
    asked = [each for each in browser.requests if not each.startswith(("data:", "blob:"))]
    assert any("textual.js" in each for each in asked)
    assert all(each.startswith(f"http://127.0.0.1:{port}/") for each in asked), asked
    for kind in ("keyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key="q", text="q")
    until_true(browser, "document.body.classList.contains('-closed')", "a key ends it")
