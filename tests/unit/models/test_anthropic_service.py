"""The real client of Anthropic against a service on this machine that behaves in every way."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from pathlib import Path

import pytest

from tests import service as services
from tests.conftest import mounted
from tests.service import Behaviour, Service, answering, refusing, serving
from voicectl import registry
from voicectl.audit import Log
from voicectl.errors import Cancelled, DiskFull, RunnerFailed, UsageError
from voicectl.generation import ModelOptions, Outside, Prompt
from voicectl_models import anthropic_service
from voicectl_models.anthropic_service import Anthropic, retry_after

SECRET = "the river house"
KEY = "sk-test-" + "k" * 20
FOUND = {"sentences": [{"text": "She is hungry.", "segments": [1]}]}
PROMPT = Prompt(
    call="call1",
    instruction="Summarise.",
    material=f'[{{"id":1,"text":"{SECRET}"}}]',
    schema={"type": "object"},
    seconds=20.0,
)


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    try:
        registry.find(registry.LANGUAGE_MODELS, "anthropic")
    except UsageError as error:
        pytest.skip(f"{error.text}; {error.hint}")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "audit.jsonl")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    return file


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are as many and as uneven as ever, and short."""
    monkeypatch.setattr(anthropic_service, "FIRST_PAUSE", 0.01)
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


def outside(log: Log, key_file: Path, address: str) -> Outside:
    return Outside(partial(log.leave, "anthropic", "claude-test"), address, str(key_file))


def ask(
    log: Log, key_file: Path, *behaviours: Behaviour, seconds: float = 20.0
) -> tuple[str | Exception, Service]:
    """Return what is answered or raised by a service that behaves like this."""
    with serving(*behaviours) as service:
        given = outside(log, key_file, service.address)
        model = Anthropic("", "claude-test", ModelOptions(backend="anthropic"), given)
        prompt = Prompt(**{**_fields(PROMPT), "seconds": seconds})
        try:
            return model.answer(prompt, lambda: None), service
        except (RunnerFailed, DiskFull) as error:
            return error, service


def _fields(prompt: Prompt) -> dict[str, object]:
    return {name: getattr(prompt, name) for name in Prompt.__dataclass_fields__}


def test_an_answer_is_what_the_tool_is_given(log: Log, key_file: Path) -> None:
    answer, service = ask(log, key_file, answering(FOUND))
    assert json.loads(str(answer)) == FOUND
    (question,) = service.questions
    assert question["system"] == "Summarise."
    assert question["messages"] == [{"role": "user", "content": PROMPT.material}]
    assert question["tool_choice"] == {"type": "tool", "name": "answer"}
    assert "call1" not in service.bodies[0].decode()
    assert any(value.endswith(KEY) for value in service.headers[0].values())


def test_every_request_is_noted_and_no_word_of_it(log: Log, key_file: Path, tmp_path: Path) -> None:
    _, service = ask(log, key_file, refusing(529), refusing(500), answering(FOUND))
    noted = log.requests()
    assert [each.status for each in noted] == ["200", "500", "529"]
    assert {each.call for each in noted} == {"call1"}
    assert {each.host for each in noted} == {"127.0.0.1"}
    assert [each.size for each in reversed(noted)] == [len(body) for body in service.bodies]
    file = tmp_path / "audit.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    assert SECRET not in file.read_text()
    assert KEY not in file.read_text()


@pytest.mark.parametrize("status", [408, 429, 500, 503, 529])
def test_what_passes_is_tried_again(log: Log, key_file: Path, status: int) -> None:
    answer, service = ask(log, key_file, refusing(status), refusing(status), answering(FOUND))
    assert json.loads(str(answer)) == FOUND
    assert len(service.bodies) == 3


def test_a_pause_that_is_asked_for_is_kept(log: Log, key_file: Path) -> None:
    began = time.monotonic()
    answer, service = ask(log, key_file, refusing(429, retry_after="1"), answering(FOUND))
    assert time.monotonic() - began >= 1.0
    assert json.loads(str(answer)) == FOUND
    assert len(service.bodies) == 2


def test_a_pause_for_which_there_is_no_time_is_not_waited_for(log: Log, key_file: Path) -> None:
    error, service = ask(log, key_file, refusing(429, retry_after="3600"))
    assert isinstance(error, RunnerFailed)
    assert "429" in error.text
    assert len(service.bodies) == 1


def test_it_gives_up_in_the_end(log: Log, key_file: Path) -> None:
    error, service = ask(log, key_file, refusing(529))
    assert isinstance(error, RunnerFailed)
    assert error.text == "127.0.0.1 gave no answer (status 529)"
    assert len(service.bodies) == anthropic_service.ATTEMPTS


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_fails_at_once_and_says_so(log: Log, key_file: Path, status: int) -> None:
    error, service = ask(log, key_file, refusing(status))
    assert isinstance(error, RunnerFailed)
    assert "refused the key of 'anthropic'" in error.text
    assert "ANTHROPIC_API_KEY" in error.hint
    assert len(service.bodies) == 1


@pytest.mark.parametrize(("status", "words"), [(404, "knows no model 'claude-test'"), (400, "400")])
def test_a_request_that_is_wrong_is_not_repeated(
    log: Log, key_file: Path, status: int, words: str
) -> None:
    error, service = ask(log, key_file, refusing(status))
    assert words in str(error)
    assert SECRET not in str(error)
    assert len(service.bodies) == 1


@pytest.mark.parametrize(
    "behave", [services.hanging, services.endless, services.flooding, services.closing]
)
def test_an_answer_that_never_comes_or_never_ends_is_given_up(
    log: Log, key_file: Path, behave: Behaviour
) -> None:
    began = time.monotonic()
    error, _ = ask(log, key_file, behave, seconds=1.0)
    assert isinstance(error, RunnerFailed)
    assert time.monotonic() - began < 20.0
    assert log.requests()[0].status != "sending"


def test_a_broken_answer_is_followed_by_another_try(log: Log, key_file: Path) -> None:
    answer, service = ask(log, key_file, services.closing, answering(FOUND))
    assert json.loads(str(answer)) == FOUND
    assert len(service.bodies) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"content": 7}'])
def test_nonsense_is_given_back_to_be_refused(log: Log, key_file: Path, content: bytes) -> None:
    answer, _ = ask(log, key_file, lambda asked: asked.respond(200, content))
    assert isinstance(answer, str)


def test_it_follows_nobody_elsewhere(log: Log, key_file: Path) -> None:
    with serving(answering(FOUND)) as other:
        error, _ = ask(log, key_file, refusing(307, location=other.address))
        assert isinstance(error, RunnerFailed)
        assert other.bodies == []


def test_nobody_there(log: Log, key_file: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        given = outside(log, key_file, f"http://127.0.0.1:{free.getsockname()[1]}")
        model = Anthropic("", "claude-test", ModelOptions(backend="anthropic"), given)
        with pytest.raises(RunnerFailed, match="cannot be reached"):
            model.answer(PROMPT, lambda: None)
    assert {each.status for each in log.requests()} == {"APIConnectionError"}


def test_work_that_is_called_off_asks_no_more(log: Log, key_file: Path) -> None:
    def heed() -> None:
        raise Cancelled("cancelled")

    with serving(answering(FOUND)) as service:
        given = outside(log, key_file, service.address)
        model = Anthropic("", "claude-test", ModelOptions(backend="anthropic"), given)
        with pytest.raises(Cancelled):
            model.answer(PROMPT, heed)
        assert service.bodies == []


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "full", "size=64k") as folder:
        with suppress(OSError), (folder / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        yield folder


@pytest.mark.root
def test_what_cannot_be_noted_does_not_leave(full_disk: Path, key_file: Path) -> None:
    error, service = ask(Log(full_disk / "audit.jsonl"), key_file, answering(FOUND))
    assert isinstance(error, DiskFull)
    assert service.bodies == []


def test_the_key_is_a_private_file_or_in_the_environment(
    log: Log, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(file: Path | str) -> str:
        return anthropic_service.key(Outside(log.leave, "", str(file)))

    assert found(key_file) == KEY
    key_file.chmod(0o644)
    with pytest.raises(UsageError, match="readable by others"):
        found(key_file)
    with pytest.raises(UsageError, match="cannot be read"):
        found(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="there is no key") as missing:
        found("")
    assert "key_file" in missing.value.hint
    monkeypatch.setenv("ANTHROPIC_API_KEY", "of the environment")
    assert found("") == "of the environment"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "anthropic").write_text("of systemd")
    (tmp_path / "anthropic").chmod(0o400)
    assert found("") == "of systemd"


def test_how_long_a_server_asks_to_wait() -> None:
    assert retry_after(None) is None
    assert retry_after("soon") is None
    assert retry_after("2.5") == 2.5
    assert retry_after("-3") == 0.0
    later = retry_after(formatdate(time.time() + 60, usegmt=True))
    assert later is not None
    assert 55 < later < 61
