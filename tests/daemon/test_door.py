"""The door: who may open it, what it answers, what it refuses; over the real socket."""

from __future__ import annotations

import grp
import http.client
import json
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import unix_connect

from tests.conftest import mounted
from voicectl.client import Door
from voicectl.errors import ConfigError, DiskFull, NotFound, RecipeError, UsageError
from voicectl.events import EventKind
from voicectl.paths import LONGEST_SOCKET_PATH, Home
from voicectl.results import ResultWish
from voicectl.types import Ask, Source
from voicectl_daemon import door as doors

if TYPE_CHECKING:
    from tests.conftest import Site
    from tests.daemon.conftest import Desk, House


def http_at(home: Home) -> httpx.Client:
    transport = httpx.HTTPTransport(uds=str(home.socket))
    return httpx.Client(transport=transport, base_url="http://voicectl", timeout=30)


def error_in(answer: httpx.Response) -> dict[str, str]:
    wire: dict[str, str] = answer.json()
    assert set(wire) == {"code", "text", "hint"}
    assert wire["text"]
    return wire


# who may open it


def test_only_its_owner_may_open_it(house: House) -> None:
    path = house.site.home.socket
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert house.site.home.folder.stat().st_mode & 0o777 == 0o700


def test_whatever_it_writes_is_private(house: House) -> None:
    for path in house.site.home.folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.root
def test_a_group_may_be_let_in(site: Site, weights: Path) -> None:
    group = grp.getgrgid(65534).gr_name if os.getgid() == 0 else grp.getgrgid(os.getgid()).gr_name
    site.configure(f'[daemon]\nsocket_group = "{group}"')
    site.folder.chmod(0o755)
    with Door.open() as door:
        path = site.home.socket
        assert path.stat().st_mode & 0o777 == 0o660
        assert grp.getgrgid(path.stat().st_gid).gr_name == group
        assert door.status().pid
        code = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        knock = ["python3", "-c", code, str(path)]
        gid = path.stat().st_gid
        assert subprocess.run(knock, user=12345, group=gid, check=False).returncode == 0
        stranger = subprocess.run(knock, user=12345, group=12345, check=False, capture_output=True)
        assert b"PermissionError" in stranger.stderr
        look = subprocess.run(
            ["ls", site.home.folder], user=12345, group=gid, check=False, capture_output=True
        )
        assert look.returncode != 0, "the group gets through, but sees nothing"


def test_a_group_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no group 'nobody-knows'"):
        doors.bind(tmp_path / "door" / "s", "nobody-knows")


@pytest.mark.root
def test_the_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "door").mkdir()
    os.chown(tmp_path / "door", 12345, 12345)
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        doors.bind(tmp_path / "door" / "s", None)


def test_a_data_folder_with_a_long_path(
    site: Site, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = site.folder / ("long name " * 12)
    monkeypatch.setenv("VOICECTL_HOME", str(folder))
    site.home = Home(folder)
    assert len(os.fsencode(site.home.socket)) > LONGEST_SOCKET_PATH
    with Door.open() as door:
        assert door.status().home == str(folder)
        assert site.home.socket.is_socket()
        watched = door.events()
        door.submit(Ask((Source("/nothing/there.wav", "there.wav"),)))
        assert next(watched).kind in EventKind
        watched.close()


# what it answers


def test_the_openapi_document(house: House) -> None:
    with http_at(house.site.home) as http:
        document = http.get("/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert document["info"]["title"] == "voicectl"
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert route["description"], f"{method} {path} says nothing of itself"
            assert {"4XX", "5XX"} <= set(route["responses"])
            assert "HTTPValidationError" not in json.dumps(route)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/status",
        "/v1/jobs",
        "/v1/jobs/{job}",
        "/v1/jobs/{job}/tasks",
        "/v1/calls",
        "/v1/calls/last",
        "/v1/calls/{call}",
        "/v1/calls/{call}?key={key}",
        "/v1/search?text=the",
    ],
)
def test_routes_answer(house: House, path: str) -> None:
    with http_at(house.site.home) as http:
        answer = http.get(path.format(job=house.job, call=house.call, key=house.key))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()


def test_what_the_client_reads_is_what_was_said(house: House) -> None:
    record = house.door.call(house.call)
    assert record.transcript is not None
    assert record.transcript.model == "tiny.en"
    assert [word.text for segment in record.transcript.segments for word in segment.words]
    assert record.done[0].stage == "transcribe"
    status = house.door.status()
    assert status.calls == 2
    assert status.workers[0].models == ("tiny.en",)
    assert house.door.job(house.job[:5]).counts == {"done": 2, "failed": 1}
    assert house.door.jobs()[0].id == house.job
    lines = house.door.calls()
    assert {line.name for line in lines} == {"one.wav", "two.wav"}
    hits = house.door.search(record.transcript.segments[0].text[:8].upper())
    assert hits[0].call == house.call
    table = house.door.sql("SELECT name, seconds FROM calls ORDER BY name")
    assert table.columns == ("name", "seconds")
    assert table.rows[0][0] == "one.wav"


def test_results_that_are_not_there_keep_no_other_back(house: House) -> None:
    """Whoever names a wrong one is told so, and gets the others as they were asked for."""
    asked = [
        (house.call, None),
        ("nothing", None),
        (house.call, "nothing"),
        (house.call, house.key),
    ]
    latest, no_call, no_result, same = house.door.results([ResultWish(*each) for each in asked])
    assert latest.record == same.record == house.door.call(house.call)
    assert no_call.record is no_result.record is None
    problems = [each.problem for each in (no_call, no_result) if each.problem]
    assert [problem.code for problem in problems] == ["not_found"] * 2


# what it refuses

NOWHERE = '[{"call": "c", "files": [{"paths": [], "taken": []}]}]'


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing", None, 404, "not_found"),
        ("GET", "/docs", None, 404, "not_found"),
        ("PUT", "/v1/status", None, 405, "usage"),
        ("GET", "/v1/jobs/zzz", None, 404, "not_found"),
        ("POST", "/v1/jobs/zzz/cancel", None, 404, "not_found"),
        ("GET", "/v1/calls/zzz", None, 404, "not_found"),
        ("GET", "/v1/calls/last?key=zzz", None, 404, "not_found"),
        ("DELETE", "/v1/calls/zzz", None, 404, "not_found"),
        ("GET", "/v1/calls?limit=0", None, 422, "usage"),
        ("GET", "/v1/calls?offset=99999999999999999999", None, 422, "usage"),
        ("GET", "/v1/search?text=", None, 422, "usage"),
        ("POST", "/v1/sql", '{"query": "DROP TABLE calls"}', 422, "usage"),
        ("POST", "/v1/sql", '{"query": "SELECT 1", "limit": 0}', 422, "usage"),
        ("POST", "/v1/sql", '{"query": 1}', 422, "usage"),
        ("POST", "/v1/jobs", "", 422, "usage"),
        ("POST", "/v1/jobs", "{", 422, "usage"),
        ("POST", "/v1/jobs", "[]", 422, "usage"),
        ("POST", "/v1/jobs", "[" * 100_000, 400, "usage"),
        ("POST", "/v1/jobs", '{"sources": []}', 422, "usage"),
        ("POST", "/v1/jobs", '{"sources": [{"path": "/a"}]}', 422, "usage"),
        ("POST", "/v1/jobs", '{"sources": [{"path": "/a", "name": "a", "x": 1}]}', 422, "usage"),
        ("POST", "/v1/jobs", '{"sources": [{"path": "a.wav", "name": "a"}]}', 422, "usage"),
        ("POST", "/v1/jobs", '{"sources": [{"path": "/a\\u0000", "name": "a"}]}', 422, "usage"),
        ("POST", "/v1/jobs", b"\xff\xfe{", 400, "usage"),
        ("POST", "/v1/unreadable", "{}", 422, "usage"),
        ("POST", "/v1/results", NOWHERE, 422, "usage"),
        ("POST", "/v1/results", json.dumps([{"call": "c"}] * 101), 422, "usage"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_refusals(
    house: House, method: str, path: str, body: str | bytes | None, status: int, code: str
) -> None:
    headers = {"content-type": "application/json"}
    with http_at(house.site.home) as http:
        answer = http.request(method, path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert error_in(answer)["code"] == code


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        ({"recipe": "transcrib"}, "unknown_name", "transcrib"),
        ({"options": {"transcribe": {"langage": "en"}}}, "recipe", "langage"),
        ({"options": {"nothing": {}}}, "recipe", "nothing"),
        ({"options": {"transcribe": {"beam_size": "x"}}}, "recipe", "beam_size"),
        ({"options": {"transcribe": {"model": "tiny-en"}}}, "unknown_name", "tiny-en"),
        ({"options": {"transcribe": {"model": "large-v3"}}}, "model_missing", "large-v3"),
    ],
)
def test_a_job_is_checked_before_it_is_taken(
    house: House, ask: dict[str, Any], error: str, text: str
) -> None:
    before = len(house.door.jobs())
    with http_at(house.site.home) as http:
        answer = http.post("/v1/jobs", json={"sources": [{"path": "/a", "name": "a"}]} | ask)
    wire = error_in(answer)
    assert wire["code"] == error
    assert text in wire["text"]
    assert len(house.door.jobs()) == before


def test_the_client_raises_what_the_daemon_raised(house: House) -> None:
    with pytest.raises(NotFound) as missing:
        house.door.job("zzz")
    assert missing.value.hint == "list them with: voicectl jobs list"
    with pytest.raises(RecipeError):
        house.door.submit(Ask((Source("/a", "a"),), options={"transcribe": {"x": 1}}))
    with pytest.raises(UsageError):
        house.door.sql("DROP TABLE calls")


def test_events_of_an_unknown_job_are_refused_in_words(house: House) -> None:
    with pytest.raises(NotFound, match="there is no job"):
        next(house.door.events("z" * 500))
    with (
        pytest.raises(InvalidStatus) as refused,
        unix_connect(str(house.site.home.socket), "ws://voicectl/v1/events?job=%00"),
    ):
        pass
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"POST /v1/uploads?name=x HTTP/1.1\r\nhost: x\r\ncontent-length: 999\r\n\r\nabc",
        b"POST /v1/jobs HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /v1/events HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"",
    ],
    ids=lambda value: repr(value)[:40],
)
def test_odd_bytes_do_no_harm(house: House, sent: bytes) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as line:
        line.connect(str(house.site.home.socket))
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        while line.recv(65536):
            pass
    assert house.door.status().version
    house.site.check()
    assert not list(house.site.home.uploads.iterdir())


# uploads


def test_an_upload_is_worked_on_and_goes_with_its_call(desk: Desk, calls: Path, site: Site) -> None:
    content = (calls / "two.wav").read_bytes()
    path = desk.door.upload(BytesIO(content), "../../../etc/passwd")
    assert path.startswith("upload:")
    (kept,) = site.home.uploads.iterdir()
    assert path == f"upload:{kept.name}"
    assert kept.read_bytes() == content
    job = desk.door.submit(
        Ask((Source(path, "two.wav"),), options={"transcribe": {"language": "en"}})
    )
    (task,) = desk.wait(job)
    assert str(task.state) == "done"
    assert task.call is not None
    again = desk.door.upload(BytesIO(content), "two.wav")
    job = desk.door.submit(
        Ask((Source(again, "two.wav"),), options={"transcribe": {"language": "en"}})
    )
    (twin,) = desk.wait(job)
    assert twin.skipped
    gone = desk.door.delete(task.call)
    assert len(gone.removed) == 2
    assert not list(site.home.uploads.iterdir())


@pytest.mark.parametrize(
    "path", ["upload:../ledger.sqlite", "upload:/etc/passwd", "upload:", "upload:zzzzzzzzzzzzzzzz"]
)
def test_what_is_no_upload(house: House, path: str) -> None:
    with pytest.raises(NotFound, match="there is no upload"):
        house.door.submit(Ask((Source(path, "x"),)))
    assert house.site.home.ledger.exists()


def test_an_upload_that_breaks_off_leaves_nothing(house: House) -> None:
    line = http.client.HTTPConnection("voicectl")
    line.sock = socket.socket(socket.AF_UNIX)
    line.sock.connect(str(house.site.home.socket))
    line.putrequest("POST", "/v1/uploads?name=x")
    line.putheader("content-length", "1000000")
    line.endheaders()
    line.send(bytes(100_000))
    house.site.wait_until(lambda: list(house.site.home.uploads.iterdir()), "it begins")
    line.close()
    house.site.wait_until(lambda: not list(house.site.home.uploads.iterdir()), "it is removed")
    house.site.check()


@pytest.mark.root
def test_an_upload_that_does_not_fit_is_refused(site: Site, weights: Path) -> None:
    with mounted(site.home.folder, "size=100m"):
        with Door.open() as door:
            with pytest.raises(DiskFull, match="no room to take in big.wav"):
                door.upload(BytesIO(bytes(60_000_000)), "big.wav")
            assert not list(site.home.uploads.iterdir())
            assert door.upload(BytesIO(b"small"), "small.wav")
            assert shutil.disk_usage(site.home.folder).free > 64 * 1024 * 1024
            door.stop()
            site.wait_until(lambda: site.pid is None, "the daemon ends")
        site.check()


def test_paths_that_the_daemon_cannot_read(house: House, tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    there, missing = str(tmp_path / "there"), str(tmp_path / "missing")
    assert house.door.unreadable([there, missing, "/a\0b"]) == [missing, "/a\0b"]


# a listener that does not listen


def test_a_listener_that_does_not_read_is_let_go(
    site: Site, weights: Path, at_desk: Callable[[Door], Desk]
) -> None:
    """Its line is full after a while; the daemon must neither wait for it nor stay for it."""
    site.configure("[daemon]\nlinger_seconds = 1")
    with Door.open() as door, closing(socket.socket(socket.AF_UNIX)) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(str(site.home.socket))
        line.sendall(
            b"GET /v1/events HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert line.recv(12) == b"HTTP/1.1 101"
        sources = tuple(Source(f"/nothing/{number}", "x" * 4000) for number in range(700))
        job = door.submit(Ask(sources))
        assert {str(task.state) for task in at_desk(door).wait(job)} == {"failed"}
        site.wait_until(lambda: site.pid is None, "the daemon leaves", 60.0)
