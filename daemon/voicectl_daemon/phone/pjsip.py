"""The only import of pjsua2: one endpoint, its account, its calls.

Everything happens on the thread that calls `poll`, but for sound, which comes and
goes on the library's own clock. What the library calls back must not raise: it
would abort. So it does when objects go that its clock looks at, or in another order
than it likes: but for calls that are over, they stay as long as the process.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import pjsua2 as pj

from voicectl.errors import ConfigError
from voicectl.sip import MOST_CALLS, RTP_PORTS, Sip
from voicectl_daemon import unforeseen

RATE = 16_000
"""Hertz, of all sound in this process; calls of 8,000 are brought to it."""
FRAME_SECONDS = 0.02
FRAME_BYTES = 2 * round(RATE * FRAME_SECONDS)
FORBIDDEN, BUSY, BROKEN, UNAVAILABLE = 403, 486, 500, 503
BEST = 200
"""Priority of the first codec."""
RETRY_SECONDS = 10
"""Before an account that could not be registered is registered again."""
LATEST_SECONDS = 3.0
"""Sound that waits longer for its turn is lost. Nobody talks back, so it may be late: with the
library's half a second, a machine with much to do lost what came meanwhile."""
KEEP_ALL = 0
"""`PJMEDIA_JB_DISCARD_NONE`, a name that Python is not given."""
_CODECS = {"G722": "G722/16000/1", "PCMU": "PCMU/8000/1", "PCMA": "PCMA/8000/1"}
"""As the library calls them."""
_WAYS = {
    "udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP, "tls": pj.PJSIP_TRANSPORT_TLS,
}  # fmt: skip
_SRTP = {
    "off": pj.PJMEDIA_SRTP_DISABLED,
    "optional": pj.PJMEDIA_SRTP_OPTIONAL,
    "required": pj.PJMEDIA_SRTP_MANDATORY,
}

log = logging.getLogger(__name__)

_kept: list[object] = []
"""What stays."""

Heard: TypeAlias = Callable[[bytes], None]
"""Takes a frame of signed linear sound; called on another thread."""
Sound: TypeAlias = pj.AudioMedia
"""Both ways of a call's sound."""


class Ear(pj.AudioMediaPort):  # type: ignore[misc]  # the library has no types
    """What hears one call, and says nothing to it."""

    def __init__(self) -> None:
        super().__init__()
        _kept.append(self)
        self.heard: Heard | None = None
        self._silence = pj.ByteVector(bytes(FRAME_BYTES))
        form = pj.MediaFormatAudio()
        form.init(pj.PJMEDIA_FORMAT_L16, RATE, 1, round(FRAME_SECONDS * 1e6), 16)
        self.createPort("ear", form)

    def onFrameReceived(self, frame: pj.MediaFrame) -> None:
        """Pass on what is heard."""
        heard = self.heard
        if heard is not None and frame.type == pj.PJMEDIA_FRAME_TYPE_AUDIO:
            heard(bytes(frame.buf))

    def onFrameRequested(self, frame: pj.MediaFrame) -> None:
        """Say nothing, aloud: where no packets come, others take a call for dead."""
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
        frame.buf = self._silence
        frame.size = FRAME_BYTES


class Call(pj.Call):  # type: ignore[misc]  # the library has no types
    """One call; used by the thread that polls."""

    def __init__(
        self, account: Account, number: int = pj.PJSUA_INVALID_ID, source: str = ""
    ) -> None:
        super().__init__(account, number)
        self.source = source
        """Address and port from where it came."""
        self.answered: Callable[[], None] = _ignored
        self.pressed: Callable[[str], None] = _ignored
        self.over: Callable[[], None] = _ignored
        self.held = False
        """True while the other side has put us on hold, and says nothing."""
        self.status = 0
        """With which it ended; 0 until then."""
        self.talks: Callable[[Sound], None] = _ignored
        """Is given its sound whenever there is a new one."""

    def go(self) -> None:
        """Be no more, now: whenever the last one forgets it, another call may have its number."""
        self.answered = self.pressed = self.over = self.talks = _ignored
        pj.Call.__swig_destroy__(self)

    def say(self, code: int) -> None:
        """Answer it; 300 and above refuse it."""
        asked = pj.CallOpParam()
        asked.statusCode = code
        with _survived("a call could not be answered"):
            if not self.status:
                self.answer(asked)

    def end(self) -> None:
        """Hang up. Who is not answered yet hears that it is worth to try elsewhere."""
        asked = pj.CallOpParam()
        asked.statusCode = UNAVAILABLE
        with _survived("a call could not be ended"):
            if not self.status:
                self.hangup(asked)

    @property
    def packets(self) -> tuple[int, int]:
        """How many packets of sound were sent, and received."""
        with _survived("a call could not be asked how it goes"):
            if self.status or not self.hasMedia():
                return 0, 0
            found = self.getStreamStat(0).rtcp
            return int(found.txStat.pkt), int(found.rxStat.pkt)
        return 0, 0

    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        """See whether it is up, or over."""
        with _survived("unexpected at a call"):
            info = self.getInfo()
            if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
                self.answered()
            if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
                self.status = int(info.lastStatusCode) or UNAVAILABLE

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:
        """Give out its sound."""
        with _survived("unexpected at the sound of a call"):
            info = self.getInfo()  # kept: its list of media is freed with it
            for number in range(len(info.media)):
                media = info.media[number]
                if media.type == pj.PJMEDIA_TYPE_AUDIO:
                    self.held = media.status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD
                    if media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                        self.talks(self.getAudioMedia(number))

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:
        """Tell of a key."""
        with _survived("unexpected at a key"):
            self.pressed(str(prm.digit))


class Player(pj.AudioMediaPlayer):  # type: ignore[misc]  # the library has no types
    """Says what is in a WAV file, once."""

    def __init__(self, path: str) -> None:
        super().__init__()
        _kept.append(self)
        self.createPlayer(path, pj.PJMEDIA_FILE_NO_LOOP)


class Account(pj.Account):  # type: ignore[misc]  # the library has no types
    """Who we are."""

    def __init__(
        self,
        endpoint: Endpoint,
        rings: Callable[[Call], None],
        registered: Callable[[int, str], None],
    ) -> None:
        super().__init__()
        _kept.append(self)
        self._endpoint, self._rings, self._registered = endpoint, rings, registered

    def leave(self) -> None:
        """Be registered no more."""
        with _survived("the account could not be signed off"):
            self.setRegistration(False)

    def dial(self, number: str) -> Call:
        """Call somebody. Raises `ConfigError` for what is no address."""
        call = Call(self)
        try:
            call.makeCall(number, pj.CallOpParam(True))
        except pj.Error as error:
            raise ConfigError(f"{number} cannot be called: {error.reason}") from error
        self._endpoint.calls.add(call)
        return call

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:
        """Tell of a call."""
        with _survived("unexpected at a call that comes in"):
            call = Call(self, prm.callId, str(prm.rdata.srcAddress))
            self._endpoint.calls.add(call)
            with _survived("unexpected at a call that rings"):
                self._rings(call)
                return
            call.say(BROKEN)

    def onRegState(self, prm: pj.OnRegStateParam) -> None:
        """Tell whether the account is registered, and if not, why."""
        with _survived("unexpected at a registration"):
            self._registered(int(prm.code), str(prm.reason))


class Endpoint(pj.Endpoint):  # type: ignore[misc]  # the library has no types
    """The telephone; one a process."""

    def __init__(self, sip: Sip, full: Callable[[], None]) -> None:
        """Be ready to make and take calls. `full` is told of a call that there is no room for."""
        super().__init__()
        _kept.append(self)
        self._sip, self._full = sip, full
        self.calls: set[Call] = set()
        """All that are not over."""
        self._over: list[Call] = []
        self._transport = -1
        with _nothing_printed():
            self.libCreate()
        self.libInit(_settings())
        self.audDevManager().setNullDev()
        for codec in self.codecEnum2():
            self.codecSetPriority(codec.codecId, 0)
        for place, name in enumerate(sip.codecs):
            self.codecSetPriority(_CODECS[name], BEST - place)
        self.ears = [Ear() for _ in range(MOST_CALLS)]

    def listen(self, host: str, port: int) -> int:
        """Take calls there, and return the port. Raises `ConfigError`."""
        sip, wanted = self._sip, pj.TransportConfig()
        wanted.boundAddress, wanted.port = host, port
        wanted.tlsConfig.certFile, wanted.tlsConfig.privKeyFile = sip.certificate_file, sip.key_file
        wanted.tlsConfig.CaListFile = sip.authority_file
        wanted.tlsConfig.verifyServer = bool(sip.authority_file)
        wanted.tlsConfig.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_2
        try:
            self._transport = self.transportCreate(_WAYS[sip.over], wanted)
            self.libStart()
        except pj.Error as error:
            raise ConfigError(f"{error.reason}") from error
        return int(self.transportGetInfo(self._transport).localAddress.rpartition(":")[2])

    def be(self, account: Account, host: str, password: str) -> None:
        """Be somebody; from then on there are calls. Raises `ConfigError`."""
        try:
            account.create(self._identity(host, password))
        except pj.Error as error:
            raise ConfigError(f"it cannot be {self._sip.account}: {error.reason}") from error

    def poll(self) -> None:
        """Do what is to be done, and tell of calls that are over."""
        self.libHandleEvents(0)
        # Not before: until then the library is at work with them, and they must not be gone.
        for call in [call for call in self.calls if call.status]:
            self.calls.discard(call)
            self._over.append(call)
            call.over()
        if not self._over:
            return
        # One that goes hangs up on whoever has its number by then: it waits until nobody has.
        taken = {call.getId() for call in self.calls}
        for call in [call for call in self._over if call.getId() not in taken]:
            self._over.remove(call)
            call.go()

    def onRejectedIncomingCall(self, prm: pj.OnRejectedIncomingCallParam) -> None:
        """Tell of a call that the library has refused by itself."""
        with _survived("unexpected at a call without room"):
            self._full()

    def _identity(self, host: str, password: str) -> pj.AccountConfig:
        sip, found = self._sip, pj.AccountConfig()
        found.idUri = sip.account or f"sip:voicectl@{host}"
        found.sipConfig.transportId = self._transport
        found.mediaConfig.transportConfig.boundAddress = host
        found.mediaConfig.transportConfig.port = sip.rtp_port
        found.mediaConfig.transportConfig.portRange = RTP_PORTS - 1 if sip.rtp_port else 0
        found.mediaConfig.srtpUse = _SRTP[sip.srtp]
        found.mediaConfig.srtpSecureSignaling = 1 if sip.over == "tls" else 0
        if sip.account:
            scheme, _, rest = sip.account.partition(":")
            user, _, where = rest.partition("@")
            found.regConfig.registrarUri = f"{scheme}:{where};transport={sip.over}"
            found.regConfig.retryIntervalSec = RETRY_SECONDS
            found.regConfig.firstRetryIntervalSec = RETRY_SECONDS
            found.sipConfig.authCreds.append(
                pj.AuthCredInfo("digest", "*", sip.user or user, 0, password)
            )
        return found


def _settings() -> pj.EpConfig:
    found = pj.EpConfig()
    found.uaConfig.threadCnt = 0
    found.uaConfig.mainThreadOnly = True
    found.uaConfig.maxCalls = MOST_CALLS
    found.uaConfig.userAgent = "voicectl"
    # Its log has numbers of callers, and what they dial.
    found.logConfig.level = found.logConfig.consoleLevel = 0
    found.medConfig.clockRate = RATE
    found.medConfig.audioFramePtime = round(FRAME_SECONDS * 1000)
    found.medConfig.noVad = True
    found.medConfig.jbMax = round(LATEST_SECONDS * 1000)
    _keep_all(found.medConfig)
    return found


def _keep_all(config: pj.MediaConfig) -> None:
    """Throw away no sound that waits so that what follows is sooner, as two that talk want it.

    Python can write this setting only as JSON.
    """
    written, read = pj.JsonDocument(), pj.JsonDocument()
    written.writeObject(config)
    fields = json.loads(written.saveString())
    fields["MediaConfig"]["jbDiscardAlgo"] = KEEP_ALL
    read.loadString(json.dumps(fields))
    read.readObject(config)


def _ignored(*_told: object) -> None:
    """Nobody wants to know yet."""


@contextmanager
def _survived(what: str) -> Iterator[None]:
    """Go on whatever goes wrong: the library aborts when it is told of it."""
    with unforeseen.survived(log, what):
        try:
            yield
        except pj.Error as error:
            log.warning("%s: %s", what, error.reason)


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Let nothing come out: the library prints before it can be told not to."""
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
