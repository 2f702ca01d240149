"""Schemes, forms and lists by name: the site's own come first, and their content counts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from voicectl.embedding import Embedder
from voicectl.errors import RecipeError, UnknownName, UsageError
from voicectl_recipes import classify, engine, load, prepared, quality, scheme, written
from voicectl_recipes.load import Plan, Recipe, Step
from voicectl_recipes.scheme import Scheme

OURS = """
title = "ours"
[[category]]
name = "lost"
title = "Lost things"
description = "Somebody lost something."
[[category]]
name = "found"
title = "Found things"
description = "Somebody found something."
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, text in (("ours", OURS), ("child-helpline", OURS), ("broken", "title = ")):
        path = tmp_path / "schemes" / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def plan(*folders: Path, stage: str = "classify", **options: object) -> Plan:
    return load.check(Recipe("x", (Step(stage, options),)), folders=folders)


def test_the_sites_own_come_first(site: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    (later / "schemes").mkdir(parents=True)
    (later / "schemes/ours.toml").write_text(OURS.replace('"ours"', '"others"'))
    for name, folders, title in (
        ("child-helpline", (), "child helpline"),
        ("child-helpline", (site,), "ours"),
        ("customer-care", (site,), "customer care"),
        ("ours", (site, later), "ours"),
        ("ours", (later, site), "others"),
        ("ours", (tmp_path / "nowhere", site), "ours"),
    ):
        assert written.named("schemes", name, Scheme, folders).title == title


@pytest.mark.parametrize("name", ["our", "../schemes/ours", "schemes/ours", "", "ours.toml"])
def test_only_names_that_are_there_are_read(site: Path, name: str) -> None:
    with pytest.raises(UnknownName, match="there is no scheme called") as refused:
        written.named("schemes", name, Scheme, [site])
    assert "child-helpline" in refused.value.hint


def test_what_cannot_be_read_is_told_with_its_path(site: Path) -> None:
    (site / "schemes/huge.toml").write_bytes(b"#" * (written.LARGEST + 1))
    (site / "schemes/folder.toml").mkdir()
    os.mkfifo(site / "schemes/pipe.toml")
    for name, why in (
        ("broken", "not TOML"), ("huge", "larger"), ("folder", "directory"), ("pipe", "pipe"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=why) as refused:
            written.named("schemes", name, Scheme, [site])
        assert f"schemes/{name}.toml" in refused.value.text


@pytest.mark.parametrize(
    ("stage", "key", "name"),
    [
        ("classify", "scheme", "child-helpline"),
        ("summarize", "scheme", "child-helpline"),
        ("score", "form", "helpline-quality"),
        ("risk", "words", "builtin"),
    ],
)
def test_options_hold_what_the_file_says(stage: str, key: str, name: str) -> None:
    (step,) = plan(stage=stage)
    assert not isinstance(getattr(step.options, key), str)
    assert plan(stage=stage, **{key: name})[0].options == step.options
    with pytest.raises(UnknownName):
        plan(stage=stage, **{key: "unheard-of"})
    with pytest.raises(RecipeError, match="unheard"):
        plan(stage=stage, **{key: {"unheard": "of"}})


def test_a_changed_file_is_another_recipe_and_travels_whole(site: Path) -> None:
    before = plan(site, scheme="ours")
    wire, digest = load.to_wire(before), engine.recipe_hash(before)
    path = site / "schemes/ours.toml"
    path.write_text(OURS.replace("Somebody lost", "Someone lost"))
    assert engine.recipe_hash(plan(site, scheme="ours")) != digest
    path.unlink()
    assert load.from_wire(wire)[0].options == before[0].options
    assert engine.recipe_hash(load.from_wire(wire)) == digest


def test_the_name_of_a_file_does_not_count(site: Path) -> None:
    (site / "schemes/copy.toml").write_text(OURS)
    assert engine.recipe_hash(plan(site, scheme="ours")) == engine.recipe_hash(
        plan(site, scheme="copy")
    )


def test_vectors_are_made_once_for_each_content(embedder: Embedder) -> None:
    first = prepared.once(classify.prepare, scheme.read(OURS.encode(), "a"), embedder)
    assert prepared.once(classify.prepare, scheme.read(OURS.encode(), "b"), embedder) is first
    other = scheme.read(OURS.replace("lost", "missed").encode(), "a")
    assert prepared.once(classify.prepare, other, embedder) is not first
    form = quality.builtin("helpline-quality")
    assert prepared.once(quality.prepare, form, embedder).form is form


def test_only_so_many_are_kept(embedder: Embedder) -> None:
    def nothing(number: int, _: Embedder) -> list[int]:
        return [number]

    first = prepared.once(nothing, 0, embedder)
    for number in range(prepared.MOST - 1):
        prepared.once(nothing, number + 1, embedder)
    assert prepared.once(nothing, 0, embedder) is first
    prepared.once(nothing, prepared.MOST, embedder)
    assert prepared.once(nothing, 0, embedder) is not first
