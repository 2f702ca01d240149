"""One attempt to tell a webhook something: noted before it leaves, sent where it may go.

No redirect is followed, no proxy is asked, and of an answer its status is all that counts.
"""

from __future__ import annotations

import asyncio
import email.utils
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import httpx

from voicectl import __version__
from voicectl.audit import Entry
from voicectl.errors import VoicectlError
from voicectl.webhook import Webhook
from voicectl_daemon.webhooks.addresses import addresses_of
from voicectl_daemon.webhooks.signing import headers, secrets_in

GONE = 410
MOST_SAID = 64 * 1024
SAID_SECONDS = 1.0
"""How much of an answer is waited for behind its status."""

Leave: TypeAlias = Callable[[str, str, str, str, bytes], Entry]
"""`voicectl.audit.Log.leave`."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent."""

    id: str
    call: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of it."""

    status: int | None
    """None when nobody answered."""
    text: str
    """One sentence, without any word of the answer."""
    hint: str = ""
    retry_after: float | None = None
    """Seconds that the receiver asks to wait."""

    @property
    def heard(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


class Post:
    """Sends messages, all on one loop."""

    def __init__(self, hosts: frozenset[str], leave: Leave) -> None:
        """`hosts` are those beyond private networks that may be sent to."""
        self._hosts = hosts
        self._leave = leave
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(),  # that of the system, where a site adds its own
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113, all of an attempt has one
            headers={
                "user-agent": f"voicectl/{__version__}",
                "content-type": "application/json",
                "connection": "close",
            },
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def send(self, hook: Webhook, message: Message) -> Answer:
        """Make one attempt; nothing is sent that cannot be noted."""
        try:
            async with asyncio.timeout(hook.timeout_seconds):
                secrets = secrets_in(Path(hook.secret_file))
                return await self._sent(hook, message, secrets)
        except TimeoutError:
            return Answer(None, f"no answer within {hook.timeout_seconds:g} s")
        except VoicectlError as error:
            return Answer(None, error.text, error.hint)
        except httpx.HTTPError as error:
            return Answer(None, _why(error))
        except OSError as error:
            return Answer(None, f"{hook.host} cannot be found: {error.strerror}")

    async def _sent(self, hook: Webhook, message: Message, secrets: list[bytes]) -> Answer:
        addresses = await addresses_of(hook, self._hosts)
        for address in addresses[:-1]:
            try:
                return await self._to(address, hook, message, secrets)
            except httpx.ConnectError:
                continue
        return await self._to(addresses[-1], hook, message, secrets)

    async def _to(
        self, address: str, hook: Webhook, message: Message, secrets: list[bytes]
    ) -> Answer:
        url = httpx.URL(hook.url)
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=message.body,
            headers={
                "host": url.netloc.decode(),
                **headers(message.id, time.time(), message.body, secrets),
            },
            extensions={"sni_hostname": hook.host},
        )
        entry = self._leave("webhook", hook.name, message.call or "", hook.host, message.body)
        status = "broken off"
        try:
            response = await self._client.send(request, stream=True)
            status = str(response.status_code)
            await _heard_out(response)
            return _answer(response)
        except httpx.HTTPError as error:
            status = type(error).__name__
            raise
        finally:
            entry.ended(status)


async def _heard_out(response: httpx.Response) -> None:
    """Take what else a receiver says, which would be hung up on otherwise; but not without end."""
    left = MOST_SAID
    try:
        async with asyncio.timeout(SAID_SECONDS):
            async for piece in response.aiter_raw():
                left -= len(piece)
                if left < 0:
                    break
    except (httpx.HTTPError, TimeoutError):
        pass  # the status is known
    finally:
        await response.aclose()


def _answer(response: httpx.Response) -> Answer:
    status = response.status_code
    text = f"the receiver answered {status}"
    if status == GONE:
        text += ", gone"
    elif response.is_redirect:
        text += ", and redirects are not followed"
    return Answer(status, text, retry_after=retry_after(response.headers.get("retry-after")))


def retry_after(header: str | None) -> float | None:
    """Return the seconds that a receiver asks to wait; None when it does not say."""
    try:
        if header is None or header.isascii() and header.strip().isdigit():
            return None if header is None else float(header)
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _why(error: httpx.HTTPError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "nobody can be reached there"
    return "the receiver broke off, or does not speak HTTP"
