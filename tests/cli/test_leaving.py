"""Nothing leaves the premises unless the site says so, and then nothing but masked words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.away import ENTITIES, NAMES, SERVICE, Run, allow
from tests.conftest import Site
from tests.service import answering, refusing, serving

pytestmark = pytest.mark.usefixtures("service_installed")

RECIPE = """
title = "A summary by a service"
steps = [
  {{ stage = "transcribe", options = {{ model = "tiny.en", language = "en" }} }},
  {entities}
  {{ stage = "summarize", options = {{ backend = {backend} }} }},
  {{ stage = "redact" }},
]
"""
FOUND = {"sentences": [{"text": "A foreigner, [NAME_1], made [PLACE_1] famous.", "segments": [0]}]}


def recipe(site: Site, backend: str = SERVICE, entities: str = ENTITIES) -> Path:
    file = site.folder / "away.toml"
    file.write_text(RECIPE.format(backend=backend, entities=entities))
    return file


def test_it_is_refused_by_name_with_what_would_allow_it(site: Site, run: Run, call: Path) -> None:
    file = recipe(site)
    for command in (("recipes", "check", file), ("run", file, call)):
        ran = run(*command)
        assert ran.status == 2
        assert "'anthropic' would send what was said in calls to another machine" in ran.stderr
        assert '[premises]  allow = ["anthropic"]' in ran.stderr
    assert json.loads(run("jobs", "list", "--json").stdout) == []
    assert not site.home.audit.exists()


def test_it_is_refused_where_nobody_looks_for_names(site: Site, run: Run) -> None:
    allow(site, None)
    ran = run("recipes", "check", recipe(site, entities=""))
    assert ran.status == 2
    assert "put a step 'entities' before it" in ran.stderr


def test_it_is_refused_without_a_key(site: Site, run: Run) -> None:
    allow(site, None)
    (site.folder / "key").unlink()
    ran = run("recipes", "check", recipe(site))
    assert ran.status == 2
    assert "the key file" in ran.stderr


def by_whom(written: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return which step was done by which runner, with which model."""
    return [(step["stage"], step["runner"], step["model"]) for step in written["steps"]]


def test_only_masked_words_leave_and_each_request_is_noted(
    site: Site, run: Run, call: Path
) -> None:
    with serving(answering(FOUND)) as service:
        allow(site, service)
        file = recipe(site)
        assert run("recipes", "check", file).status == 0
        ran = run("run", file, call, "-o", site.folder)
        assert ran.status == 0, ran.stderr
    (body,) = service.bodies
    sent = body.decode().casefold()
    assert "[name_1]" in sent
    assert not [name for name in NAMES if name in sent]
    assert "byron" not in sent  # it is the name of the recording, too
    (noted,) = json.loads(run("audit", "--json").stdout)
    assert (noted["runner"], noted["model"], noted["status"]) == ("anthropic", "claude-test", "200")
    assert noted["size"] == len(body)
    told = run("audit").stdout
    assert noted["call"] in told
    assert "claude-test" in told
    assert site.home.audit.stat().st_mode & 0o777 == 0o600
    written = json.loads((site.folder / "byron.json").read_text())
    assert ("summarize", "anthropic", "claude-test") in by_whom(written)
    (sentence,) = written["summary"]["sentences"]
    assert "[NAME_1]" in sentence["text"]


def test_who_fails_is_followed_by_the_next_of_the_list(site: Site, run: Run, call: Path) -> None:
    with serving(refusing(401)) as service:
        allow(site, service)
        file = recipe(site, f'[{SERVICE}, "extractive"]')
        assert run("run", file, call, "-o", site.folder).status == 0
    assert len(service.bodies) == 1
    written = json.loads((site.folder / "byron.json").read_text())
    assert ("summarize", "minilm", "minilm") in by_whom(written)
    assert "refused the key" in site.log


def test_when_all_of_the_list_fail_the_rest_is_kept(site: Site, run: Run, call: Path) -> None:
    with serving(refusing(403)) as service:
        allow(site, service)
        file = recipe(site)
        file.write_text(file.read_text().replace('{ stage = "redact" },', ""))
        ran = run("run", file, call, "-o", site.folder)
    assert ran.status == 1
    assert "the step 'summarize' failed: there is no summary: anthropic: " in ran.stderr
    assert "refused the key of 'anthropic' (403)" in ran.stderr
    steps = json.loads(run("sql", "select whole from calls", "--json").stdout)
    assert steps == [{"whole": False}]
    assert "byron" in run("calls", "show").stdout.casefold()


def test_what_nobody_said_is_marked_and_counted(site: Site, run: Run, call: Path) -> None:
    bad = {"sentences": [{"text": "Her uncle Juma has a gun.", "segments": [0]}]}
    with serving(answering(bad)) as service:
        allow(site, service)
        assert run("run", recipe(site), call, "-o", site.folder).status == 0
    written = json.loads((site.folder / "byron.json").read_text())
    assert written["summary"]["unsupported"] == 1
    assert {"uncle", "juma", "gun"} <= set(written["summary"]["sentences"][0]["unsupported"])
    told = run("calls", "show")
    assert "(nobody said: " in told.stdout
    assert "1 sentence of claude-test said what nobody said: 1 marked" in told.stderr
    rows = json.loads(run("sql", "select unsupported from summaries", "--json").stdout)
    assert "uncle" in rows[0]["unsupported"]
