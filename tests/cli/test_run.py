"""Recipes: shipped ones, the site's own, and files of whoever types."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import CALL
from voicectl.cli.run import options, order
from voicectl.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

NIGHT = """
title = "What we do at night"
[[steps]]
stage = "transcribe"
options = {language = "en"}
"""


def write(cli: Cli, name: str, text: str) -> Path:
    """Put a recipe on the site's own shelf."""
    shelf = cli.site.config.parent / "recipes"
    shelf.mkdir(exist_ok=True)
    path = shelf / name
    path.write_text(text)
    return path


def test_a_recipe_of_the_site_by_name_and_as_a_file(fresh: Cli) -> None:
    night = write(fresh, "night.toml", NIGHT)
    fresh.clip("call.wav", 0.0, 3.2)
    done = fresh.run("run", "night", "call.wav", "-f", "txt")
    assert done.status == 0, done.stderr
    assert "blacklisted" in (fresh.folder / "call.txt").read_text()
    again = fresh.run("run", night, "call.wav", "-f", "txt", "--quiet")
    assert (again.status, again.stdout, again.stderr) == (0, "", ""), "cron mails nothing"
    (fresh.folder / "call.txt").unlink()
    assert fresh.run("run", night, "call.wav", "nothing.wav", "-f", "txt", "-q").status == 1
    assert (fresh.folder / "call.txt").exists()
    (job, *_) = fresh.run("jobs", "list", "--json").json
    assert (job["recipe"], job["counts"], job["skipped"]) == ("night", {"done": 1}, 1)


def test_an_option_of_a_step_is_changed(fresh: Cli) -> None:
    write(fresh, "night.toml", NIGHT)
    fresh.clip("call.wav", 0.0, 3.2)
    changed = ("--set", "transcribe.language=es", "--set", "transcribe.model=base")
    done = fresh.run("run", "night", "call.wav", "-f", "json", *changed)
    assert done.status == 0, done.stderr
    written = json.loads((fresh.folder / "call.json").read_text())
    assert (written["language"], written["model"]) == ("es", "base")


def test_a_command_says_who_speaks_on_which_channel(fresh: Cli) -> None:
    write(fresh, "night.toml", NIGHT)
    shutil.copy(CALL, fresh.folder / "call.wav")
    named = ("--channel-names", "agent,caller", "--set", "transcribe.beam_size=1")
    assert fresh.run("run", "night", "call.wav", "-f", "txt", *named).status == 0
    assert (fresh.folder / "call.txt").read_text().startswith("[agent]: ")
    (fresh.folder / "inbox").mkdir()
    (fresh.folder / "call.wav").rename(fresh.folder / "inbox" / "call.wav")
    watched = ("watch", "inbox", "--once", "--settle", "0", "--recipe", "night", "-f", "json")
    assert fresh.run(*watched, "--channel-names", "officer,child", "--quiet").status == 0
    written = json.loads((fresh.folder / "call.json").read_text())
    assert {each["speaker"] for each in written["segments"]} == {"officer", "child"}


def test_recipes_that_cannot_be_used_are_refused_before_any_work(fresh: Cli) -> None:
    write(fresh, "typo.toml", NIGHT.replace('"transcribe"', '"transcripe"'))
    write(fresh, "key.toml", NIGHT.replace("language", "lang"))
    write(fresh, "model.toml", NIGHT.replace('language = "en"', 'model = "large-v3"'))
    fresh.clip("call.wav", 0.0, 3.2)
    for name, status, reason in (
        ("typo", 2, "did you mean 'transcribe'"),
        ("key", 2, "lang"),
        ("model", 4, "is not on this machine"),
        ("../typo", 2, "there is no recipe called"),
        ("nothing.toml", 2, "cannot be read: No such file"),
    ):
        for command in (("recipes", "check", name), ("run", name, "call.wav")):
            refused = fresh.run(*command)
            assert refused.status == status, (command, refused.stderr)
            assert reason in refused.stderr
    assert fresh.run("jobs", "list", "--json").json == []
    lines = {line["name"]: line for line in fresh.run("recipes", "list", "--json").json}
    assert {"typo", "key", "model", "transcribe", "diarize"} <= set(lines)
    assert lines["model"]["problem"]["code"] == "model_missing"
    assert lines["typo"]["steps"] == ["transcripe"]
    assert lines["typo"]["own"]
    assert not lines["transcribe"]["own"]
    assert lines["transcribe"]["problem"] is None


def test_everything_that_is_wrong_is_told_at_once(fresh: Cli) -> None:
    step = '[[steps]]\nstage = "{}"\noptions = {{{}}}\n'
    several = (
        step.format("classify", "")
        + step.format("transcribe", 'model = "large-v3"')
        + step.format("redact", "")
    )
    write(fresh, "order.toml", 'title = "x"\n' + several)
    paths = step.format("classify", 'scheme = "../../etc/passwd"') + step.format("skore", "")
    write(fresh, "names.toml", 'title = "x"\n' + step.format("transcribe", "langage = 3") + paths)
    fresh.clip("call.wav", 0.0, 3.2)
    for name, wrong in (
        ("order", ("'classify' needs", "'redact' needs", "'large-v3' is not on this machine")),
        ("names", ("did you mean 'language'?", "no scheme called '../../etc", "mean 'score'?")),
    ):
        checked = fresh.run("recipes", "check", name)
        assert checked.status == 2, checked.stderr
        assert checked.stdout == ""
        for reason in wrong:
            assert checked.stderr.count(reason) == 1, checked.stderr
        refused = fresh.run("run", name, "call.wav")
        assert refused.status == 2
        assert wrong[0] in refused.stderr
        assert "2 more faults: voicectl recipes check" in refused.stderr
        found = fresh.run("recipes", "check", name, "--json").json
        assert len([found["problem"], *found["others"]]) == 3
    assert fresh.run("jobs", "list", "--json").json == []


def test_what_is_no_recipe_on_the_shelf(fresh: Cli) -> None:
    shelf = write(fresh, "huge.toml", "#" * 300_000).parent
    write(fresh, "deep.toml", "title = " + "[" * 9_000)
    (shelf / "binary.toml").write_bytes(bytes(range(256)))
    (shelf / "folder.toml").mkdir()
    os.mkfifo(shelf / "pipe.toml")
    for name, reason in (
        ("huge", "it is larger than 256 KiB"),
        ("deep", "cannot be read"),
        ("binary", "cannot be read"),
        ("folder", "Is a directory"),
        ("pipe", "it is a pipe"),
    ):
        refused = fresh.run("recipes", "check", name)
        assert refused.status == 2
        assert f"the recipe '{name}'" in refused.stderr
        assert reason in refused.stderr
        assert len(refused.stderr.splitlines()) <= 2
    assert "transcribe" in fresh.run("recipes", "list").stdout


def test_a_scheme_of_the_site_is_found_beside_its_recipes(fresh: Cli) -> None:
    sorting = '[[steps]]\nstage = "classify"\noptions = {scheme = "ours"}\n'
    folder = write(fresh, "sort.toml", NIGHT + sorting).parent.parent / "schemes"
    missing = fresh.run("recipes", "check", "sort")
    assert missing.status == 2
    assert "there is no scheme called 'ours'" in missing.stderr
    folder.mkdir()
    category = '[[category]]\nname = "{0}"\ntitle = "{0}"\ndescription = "{0}"\n'
    text = 'title = "Ours"\n' + category.format("one") + category.format("two")
    (folder / "ours.toml").write_text(text)
    assert fresh.run("recipes", "check", "sort").status == 0
    (folder / "ours.toml").write_text(text + "colour = 3\n")
    wrong = fresh.run("recipes", "check", "sort")
    assert wrong.status == 2
    assert "colour" in wrong.stderr


def test_a_new_recipe_begins_as_another(fresh: Cli) -> None:
    made = fresh.run("recipes", "new", "mine.toml", "--like", "diarize")
    assert (made.status, made.stdout) == (0, "mine.toml\n")
    assert fresh.run("recipes", "check", "mine.toml").stdout == "mine: transcribe > diarize\n"
    shown = fresh.run("recipes", "show", "mine.toml").stdout
    assert shown == fresh.run("recipes", "show", "diarize").stdout
    assert shown.rstrip("\n") == (fresh.folder / "mine.toml").read_text().rstrip("\n")
    for target, reason in (("mine.toml", "is there already"), ("mine", "ends in .toml")):
        refused = fresh.run("recipes", "new", target)
        assert refused.status == 2
        assert reason in refused.stderr


@pytest.mark.parametrize("name", ["transcribe", "diarize"])
def test_what_is_shipped_can_be_used(fresh: Cli, name: str) -> None:
    assert fresh.run("recipes", "check", name).status == 0


def test_values_are_what_toml_takes_or_plain_text() -> None:
    given = ["a.one=3", "a.two= sw ", 'b.three=["x", "y"]', "b.four=true", "a.one=4"]
    assert options(given) == {
        "a": {"one": 4, "two": "sw"},
        "b": {"three": ["x", "y"], "four": True},
    }


@pytest.mark.parametrize("change", ["a", "a.b", "a=3", ".b=3", "a.=3", "=", ""])
def test_changes_that_name_nothing(change: str) -> None:
    with pytest.raises(UsageError, match=r"--set"):
        options([change])


@pytest.mark.parametrize(
    ("content", "reason"), [(b"\xff\xfe", "UTF-8"), (b"#" * 300_000, "larger")]
)
def test_files_that_are_no_recipe(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=reason):
        order(os.fspath(path))
