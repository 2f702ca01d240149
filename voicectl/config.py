"""What a site decides, read once from `voicectl.toml`.

Every field has a default, so that the file is optional; an unknown key is
refused by name, because a misspelt setting that is silently ignored is worse
than none.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from voicectl import expressions
from voicectl.errors import ConfigError
from voicectl.handwritten import content

Seconds: TypeAlias = Annotated[float, Meta(gt=0)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
PARTS = ("direction", "agent", "caller", "left", "right")
"""What a file name may tell: the direction, the parties, and who speaks on which channel."""

LARGEST = 1024 * 1024
"""Bytes of the file."""
_SECONDS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*")


def _sum(text: str, units: Mapping[str, float], key: str) -> float:
    """Return what `1h30m` or `1.5GB` says, in the smallest unit. Raises `ValueError`."""
    small = text.strip().lower()
    sign, digits = (-1, small[1:]) if small.startswith("-") else (1, small)
    parts = _AMOUNT.findall(digits)
    if not parts or _AMOUNT.sub("", digits) or any(unit not in units for _, unit in parts):
        example = "1h30m" if units is _SECONDS else "2GB"
        raise ValueError(f"{key} cannot be `{text}`; write a number, or text such as `{example}`")
    return sign * sum(float(number) * units[unit] for number, unit in parts)


class Workers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The processes that own models."""

    count: Annotated[int, Meta(ge=1, le=64)] = 1
    """How many work side by side; each loads its own models."""
    lease_seconds: Seconds = 60.0
    """How long a task stays claimed without a sign of life."""
    stall_seconds: Seconds = 600.0
    """A worker that makes no progress for this long is stopped."""
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
        given = self.keep_alive
        seconds = given if isinstance(given, int | float) else _sum(given, _SECONDS, "keep_alive")
        return None if seconds < 0 else float(seconds)

    @property
    def memory_bytes(self) -> int | None:
        """`memory_limit` in bytes; None when there is none."""
        given = self.memory_limit
        size = given if isinstance(given, int) else _sum(given, _BYTES, "memory_limit")
        if size < 0:
            raise ValueError(f"memory_limit cannot be `{given}`; 0 is no limit")
        return int(size) or None


class Daemon(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The process that keeps the books."""

    linger_seconds: Seconds = 10.0
    """How long a daemon started on demand stays when it has nothing to do."""
    socket_group: str | None = None
    """Members of this group may use the socket too; else only its owner."""


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


def read(path: Path | None) -> Config:
    """Return the site's config; the defaults when `path` is None.

    Raises `ConfigError` that names the file and the key.
    """
    if path is None:
        return Config()
    try:
        found = msgspec.toml.decode(content(path, LARGEST), type=Config)
    except OSError as error:
        raise ConfigError(
            f"the config file {path} cannot be read: {error.strerror}",
            hint="VOICECTL_CONFIG names another file; without a file the defaults hold",
        ) from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}", hint=_nearest(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise ConfigError(f"{path} is not TOML: {why}") from error
    return _from(path.parent.absolute(), found)


def _from(folder: Path, found: Config) -> Config:
    """Return the config with its paths absolute: they are meant from its own folder on."""

    def place(name: str | None) -> str | None:
        return name and str(folder / Path(name).expanduser())

    words = found.vocabulary
    vocabulary = Vocabulary(file=place(words.file), replacements=place(words.replacements))
    return msgspec.structs.replace(
        found,
        models=place(found.models),
        recipes=place(found.recipes or "recipes"),
        vocabulary=vocabulary,
    )


def _nearest(message: str) -> str:
    """Return a hint with the key that the writer may have meant."""
    parts = (Config, Workers, Daemon, Roles, Vocabulary)
    known = [name for part in parts for name in part.__struct_fields__]
    quoted = message.split("`")[1] if message.count("`") > 1 else ""
    near = difflib.get_close_matches(quoted, known, n=1)
    return f"did you mean '{near[0]}'?" if near else ""
