"""The language model `anthropic`: Anthropic's service, or a site's own gateway to it.

It leaves the premises. Every request is in the audit log before it is sent; it goes to the address
that the site's config names, follows no redirect, and is tried again when the service is busy,
broken or slow, until the time for the answer is over.
"""

from __future__ import annotations

import email.utils
import os
import random
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from voicectl.errors import RunnerFailed, UsageError, VoicectlError
from voicectl.generation import Leaving, ModelOptions, Outside, Prompt
from voicectl.runners import RunnerInfo

if TYPE_CHECKING:
    import httpx2

ADDRESS = "https://api.anthropic.com"
VARIABLE = "ANTHROPIC_API_KEY"
CREDENTIAL = "anthropic"
"""The key's name among what systemd's `LoadCredential=` gives a service."""
CONTEXT = 150_000
"""Tokens; every model of the service holds more."""
TOOL = "answer"
ATTEMPTS = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds between two attempts; each pause is twice the one before it, less a random part."""
PAUSE_PIECE = 0.5
"""Seconds after which a pause looks whether the answer is still wanted."""
CONNECT_SECONDS = 10.0
LARGEST = 4 << 20
"""Bytes of a response."""
BUSY = frozenset({408, 409, 429})
"""Statuses that pass, besides those from 500 upwards; 529 is Anthropic's `overloaded`."""
REFUSED = frozenset({401, 403})


class Anthropic:
    """Keeps the promises of `voicectl.generation.LanguageModel`."""

    info: ClassVar[RunnerInfo] = RunnerInfo(
        name="anthropic", task="write", licence="service", leaves_premises=True
    )
    context = CONTEXT

    def __init__(
        self, file: str, name: str, options: ModelOptions, outside: Outside | None
    ) -> None:
        """Load the client; nothing is sent."""
        import anthropic

        assert outside is not None  # noqa: S101, it leaves
        self.model = name
        self._outside = outside
        self._library: Any = anthropic
        self._line = _Line(outside)
        self._key = key(outside)

    def _client(self) -> Any:
        """Return a client; every answer has its own, so that no connection stays open."""
        hooks = {"request": [self._line.sending], "response": [self._line.coming]}
        transport = self._library.DefaultHttpxClient(event_hooks=hooks, follow_redirects=False)
        return self._library.Anthropic(
            api_key=self._key,
            base_url=self._outside.base_url or ADDRESS,
            max_retries=0,
            http_client=transport,
        )

    @classmethod
    def check(cls, outside: Outside) -> None:
        """Look for the key."""
        key(outside)

    def answer(self, prompt: Prompt, heed: Callable[[], None]) -> str:
        """Return what the service answers, after as many attempts as there is time for."""
        with self._client() as client:
            return self._answer(client, prompt, heed)

    def _answer(self, client: Any, prompt: Prompt, heed: Callable[[], None]) -> str:
        end = time.monotonic() + prompt.seconds
        for attempt in range(ATTEMPTS):
            heed()
            self._line.begin(prompt.call, end)
            try:
                return self._asked(client, prompt, max(0.1, end - time.monotonic()))
            except self._library.APIError as error:
                failed = self._line.why(error) or error
                wanted = self._pause(failed, attempt)
            if wanted is None or time.monotonic() + wanted > end or attempt == ATTEMPTS - 1:
                raise self._failure(failed) from failed
            _wait(wanted, heed)
        raise AssertionError("the last attempt returns or raises")

    def _asked(self, client: Any, prompt: Prompt, seconds: float) -> str:
        import httpx2

        messages: list[dict[str, str]] = [{"role": "user", "content": prompt.material}]
        for answer, wrong in prompt.tries:
            messages.append({"role": "assistant", "content": answer})
            messages.append({"role": "user", "content": wrong})
        schema = {key: value for key, value in prompt.schema.items() if key != "$schema"}
        raw = client.messages.with_raw_response.create(
            model=self.model,
            max_tokens=prompt.tokens,
            system=prompt.instruction,
            messages=messages,
            tools=[{"name": TOOL, "description": "Keeps the answer.", "input_schema": schema}],
            tool_choice={"type": "tool", "name": TOOL},
            timeout=httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
        )
        return _told(raw.http_response.content)

    def _pause(self, error: Exception, attempt: int) -> float | None:
        """Return how long to wait before the next attempt; None when there is no use in one."""
        if isinstance(error, self._library.APIStatusError):
            if error.status_code < 500 and error.status_code not in BUSY:
                return None
            asked: float | None = retry_after(error.response.headers.get("retry-after"))
            if asked is not None:
                return asked
        elif not isinstance(error, self._library.APIConnectionError):
            return None
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
        return float(longest * (0.5 + random.random() / 2))  # noqa: S311, no secret hangs on it

    def _failure(self, error: Exception) -> VoicectlError:
        """Return what went wrong in words; never those of the service, which may quote the call."""
        host = self._line.host
        if isinstance(error, VoicectlError):
            return error
        if isinstance(error, self._library.APITimeoutError):
            return RunnerFailed(f"{host} did not answer in time")
        if not isinstance(error, self._library.APIStatusError):
            return RunnerFailed(f"{host} cannot be reached, or broke off its answer")
        if error.status_code in REFUSED:
            return RunnerFailed(
                f"{host} refused the key of '{self.info.name}' ({error.status_code})",
                hint=f"put the right one in {VARIABLE}, or in the key_file of "
                f"[premises.services.{self.info.name}] in voicectl.toml",
            )
        if error.status_code == 404:
            return RunnerFailed(f"{host} knows no model '{self.model}' (404)")
        return RunnerFailed(f"{host} gave no answer (status {error.status_code})")


class _Line:
    """What goes out and comes in, seen by the client's own hooks."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._call = ""
        self._end = 0.0
        self._entry: Leaving | None = None
        self.host = "the service"

    def begin(self, call: str, end: float) -> None:
        """Begin an attempt."""
        self._call, self._end, self._entry = call, end, None

    def sending(self, request: httpx2.Request) -> None:
        """Note a request before it leaves; what cannot be noted does not leave."""
        self.host = request.url.host
        self._entry = self._outside.leave(self._call, request.url.host, request.content)

    def coming(self, response: httpx2.Response) -> None:
        """Note that there is an answer, and see that it has an end."""
        self._ended(str(response.status_code))
        response.stream = _ending(response.stream, self._end)

    def why(self, error: Exception) -> VoicectlError | None:
        """Return our own reason why a request failed, if there is one; and note how it ended."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, VoicectlError):
                return cause
            cause = cause.__cause__
        self._ended(type(error).__name__)
        return None

    def _ended(self, status: str) -> None:
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.ended(status)


def _ending(stream: Any, end: float) -> Any:
    """Return a response that breaks off when it is too long or takes too long."""
    import httpx2

    class Ending(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            length = 0
            for piece in stream:
                length += len(piece)
                if length > LARGEST or time.monotonic() > end:
                    raise RunnerFailed("the answer of the service has no end")
                yield piece

        def close(self) -> None:
            stream.close()

    return Ending()


def _told(content: bytes) -> str:
    """Return what the tool was given; any other answer as it is, for the reader to refuse."""
    import msgspec

    from voicectl import parse

    try:
        message = parse.json(content, dict[str, Any])
        for block in message["content"]:
            if block.get("type") == "tool_use":
                return msgspec.json.encode(block["input"]).decode()
        return "".join(block.get("text", "") for block in message["content"])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        return content[:1000].decode(errors="replace")


def key(outside: Outside) -> str:
    """Return the site's key. Raises `UsageError` when there is none, or everybody can read it."""
    places = [Path(outside.key_file)] if outside.key_file else []
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and not places and (Path(folder) / CREDENTIAL).is_file():
        places = [Path(folder) / CREDENTIAL]
    if places:
        return _read(places[0])
    if found := os.environ.get(VARIABLE, "").strip():
        return found
    raise UsageError(
        "there is no key for 'anthropic'",
        hint=f"put it in {VARIABLE} for the daemon, or in a file that voicectl.toml names:"
        '  [premises.services.anthropic]  key_file = "..."',
    )


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            others = os.fstat(opened.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO)
            found = opened.read(4096).decode(errors="replace").strip()
    except OSError as error:
        raise UsageError(f"the key file {file} cannot be read: {error.strerror}") from error
    if others & ~stat.S_IRGRP or not found.isascii() or not found:
        what = "is readable by others" if found else "is empty"
        raise UsageError(f"the key file {file} {what}", hint=f"chmod 600 {file}")
    return found


def retry_after(header: str | None) -> float | None:
    """Return the seconds that a server asks to wait; None when it does not say."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def _wait(seconds: float, heed: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        heed()
        time.sleep(min(left, PAUSE_PIECE))
