"""The telephone of one line: answers calls, and brings their sound to the media process.

    python -m voicectl_daemon.phone DESCRIPTOR

It leaves when the daemon does, and hangs up as it goes. While nobody would listen,
callers hear an error of SIP, and their telephone system sends them elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import sys
import time
from collections.abc import Coroutine
from functools import partial

from voicectl import parse
from voicectl.errors import ConfigError
from voicectl.sip import MOST_CALLS, Sip
from voicectl_daemon import parent
from voicectl_daemon.media.line import Deaf, Drain, Listening, Pulse
from voicectl_daemon.parent import Parent
from voicectl_daemon.phone import line, pjsip
from voicectl_daemon.phone.conversation import Conversation

POLL_SECONDS = 0.01
FAREWELL_SECONDS = 0.5
AGAIN_SECONDS = 3.0
"""How often it gives a sign of life, tidies up, and tries to join."""
RINGING, ANSWERED = 180, 200
_orders: parse.Decoder[line.Order] = parse.decoder(line.Order)

log = logging.getLogger(__name__)


class Phone:
    """Everything this process does, on one loop."""

    def __init__(self, daemon: Parent[line.Order, line.Report], begin: line.Begin) -> None:
        """Make ready; nobody is answered yet."""
        self._daemon = daemon
        self._tell = daemon.tell
        self._line, self._password = begin.line, begin.password
        self._sip = begin.line.sip or Sip()
        self._media = 0
        self._draining = False
        self._up: set[Conversation] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._endpoint = pjsip.Endpoint(self._sip, self._no_room)
        self._account = pjsip.Account(self._endpoint, self._rings, self._registered)
        self._free = list(self._endpoint.ears)
        self._port = 0
        self._is_known = not self._sip.account
        """True when calls can be made: an account must be registered first."""
        self._waits = bool(self._sip.account)
        self._joined: dict[str, Conversation] = {}
        self._again = time.monotonic() + AGAIN_SECONDS
        self._left_with = ANSWERED

    async def run(self) -> None:
        """Be a telephone until the daemon leaves, or when it wants no more until the last call."""
        try:
            self._port = self._endpoint.listen(self._line.host, self._line.port)
            self._endpoint.be(self._account, self._line.host, self._password)
        except ConfigError as error:
            self._tell(Deaf(self._line.name, error.text))
            await self._daemon.told()
            return
        if not self._sip.account:
            self._tell(Listening(self._line.name, self._line.host, self._port))
        orders = asyncio.create_task(self._obey())
        while not (orders.done() or (self._draining and not self._up)):
            self._endpoint.poll()
            now = time.monotonic()
            for conversation in self._up:
                conversation.look(now)
            if now > self._again:
                self._tell(Pulse(len(self._up), 0.0))
                self._look_at_account()
                self._again = now + AGAIN_SECONDS
                gc.collect()
                self._join()
            await asyncio.sleep(POLL_SECONDS)
        await self._leave()

    async def _obey(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                order = await self._daemon.order()
                if isinstance(order, line.Bring):
                    self._media = order.port
                elif isinstance(order, Drain):
                    self._draining = True
                    for conversation in self._joined.values():
                        conversation.call.end()  # it would not end by itself

    def _look_at_account(self) -> None:
        """Say after a while that nobody says whether it is registered: it may take a minute."""
        if self._waits:
            self._waits = False
            self._tell(Deaf(self._line.name, "whoever it registers with has not answered yet"))

    def _registered(self, code: int, reason: str) -> None:
        if not self._sip.account:
            return
        self._waits = False
        self._is_known = code == ANSWERED
        if self._is_known:
            self._tell(Listening(self._line.name, self._line.host, self._port))
        else:
            self._tell(Deaf(self._line.name, f"the account is not registered: {code} {reason}"))

    def _rings(self, call: pjsip.Call) -> None:
        if not self._line.welcomes(call.source.rpartition(":")[0].strip("[]")):
            self._refuse(call, pjsip.FORBIDDEN, "it is not among those that may call")
        elif self._draining:
            self._refuse(call, pjsip.UNAVAILABLE, "no more calls are taken")
        elif len(self._up) >= self._line.holds:
            self._refuse(call, pjsip.BUSY, f"there are {len(self._up)} calls already")
        else:
            conversation = self._begun(call)
            call.say(RINGING)
            self._later(self._connect(conversation))

    def _begun(self, call: pjsip.Call) -> Conversation:
        conversation = Conversation(call, self._free.pop(), self._is_over)
        self._up.add(conversation)
        return conversation

    def _later(self, doing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _join(self) -> None:
        """Call what is to be joined and is not, when there is room, and somebody who listens."""
        if self._draining or not (self._media and self._is_known):
            return
        for number in self._sip.join:
            if number not in self._joined and len(self._up) < self._line.holds:
                try:
                    call = self._account.dial(number)
                except ConfigError as error:
                    log.warning("the line '%s': %s", self._line.name, error.text)
                    continue
                self._joined[number] = conversation = self._begun(call)
                call.answered = partial(self._is_joined, conversation)

    def _is_joined(self, conversation: Conversation) -> None:
        self._later(self._listen(conversation))

    async def _listen(self, conversation: Conversation) -> None:
        """Hang up on what was joined when nobody listens to it."""
        if not await conversation.is_taken(self._media) and conversation.up:
            conversation.call.end()

    async def _connect(self, conversation: Conversation) -> None:
        """Answer a call when somebody listens to it."""
        if await conversation.is_taken(self._media):
            conversation.call.say(ANSWERED)
        elif conversation.up:
            self._refuse(conversation.call, pjsip.UNAVAILABLE, "nobody could listen to it")

    def _refuse(self, call: pjsip.Call, code: int, why: str) -> None:
        self._tell(line.Refused(self._line.name, code, why))
        call.say(code)

    def _no_room(self) -> None:
        why = f"there are {MOST_CALLS} calls already, and the library holds no more"
        self._tell(line.Refused(self._line.name, pjsip.BUSY, why))

    def _is_over(self, conversation: Conversation) -> None:
        self._up.discard(conversation)
        self._free.append(conversation.ear)
        for number, joined in tuple(self._joined.items()):
            if joined is conversation:
                del self._joined[number]
                self._is_left(conversation.call.status)

    def _is_left(self, status: int) -> None:
        if status != self._left_with:
            log.warning(
                "the line '%s' is not where it should join: SIP %d", self._line.name, status
            )
        self._left_with = status

    async def _leave(self) -> None:
        """Hang up, and register no more."""
        for ear in self._endpoint.ears:
            ear.heard = None  # the loop will be gone before the clock of sound
        for conversation in tuple(self._up):
            conversation.call.end()
        if self._sip.account and self._is_known:
            self._account.leave()
        loop = asyncio.get_running_loop()
        end = loop.time() + FAREWELL_SECONDS
        while loop.time() < end:
            self._endpoint.poll()
            await asyncio.sleep(POLL_SECONDS)


async def serve(descriptor: int) -> None:
    """Serve the line whose descriptor is given."""
    daemon = await Parent[line.Order, line.Report].at(descriptor, _orders)
    begin = await daemon.order()
    if not isinstance(begin, line.Begin):
        raise TypeError("the daemon does not say what to do")
    await Phone(daemon, begin).run()


def main() -> None:
    """Serve the line whose descriptor is the first argument."""
    parent.begin("phone")
    # What is left over would be taken apart on any thread, and calls must not go on that of sound.
    gc.disable()
    asyncio.run(serve(int(sys.argv[1])))
    # Not by the end of the program: the library aborts when its objects are taken apart.
    os._exit(0)


if __name__ == "__main__":
    main()
