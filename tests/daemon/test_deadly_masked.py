"""A step that kills its worker again and again, in a recipe that masks, comes to an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.daemon.stumbling import Recipes, spoil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STAGES = ("transcribe", "diarize", "stumble_names", "entities", "stumble", "redact")


def test_it_is_given_up_and_the_others_finish(
    recipes: Recipes, make_call: Callable[..., Path]
) -> None:
    steps = "".join(
        f'[[steps]]\nstage = "{stage}"\n'
        + ('options = {language = "en", temperature = [0.0]}\n' if stage == "transcribe" else "")
        for stage in STAGES
    )
    deadly, innocent = make_call("deadly", 0.0, 5.0), make_call("innocent", 13.0, 6.0)
    spoil(deadly, "kill")
    job = recipes.desk.ask(
        deadly, innocent, recipe="drawn", written='title = "drawn"\n' + steps, options=None
    )
    first, second = recipes.desk.wait(job)
    assert second.state == "done", second.error
    assert first.state in ("partial", "failed", "dead")
    assert first.error is not None
    assert "workers down" in first.error.text
    assert first.attempts <= 15
