"""What a site decides, read once from `voicectl.toml`.

Every field has a default, so that the file is optional; an unknown key is
refused by name, because a misspelt setting that is silently ignored is worse
than none.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from voicectl import amounts, expressions, parse, sealing
from voicectl.asterisk.settings import Asterisk
from voicectl.cron import Times
from voicectl.errors import ConfigError
from voicectl.handwritten import content, nearest
from voicectl.lines import Alerts, Listen, Live
from voicectl.paths import site_folder
from voicectl.sip import Sip
from voicectl.webhook import Webhook

Seconds: TypeAlias = Annotated[float, Meta(gt=0)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
PARTS = ("direction", "agent", "caller", "left", "right")
"""What a file name may tell: the direction, the parties, and who speaks on which channel."""

LAST_PORT = 65_535
_ADDRESS = re.compile(r"(\[(?P<v6>[0-9a-fA-F:]+)\]|(?P<host>[^\s:\[\]]+)):(?P<port>[0-9]{1,5})")
LARGEST = 1024 * 1024
"""Bytes of the file."""


class Workers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The processes that own models."""

    count: Annotated[int, Meta(ge=1, le=64)] = 1
    """How many work side by side; each loads its own models."""
    lease_seconds: Seconds = 60.0
    """How long a task stays claimed without a sign of life."""
    stall_seconds: Seconds = 600.0
    """A worker that makes no progress for this long is stopped."""
    step_seconds: Seconds = 600.0
    """A step of a recipe that says no `time_limit` of its own is stopped after this long..."""
    step_times: Seconds = 30.0
    """...and so many times the length of the recording besides."""
    attempts: Annotated[int, Meta(ge=1)] = 3
    """How often a recording may take its worker down before it is tried once alone."""
    keep_alive: float | str = "15m"
    """How long a worker with nothing to do keeps its models: seconds, or text such as `"1h30m"`;
    0 lets them go at once, anything below never."""
    memory_limit: int | str = 0
    """A worker that holds more after its work is replaced by a fresh one: bytes, or text such as
    `"2GB"`; 0 is no limit."""

    def __post_init__(self) -> None:
        _ = self.idle_seconds, self.memory_bytes

    @property
    def idle_seconds(self) -> float | None:
        """`keep_alive` in seconds; None when models stay for ever."""
        seconds = amounts.seconds(self.keep_alive, "keep_alive")
        return None if seconds < 0 else seconds

    @property
    def memory_bytes(self) -> int | None:
        """`memory_limit` in bytes; None when there is none."""
        size = amounts.size(self.memory_limit, "memory_limit")
        if size < 0:
            raise ValueError(f"memory_limit cannot be `{self.memory_limit}`; 0 is no limit")
        return size or None


class Daemon(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The process that keeps the books."""

    linger_seconds: Seconds = 10.0
    """How long a daemon started on demand stays when it has nothing to do."""
    drain_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 30.0
    """How long a service that is told to stop waits for the calls that are up."""
    socket_group: str | None = None
    """Members of this group may use the socket too; else only its owner."""
    metrics: str = ""
    """Address and port, such as `"127.0.0.1:9108"`, at which a service has `/metrics` and `/health`
    and nothing else, without a key; empty: only the socket has them. Port 0 takes a free one."""

    def __post_init__(self) -> None:
        _ = self.metrics_at

    @property
    def metrics_at(self) -> tuple[str, int] | None:
        """`metrics` as address and port; None when there is none."""
        if not self.metrics:
            return None
        found = _ADDRESS.fullmatch(self.metrics)
        if not found or int(found["port"]) > LAST_PORT:
            raise ValueError(
                f"metrics is an address and a port, such as 127.0.0.1:9108, not '{self.metrics}'"
            )
        return found["v6"] or found["host"], int(found["port"])


class Roles(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who speaks on which channel: a rule for all calls, and what their file names tell.

    `--channel-names` of a command wins over all of it.
    """

    channels: tuple[Name, ...] = ()
    """Speakers of the channels from the left, such as `["agent", "caller"]`."""
    swapped: Literal["inbound", "outbound"] | None = None
    """Calls of this direction have the first two channels the other way round."""
    file_name: str | None = None
    """A regular expression of RE2, searched in the file name, with some of the groups `PARTS`."""
    inbound: tuple[Name, ...] = ("inbound", "incoming", "in")
    """What the group `direction` may match, upper and lower case alike."""
    outbound: tuple[Name, ...] = ("outbound", "outgoing", "out")

    def __post_init__(self) -> None:
        """Refuse an expression that cannot be used."""
        if self.file_name is None:
            return
        try:
            groups = set(expressions.compiled(self.file_name).groupindex)
        except ValueError as error:
            raise ValueError(f"file_name is no regular expression: {error}") from error
        if not groups or groups - set(PARTS):
            strange = ", ".join(sorted(groups - set(PARTS))) or "none"
            raise ValueError(
                f"file_name has the named groups: {strange}; it may have: {', '.join(PARTS)}"
            )


class Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The words of the site; both are read anew for every job, from the config file on."""

    file: str | None = None
    """Terms to listen for, one a line."""
    replacements: str | None = None
    """Rules for what is written wrong: `[[replace]]` tables."""


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A service on another machine that a runner talks to."""

    base_url: Annotated[str, Meta(pattern=r"^(https?://\S+)?$")] = ""
    """Where it is reached, such as a site's own gateway; empty for the service's own address."""
    key_file: str = ""
    """A file with its key, readable by nobody else; empty for the usual places."""


class Premises(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may leave this machine; by default nothing does."""

    allow: tuple[Name, ...] = ()
    """Names of runners that may send masked words of calls away."""
    services: dict[str, Service] = {}
    """By runner: where it sends to, and with which key."""
    hosts: tuple[Annotated[str, Meta(pattern=r"^[a-z0-9.:-]+$")], ...] = ()
    """Hosts beyond this machine and private networks that webhooks may be sent to."""


class Redaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What nobody shall see."""

    mask_names: bool = False
    """Take numbers of 7 digits and more, and the caller, out of the names of recordings."""
    beep: Literal["tone", "silence"] = "tone"
    """What is heard in a masked copy where something was masked."""
    beep_margin: Annotated[float, Meta(ge=0, le=5)] = 0.2
    """Seconds before and behind it that are not heard either: the times of words are not exact."""
    beep_channels: Literal["all", "own"] = "all"
    """`own`: only the channel of whoever says it; the other one may hear an echo."""
    recipients: tuple[str, ...] = ()
    """Public keys, `age1...`, of those who may read what is kept of a masked call."""
    drafts: float | str = "7d"
    """How long what was said is kept of work that was broken off: seconds, or such as `"12h"`."""

    def __post_init__(self) -> None:
        """Refuse what is no public key, and no length of time."""
        for recipient in self.recipients:
            sealing.check(recipient)
        if self.draft_seconds < 0:
            raise ValueError("drafts cannot be less than nothing")

    @property
    def draft_seconds(self) -> float:
        """`drafts` in seconds."""
        return amounts.seconds(self.drafts, "drafts")


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Recordings that the daemon takes through a recipe again and again."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    cron: str
    """Minute, hour, day, month, weekday; or such as `@daily`."""
    timezone: str | None = None
    """A name such as `Africa/Nairobi`; default: that of this machine."""
    recipe: Annotated[str, Meta(min_length=1)]
    """A name, or a file that ends in .toml."""
    paths: Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)]
    """Files, folders and patterns."""
    recursive: bool = False
    """Also what lies in folders inside folders."""
    output: Annotated[str, Meta(min_length=1)]
    """Folder of the files that are written."""
    formats: tuple[Annotated[str, Meta(min_length=1)], ...] = ()
    """Default: those of `voicectl run`."""

    def __post_init__(self) -> None:
        """Refuse times that make no sense."""
        _ = self.times

    @property
    def times(self) -> Times:
        """When it is due. Raises `ValueError`."""
        try:
            return Times(self.cron, self.timezone)
        except ValueError as error:
            raise ValueError(f"the schedule '{self.name}': {error}") from error


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole of `voicectl.toml`."""

    models: str | None = None
    """Folder of weights, absolute or from the config file on; default: `models` in the data
    folder."""
    recipes: str | None = None
    """Folder of the site's own recipes; default: `recipes` beside the config file."""
    workers: Workers = Workers()
    daemon: Daemon = Daemon()
    roles: Roles = Roles()
    vocabulary: Vocabulary = Vocabulary()
    premises: Premises = Premises()
    redaction: Redaction = Redaction()
    asterisk: Asterisk = Asterisk()
    schedule: tuple[Schedule, ...] = ()
    """Only a daemon that serves for good keeps to them."""
    listen: tuple[Listen, ...] = ()
    """Likewise."""
    live: Live = Live()
    webhook: tuple[Webhook, ...] = ()
    """Addresses that are told of events."""

    def __post_init__(self) -> None:
        """Refuse two of one name, and a line whose Asterisk cannot be asked."""
        for what, names in (
            ("schedules", [each.name for each in self.schedule]),
            ("lines", [each.name for each in self.listen]),
            ("webhooks", [each.name for each in self.webhook]),
        ):
            if twice := [name for name in names if names.count(name) > 1]:
                raise ValueError(f"two {what} are called '{twice[0]}'")
        if not self.asterisk.ari:
            for line in self.listen:
                if line.transport == "ari":
                    raise ValueError(f"the line '{line.name}' needs `ari` in [asterisk]")


_SECTIONS: dict[str, type[msgspec.Struct]] = {
    "": Config,
    ".workers": Workers,
    ".daemon": Daemon,
    ".roles": Roles,
    ".vocabulary": Vocabulary,
    ".premises": Premises,
    ".premises.services": Service,
    ".redaction": Redaction,
    ".asterisk": Asterisk,
    ".schedule": Schedule,
    ".listen": Listen,
    ".listen.sip": Sip,
    ".webhook": Webhook,
    ".live": Live,
    ".live.alerts": Alerts,
}
_PLACE = re.compile(r"at `\$(?P<section>[^`]*)`$")
_ITEM = re.compile(r"\[[^]]*\]")


def _keys(message: str) -> tuple[str, ...]:
    """Return what the section may say that msgspec complains of."""
    found = _PLACE.search(message)
    section = _ITEM.sub("", found["section"]) if found else ""
    return _SECTIONS[section].__struct_fields__ if section in _SECTIONS else ()


def read(path: Path | None) -> Config:
    """Return the site's config; the defaults when `path` is None, with recipes where it would be.

    Raises `ConfigError` that names the file and the key.
    """
    if path is None:
        return Config(recipes=str(site_folder() / "recipes"))
    try:
        found = parse.toml(content(path, LARGEST), Config)
    except OSError as error:
        raise ConfigError(
            f"the config file {path} cannot be read: {error.strerror}",
            hint="VOICECTL_CONFIG names another file; without a file the defaults hold",
        ) from error
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"{path}: {error}", hint=nearest(str(error), _keys(str(error)))
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise ConfigError(f"{path} is not TOML: {reason}") from error
    return _from(path.parent.absolute(), found)


def _from(folder: Path, found: Config) -> Config:
    """Return the config with its paths absolute: they are meant from its own folder on."""

    def place(name: str | None) -> str | None:
        return name and str(folder / Path(name).expanduser())

    def placed(schedule: Schedule) -> Schedule:
        is_file = schedule.recipe.endswith(".toml")
        return msgspec.structs.replace(
            schedule,
            recipe=place(schedule.recipe) if is_file else schedule.recipe,
            paths=tuple(str(place(path)) for path in schedule.paths),
            output=place(schedule.output),
        )

    def phone(line: Listen) -> Listen:
        if line.sip is None:
            return line
        files = ("password_file", "certificate_file", "key_file", "authority_file")
        placed = {name: place(getattr(line.sip, name)) or "" for name in files}
        return msgspec.structs.replace(line, sip=msgspec.structs.replace(line.sip, **placed))

    words = found.vocabulary
    vocabulary = Vocabulary(file=place(words.file), replacements=place(words.replacements))
    services = {
        name: msgspec.structs.replace(each, key_file=place(each.key_file) or "")
        for name, each in found.premises.services.items()
    }
    asterisk = msgspec.structs.replace(
        found.asterisk, password_file=place(found.asterisk.password_file) or ""
    )
    return msgspec.structs.replace(
        found,
        asterisk=asterisk,
        premises=msgspec.structs.replace(found.premises, services=services),
        models=place(found.models),
        recipes=place(found.recipes or "recipes"),
        vocabulary=vocabulary,
        live=msgspec.structs.replace(found.live, recordings=place(found.live.recordings)),
        schedule=tuple(map(placed, found.schedule)),
        listen=tuple(map(phone, found.listen)),
        webhook=tuple(
            msgspec.structs.replace(each, secret_file=place(each.secret_file))
            for each in found.webhook
        ),
    )
