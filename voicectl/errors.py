"""Every error a person or a program can meet, and what to do about each.

    VoicectlError                 anything below; exit status 1
    ├── UsageError                the command or request makes no sense ........ 2
    │   ├── ConfigError           voicectl.toml cannot be read .............. 2
    │   ├── RecipeError           a recipe cannot be run .................... 2
    │   ├── UnknownName           a backend, stage or format not installed .. 2
    │   ├── LeavesPremises        a runner that the site did not allow ...... 2
    │   ├── NotAllowed            this account may not ...................... 2
    │   └── NotFound              no such job, call or recording ............ 2
    ├── ModelMissing              weights that are not on this machine ...... 4
    ├── DaemonUnreachable         nobody answers at the door ................ 5
    │   ├── DaemonBusy            the data folder belongs to a running daemon 5
    │   └── DaemonVersion         the daemon is of another version .......... 5
    ├── RecordingError            one recording cannot be used .............. 1
    │   ├── Undecodable           no audio can be read from it .............. 1
    │   └── TooSlow               it took longer than it may ................ 1
    ├── RunnerFailed              a runner gave no answer of any use ........ 1
    ├── WorkerDied                the process that worked on it was lost .... 1
    ├── Cancelled                 somebody asked for it to stop ........... 130
    └── DiskFull                  no room for what must be kept ............. 1

An error is a sentence that names the thing (`text`), a hint that names the
remedy (`hint`), a stable `code` for programs and an `exit_status` for shells.
Over the wire it is `{code, text, hint}`; `from_wire` gives the same class back.
"""

from __future__ import annotations

import errno
from enum import IntEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """What a finished command tells the shell."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    ALL_FAILED = 3
    MODEL_MISSING = 4
    NO_DAEMON = 5
    INTERRUPTED = 130


class VoicectlError(Exception):
    """The root: one sentence for people, one hint, one code for programs."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[ExitStatus] = ExitStatus.SOME_FAILED
    http_status: ClassVar[int] = 500

    def __init__(self, text: str, *, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint

    def to_wire(self) -> dict[str, str]:
        """`{code, text, hint}`, the form in which errors travel."""
        return {"code": self.code, "text": self.text, "hint": self.hint}


class UsageError(VoicectlError):
    """The command or request makes no sense as it stands."""

    code = "usage"
    exit_status = ExitStatus.USAGE
    http_status = 422


class ConfigError(UsageError):
    """`voicectl.toml` cannot be read or contains something unknown."""

    code = "config"


class RecipeError(UsageError):
    """A recipe names something that does not exist or cannot be run."""

    code = "recipe"


class UnknownName(UsageError):
    """A backend, stage or format that is not installed."""

    code = "unknown_name"


class LeavesPremises(UsageError):
    """A runner would send what was said to another machine, and the site did not allow it."""

    code = "leaves_premises"


class NotAllowed(UsageError):
    """This account may not do that; the site's config says who may."""

    code = "not_allowed"
    http_status = 403


class NotFound(UsageError):
    """No such job, call or recording."""

    code = "not_found"
    http_status = 404


class ModelMissing(VoicectlError):
    """Weights that are needed and are not on this machine."""

    code = "model_missing"
    exit_status = ExitStatus.MODEL_MISSING
    http_status = 424


class DaemonUnreachable(VoicectlError):
    """Nobody answers at the door, and nobody could be started."""

    code = "daemon_unreachable"
    exit_status = ExitStatus.NO_DAEMON
    http_status = 503


class DaemonBusy(DaemonUnreachable):
    """The data folder already belongs to a running daemon."""

    code = "daemon_busy"


class DaemonVersion(DaemonUnreachable):
    """The daemon that answers is of another version than this command."""

    code = "daemon_version"


class RecordingError(VoicectlError):
    """One recording cannot be used; the others are not affected."""

    code = "recording"
    http_status = 422


class Undecodable(RecordingError):
    """No audio can be read from the recording."""

    code = "undecodable"


class TooSlow(RecordingError):
    """The recording took longer than the limit allows."""

    code = "too_slow"


class RunnerFailed(VoicectlError):
    """A runner gave no answer, or none that can be used; another one may."""

    code = "runner_failed"


class WorkerDied(VoicectlError):
    """The process that worked on a recording was lost."""

    code = "worker_died"


class Cancelled(VoicectlError):
    """Somebody asked for the work to stop."""

    code = "cancelled"
    exit_status = ExitStatus.INTERRUPTED
    http_status = 409


class DiskFull(VoicectlError):
    """There is no room for what must be kept."""

    code = "disk_full"
    http_status = 507


FULL = (errno.ENOSPC, errno.EDQUOT)
"""How the operating system says that there is no room."""


def is_full(error: OSError) -> bool:
    """Return whether something was refused because there is no room."""
    return error.errno in FULL


def _tree(root: type[VoicectlError]) -> dict[str, type[VoicectlError]]:
    # A class without a code of its own must not take its parent's place.
    found = {root.code: root} if "code" in vars(root) else {}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found


def from_wire(code: str, text: str, hint: str = "") -> VoicectlError:
    """Return the error that was raised at the other end.

    An unknown code (a newer daemon) becomes a plain `VoicectlError`.
    """
    return _tree(VoicectlError).get(code, VoicectlError)(text, hint=hint)
