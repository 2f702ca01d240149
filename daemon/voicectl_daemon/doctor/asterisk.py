"""The site's Asterisk: whether it answers, is new enough, and has what voicectl needs of it.

It is asked over its REST interface where the config names one, and at its
console where the command is on this machine. Nothing is changed in it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeAlias

import msgspec
import psutil

from voicectl import config as configuration
from voicectl import parse
from voicectl.asterisk import TRANSPORTS
from voicectl.asterisk.settings import Asterisk
from voicectl.health import Finding
from voicectl.lines import Listen
from voicectl_daemon.doctor import Patient, ok, problem, warning
from voicectl_daemon.live.ari import ANSWER_SECONDS, Ari, Refused, Unreachable

FLOOR = (22, 10, 1)
"""Below it one NOTIFY from anybody stops SIP until a restart (CVE-2026-57191)."""
FEATURES: dict[str, dict[int, int]] = {
    "chan_websocket": {20: 16, 21: 11, 22: 6, 23: 0},
    "JSON of chan_websocket": {20: 18, 22: 8, 23: 2},
    "AudioSocket at more than 8 kHz": {20: 17, 21: 12, 22: 7, 23: 1},
}
"""By branch, the first version that has it; branches in between never had it, later ones do."""
MODULES = {
    "audiosocket": (
        "res_audiosocket", "chan_audiosocket", "app_chanspy", "app_originate", "app_dial",
        "app_stack", "func_uuid",
    ),
    "websocket": (
        "res_http_websocket", "res_websocket_client", "chan_websocket", "app_chanspy",
        "app_originate", "app_dial", "app_stack", "func_uuid", "func_uri", "func_callerid",
    ),
    "ari": (
        "res_http_websocket", "res_stasis", "res_stasis_snoop", "res_ari", "res_ari_asterisk",
        "res_ari_bridges", "res_ari_channels", "res_ari_events", "res_audiosocket",
        "chan_audiosocket", "app_userevent", "app_stack", "func_channel",
    ),
    "uid": ("res_agi", "app_chanspy", "app_originate", "app_stack"),
}  # fmt: skip
"""By transport, what the dialplan that `voicectl asterisk config` prints is made of."""
CONFIG = "voicectl asterisk config"


@dataclass(frozen=True, slots=True)
class _Facts:
    version: str
    modules: frozenset[str]
    """Those that run."""


_Answer: TypeAlias = _Facts | Finding


class _System(msgspec.Struct):
    version: str


class _Info(msgspec.Struct):
    system: _System


class _Module(msgspec.Struct):
    name: str
    status: str


def asterisk(patient: Patient) -> Iterator[Finding]:
    """Ask it in all ways that there are."""
    site = configuration.read(patient.config)
    settings = site.asterisk
    yield from _ports(site.listen)
    answers: dict[str, _Answer] = {}
    if settings.ari:
        answers["ari"] = _over_ari(settings)
        yield from _open_to_others(settings)
    if program := shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin"):
        answers["console"] = _at_console(program)
    for check, answer in answers.items():
        if isinstance(answer, Finding):
            yield answer
        else:
            yield ok(check, f"Asterisk {answer.version} answers")
    if not answers:
        text = "nobody can be asked: there is no command `asterisk` here, and no ari in [asterisk]"
        yield problem("asterisk", text, f"{CONFIG} --transport ari")
    facts = [answer for answer in answers.values() if isinstance(answer, _Facts)]
    if facts:
        yield from _version(facts[0].version)
        yield from _modules(facts[0].modules, _used(site.listen))
        yield from _clock(facts[0].modules)
    if program and isinstance(answers["console"], _Facts):
        yield _dialplan(program)
        yield from _strict(program)


# how it is asked


def _over_ari(settings: Asterisk) -> _Answer:
    """Ask for version and modules as the configured user."""
    remedy, asked = f"{CONFIG} --transport ari", Ari(settings)
    try:
        info = parse.json(asked.ask("GET", "asterisk", "info"), _Info)
        modules = parse.json(asked.ask("GET", "asterisk", "modules"), list[_Module])
    except Refused as error:
        return problem("ari", f"{settings.ari} says {error}", remedy)
    except Unreachable as error:
        return problem("ari", f"{settings.ari} does not answer: {error}", remedy)
    except msgspec.MsgspecError:
        return problem("ari", f"{settings.ari} is something else than Asterisk", remedy)
    runs = {each.name.removesuffix(".so") for each in modules if each.status == "Running"}
    return _Facts(info.system.version, frozenset(runs))


def _at_console(program: str) -> _Answer:
    said = _say(program, "core show version")
    if not (found := re.match(r"Asterisk (\S+) ", said)):
        why = said.strip().splitlines()[0] if said.strip() else "it says nothing"
        text = f"its console cannot be asked: {why}"
        return warning("console", text, "run it as root, or as the user that Asterisk runs as")
    modules = re.findall(r"^(\S+)\.so .* Running ", _say(program, "module show"), re.MULTILINE)
    return _Facts(found[1], frozenset(modules))


def _say(program: str, command: str) -> str:
    """Return what the console answers, or why it does not."""
    try:
        ran = subprocess.run(
            [program, "-n", "-rx", command],
            capture_output=True, text=True, errors="replace", check=False, timeout=ANSWER_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}\n"
    return ran.stdout or ran.stderr


# what it answers


def _open_to_others(settings: Asterisk) -> Iterator[Finding]:
    if not settings.password_file:
        text = "there is no password for its REST interface"
        yield problem("ari", text, "name its file as password_file in [asterisk]")
    if not settings.ari.startswith("https:") and not _is_here(settings.host):
        text = f"the password of {settings.ari} goes over the network for all to read"
        yield warning("ari", text, "use https, or a tunnel to this machine")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _version(said: str) -> Iterator[Finding]:
    number = re.match(r"\d+(\.\d+)*", said)
    if not number:
        text = f"'{said}' is no version that is known here; 22.10.1 or newer is needed"
        yield warning("version", text, "asterisk -rx 'core show version'")
        return
    have = tuple(map(int, number[0].split(".")))
    if have >= FLOOR:
        yield ok("version", number[0])
    elif have[0] == FLOOR[0]:
        text = f"{number[0]} can be made deaf to SIP by anybody who reaches it (CVE-2026-57191)"
        yield problem("version", text, "upgrade Asterisk to 22.10.1 or newer")
    else:
        text = f"{number[0]} is older than 22.10.1, and may be open to CVE-2026-57191"
        yield warning("version", text, "upgrade Asterisk to 22.10.1 or newer")
    for feature, first in FEATURES.items():
        if not _has(have, first):
            text = f"{number[0]} has no {feature}"
            yield warning("version", text, "upgrade Asterisk to 22.10.1 or newer")


def _has(have: tuple[int, ...], first: dict[int, int]) -> bool:
    branch, minor = (*have, 0)[:2]
    return branch > max(first) or (branch in first and minor >= first[branch])


def _used(listen: tuple[Listen, ...]) -> frozenset[str]:
    """Return the transports that the site's lines need; `auto` is one of two."""
    return frozenset(each.transport for each in listen) & frozenset(TRANSPORTS)


def _modules(run: frozenset[str], used: frozenset[str]) -> Iterator[Finding]:
    """See for each transport what its dialplan needs; a site uses one or two of them."""
    complete = []
    for transport in TRANSPORTS:
        if not (missing := [name for name in MODULES[transport] if name not in run]):
            complete.append(transport)
            continue
        text = f"calls cannot come by {transport}: {', '.join(missing)} does not run"
        loads = "; ".join(f"asterisk -rx 'module load {name}.so'" for name in missing)
        tell = problem if transport in used else warning
        yield tell("modules", text, f"{loads}; and see modules.conf")
    if complete:
        yield ok("modules", f"calls can come by {', '.join(complete)}")
    else:
        text = "calls can come in no way at all"
        yield problem("modules", text, "install Asterisk's modules, and see modules.conf")


def _clock(run: frozenset[str]) -> Iterator[Finding]:
    """Warn of timerfd, which forgets ticks that it missed: Asterisk throws sound away then.

    See decision 22.
    """
    if "res_timing_timerfd" in run:
        text = "whenever this machine stands still for moments, half seconds of calls are lost"
        remedy = "the clock res_timing_pthread in modules.conf: see docs/live-calls.md, Asterisk"
        yield warning("clock", text, remedy)


def _ports(listen: tuple[Listen, ...]) -> Iterator[Finding]:
    """See that somebody takes calls where Asterisk brings them."""
    if not listen:
        text = "the config has no [[listen]]: no calls are taken"
        yield warning("lines", text, "see docs/live-calls.md, Asterisk")
        return
    open_ports = {
        each.laddr.port
        for each in psutil.net_connections("tcp")
        if each.status == psutil.CONN_LISTEN and each.laddr
    }
    for line in listen:
        where = f"{line.host}:{line.port}"
        if line.transport == "sip":
            continue  # it is no line of Asterisk's, and not always of TCP
        if not line.port or line.port in open_ports:
            yield ok("lines", f"'{line.name}' takes calls on {where}")
        else:
            text = f"nobody takes calls on {where}, the line '{line.name}'"
            yield problem("lines", text, "voicectl serve")


def _dialplan(program: str) -> Finding:
    if "[ Context 'voicectl" in _say(program, "dialplan show"):
        return ok("dialplan", "it has a context for voicectl")
    return warning("dialplan", "no context for voicectl: no call is heard", CONFIG)


def _strict(program: str) -> Iterator[Finding]:
    """Without it, whoever reaches the ports of RTP speaks into calls, and hears them."""
    found = re.search(r"Strict RTP: +(\w+)", _say(program, "rtp show settings"))
    if found and found[1] == "No":
        text = "strict RTP is off: others can speak into calls"
        yield problem("rtp", text, "strictrtp = yes in rtp.conf; asterisk -rx 'module reload'")
