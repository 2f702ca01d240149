"""What a site decides, read once from `voicectl.toml`.

Every field has a default, so that the file is optional; an unknown key is
refused by name, because a misspelt setting that is silently ignored is worse
than none.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from voicectl.errors import ConfigError

Seconds: TypeAlias = Annotated[float, Meta(gt=0)]


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


class Daemon(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The process that keeps the books."""

    linger_seconds: Seconds = 10.0
    """How long a daemon started on demand stays when it has nothing to do."""
    socket_group: str | None = None
    """Members of this group may use the socket too; else only its owner."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole of `voicectl.toml`."""

    models: str | None = None
    """Folder of weights, absolute or from the config file on; default: `models` in the data
    folder."""
    workers: Workers = Workers()
    daemon: Daemon = Daemon()


def read(path: Path | None) -> Config:
    """Return the site's config; the defaults when `path` is None.

    Raises `ConfigError` that names the file and the key.
    """
    if path is None:
        return Config()
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=Config)
    except OSError as error:
        raise ConfigError(
            f"the config file {path} cannot be read: {error.strerror}",
            hint="VOICECTL_CONFIG names another file; without a file the defaults hold",
        ) from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}", hint=_nearest(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    if found.models is None:
        return found
    models = path.parent.absolute() / Path(found.models).expanduser()
    return msgspec.structs.replace(found, models=str(models))


def _nearest(message: str) -> str:
    """Return a hint with the key that the writer may have meant."""
    known = [*Config.__struct_fields__, *Workers.__struct_fields__, *Daemon.__struct_fields__]
    quoted = message.split("`")[1] if message.count("`") > 1 else ""
    near = difflib.get_close_matches(quoted, known, n=1)
    return f"did you mean '{near[0]}'?" if near else ""
