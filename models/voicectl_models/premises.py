"""Nothing leaves: a runner that sends anything away is refused unless the config names it."""

from __future__ import annotations

from functools import partial

from voicectl import audit, config, paths, registry
from voicectl.config import Premises
from voicectl.errors import LeavesPremises
from voicectl.generation import Outside
from voicectl.interfaces import Wish
from voicectl.runners import RunnerInfo


def demand_that_it_stays(info: RunnerInfo) -> None:
    """Raise `LeavesPremises` for a runner that leaves and is no language model.

    Nobody would mask what it sends, or note it.
    """
    if info.leaves_premises:
        raise LeavesPremises(
            f"'{info.name}' would send calls to another machine, as they were said",
            hint="only language models may, of masked words: see docs/recipes.md",
        )


def admitted(wish: Wish, premises: Premises | None = None) -> Outside | None:
    """Return what a language model is given that leaves; None for one that does not.

    Raises `LeavesPremises` where the site did not allow it, `UsageError` when its key is missing.
    """
    backend = registry.load(registry.LANGUAGE_MODELS, wish.backend)
    info: RunnerInfo = backend.info
    if not info.leaves_premises:
        return None
    site = config.read(paths.config_file()).premises if premises is None else premises
    if wish.backend not in site.allow:
        raise LeavesPremises(
            f"'{wish.backend}' would send what was said in calls to another machine, "
            "and this site did not allow it",
            hint="who may decide it writes in voicectl.toml, and restarts the daemon:"
            f'  [premises]  allow = ["{wish.backend}"]',
        )
    service = site.services.get(wish.backend, config.Service())
    leave = partial(audit.Log(paths.home().audit).leave, wish.backend, wish.model)
    outside = Outside(leave, service.base_url, service.key_file)
    backend.check(outside)
    return outside
