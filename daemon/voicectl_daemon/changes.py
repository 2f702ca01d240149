"""A config that was changed while the daemon serves: what of it counts at once."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from msgspec.structs import replace

from voicectl import config, paths
from voicectl.config import Config
from voicectl.errors import ConfigError, UsageError
from voicectl.results import Reloaded
from voicectl_daemon.differences import differences

if TYPE_CHECKING:
    from voicectl_daemon.parts import Parts

log = logging.getLogger(__name__)


class Changes:
    """Knows the config that the daemon keeps to; any thread may ask for it to be read anew."""

    def __init__(self, settings: Config) -> None:
        self._settings = settings
        self._lock = threading.Lock()

    def take(self, parts: Parts) -> Reloaded:
        """Read the config anew and keep to its lines, `[live]`, schedules and webhooks.

        What else is different counts after a restart, and that is told. Raises `ConfigError`
        for a file that cannot be used, and then nothing has changed.
        """
        if parts.on_demand:
            raise UsageError(
                "the daemon is there on demand only, and keeps to the config it began with",
                hint="let the next one read it: voicectl stop",
            )
        with self._lock:
            found = _read()
            live = replace(found.live, recordings=self._settings.live.recordings)
            parts.errands.timetable.change(found.schedule)
            parts.webhooks.change(found.webhook)
            parts.switchboard.change(found.listen, live)
            kept, self._settings = self._settings, replace(
                self._settings,
                listen=found.listen,
                live=live,
                schedule=found.schedule,
                webhook=found.webhook,
            )  # fmt: skip
            told = Reloaded(
                tuple(differences(kept, self._settings)), tuple(differences(self._settings, found))
            )
        log.info("the config was read anew; different: %s", ", ".join(told.now) or "nothing")
        if told.later:
            log.warning("changed, and counts after a restart: %s", ", ".join(told.later))
        return told


def _read() -> Config:
    try:
        return config.read(paths.config_file())
    except ConfigError as error:
        raise ConfigError(f"the config stays as it was: {error.text}", hint=error.hint) from error
