"""A call translated by a service: nothing but masked words leaves, and a copy hides both sides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.away import ENTITIES, NAMES, SERVICE, Run, allow
from tests.conftest import Site
from tests.service import Asked, answering, refusing, serving
from voicectl import registry

pytestmark = pytest.mark.usefixtures("service_installed")

RECIPE = """
title = "A translation by a service"
steps = [
  {{ stage = "transcribe", options = {{ model = "tiny.en", language = "en" }} }},
  {steps}
  {{ stage = "redact" }},
]
"""
TRANSLATE = '{{ stage = "translate", options = {{ target = "pt", backend = {backend} }} }},'


def recipe(site: Site, backend: str = SERVICE, *, late: bool = True) -> Path:
    steps = [ENTITIES, TRANSLATE.format(backend=backend)]
    file = site.folder / "away.toml"
    file.write_text(RECIPE.format(steps="\n  ".join(steps if late else reversed(steps))))
    return file


def prefixed(asked: Asked) -> None:
    """Answer each item with three words before it."""
    (question,) = asked.server.service.questions[-1]["messages"]
    items = json.loads(question["content"])
    texts = [{"id": each["id"], "text": f"E ela diz: {each['text']}"} for each in items]
    answering({"texts": texts})(asked)


def test_only_masked_words_leave_and_stay_masked_in_the_translation(
    site: Site, run: Run, call: Path
) -> None:
    with serving(prefixed) as service:
        allow(site, service)
        checked = run("recipes", "check", recipe(site))
        assert checked.status == 0, checked.stderr
        ran = run("run", recipe(site), call, "-o", site.folder)
        assert ran.status == 0, ran.stderr
    (body,) = service.bodies
    sent = body.decode().casefold()
    assert "[name_1]" in sent
    assert not [name for name in NAMES if name in sent]
    (noted,) = json.loads(run("audit", "--json").stdout)
    assert (noted["runner"], noted["model"], noted["size"]) == (
        "anthropic", "claude-test", len(body),
    )  # fmt: skip
    written = (site.folder / "byron.json").read_text()
    assert not [name for name in NAMES if name in written.casefold().replace("byron.wav", "")]
    told = json.loads(written)["translation"]
    assert (told["language"], told["runner"]) == ("pt", "anthropic")
    assert [each["segment"] for each in told["segments"]] == [
        each["id"] for each in json.loads(written)["segments"]
    ]
    assert all(each["text"].startswith("E ela diz: ") for each in told["segments"])
    assert "[NAME_1]" in " ".join(each["text"] for each in told["segments"])
    assert "E ela diz: " in (site.folder / "byron.pt.txt").read_text()


def test_what_stays_comes_before_names_are_looked_for_and_what_leaves_after(
    site: Site, run: Run
) -> None:
    allow(site, None)
    early = run("recipes", "check", recipe(site, late=False))
    assert early.status == 2
    assert "put a step 'entities' before it" in early.stderr
    late = run("recipes", "check", recipe(site, '"auto"'))
    assert late.status == 2
    assert "put 'translate' before 'entities'" in late.stderr
    assert run("recipes", "check", recipe(site, '"auto"', late=False)).status == 0


def test_it_is_refused_until_the_site_allows_it(site: Site, run: Run, call: Path) -> None:
    ran = run("run", recipe(site), call)
    assert ran.status == 2
    assert '[premises]  allow = ["anthropic"]' in ran.stderr
    assert not site.home.audit.exists()


def test_who_fails_is_followed_by_the_next_whose_translation_is_searched(
    site: Site, run: Run, call: Path
) -> None:
    if "firefox" not in registry.usable(registry.TRANSLATORS):
        pytest.skip("nothing else translates English here")
    with serving(refusing(401)) as service:
        allow(site, service)
        ran = run("run", recipe(site, f'[{SERVICE}, "auto"]'), call, "-o", site.folder)
        assert ran.status == 0, ran.stderr
    written = json.loads((site.folder / "byron.json").read_text())
    assert written["translation"]["runner"] == "firefox"
    texts = " ".join(each["text"] for each in written["translation"]["segments"]).casefold()
    assert texts
    assert not [name for name in NAMES if name in texts]
    assert "refused the key" in site.log


def only_the_last(asked: Asked) -> None:
    """Answer as that model does, but with a number more in all items but the last."""
    (question,) = asked.server.service.questions[-1]["messages"]
    *others, last = json.loads(question["content"])
    texts = [{"id": each["id"], "text": f"E ela diz 7: {each['text']}"} for each in others]
    answering({"texts": [*texts, {"id": last["id"], "text": "entre na sala, por favor"}]})(asked)


def test_what_is_left_as_it_was_said_is_told(site: Site, run: Run, call: Path) -> None:
    with serving(only_the_last) as service:
        allow(site, service)
        assert run("run", recipe(site), call, "-o", site.folder).status == 0
    written = json.loads((site.folder / "byron.json").read_text())
    (left,) = (step["unread"] for step in written["steps"] if step["stage"] == "translate")
    assert left == [each["id"] for each in written["segments"]][:-1]
    assert [each["segment"] for each in written["translation"]["segments"]] == [left[-1] + 1]
    shown = run("calls", "show").stdout
    assert f"not translated: {len(left)} of {len(left) + 1} lines; what claude-test" in shown
    assert "not understood" not in shown


def test_a_step_that_fails_leaves_the_rest_masked(site: Site, run: Run, call: Path) -> None:
    with serving(answering({"texts": []})) as service:
        allow(site, service)
        ran = run("run", recipe(site), call, "-o", site.folder)
    assert ran.status == 1
    assert "the step 'translate' failed" in ran.stderr
    assert "gave no answer that can be used" in ran.stderr
    assert len(service.bodies) == 3
    shown = run("calls", "show").stdout
    assert "[NAME_1]" in shown
    assert not [name for name in NAMES if name in shown.casefold().replace("byron.wav", "")]
