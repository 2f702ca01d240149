"""The documentation says what is true: help pages, README commands, schema, decisions."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from voicectl import config
from voicectl.cli.elsewhere import INSTEAD
from voicectl.cli.flags import FLAGS
from voicectl.cli.main import application
from voicectl.errors import ExitStatus

ROOT = Path(__file__).parents[2]
SITE_PAGES = ("operations", "live-calls", "recipes")
"""Where everything stands that a site can configure."""
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


def commands(words: tuple[str, ...] = (), command: object = None) -> list[tuple[str, ...]]:
    found = command or typer.main.get_command(application())
    children = getattr(found, "commands", {})
    return [
        words,
        *(line for name in children for line in commands((*words, name), children[name])),
    ]


def test_the_help_pages_in_the_docs_are_those_of_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", str(ROOT / "docs" / "cli.md")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, "run: cog -r docs/cli.md\n" + done.stderr


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_is_documented(words: tuple[str, ...]) -> None:
    assert f"## `{' '.join(('voicectl', *words))}`" in (ROOT / "docs" / "cli.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    """Return the places of a page that links can lead to."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_headings(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
        assert anchor in anchors(page.parent / target if target else page), f"{target}#{anchor}"


@pytest.mark.parametrize("section", config._SECTIONS, ids=str)
def test_every_key_of_the_config_is_told_of(section: str) -> None:
    pages = "".join((ROOT / "docs" / f"{name}.md").read_text() for name in SITE_PAGES)
    for key in config._SECTIONS[section].__struct_fields__:
        assert re.search(rf"\b{key}\b", pages), f"{section}.{key}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_exist(page: Path) -> None:
    known = set(commands())
    for block in re.findall(r"```(?:sh|text)?\n(.*?)```", page.read_text(), re.DOTALL):
        for line in re.findall(r"^(?:\$ )?voicectl ([a-z]+)(?: ([a-z]+)\b)?", block, re.MULTILINE):
            if line[0] in {"usage"}:
                continue
            assert (line[0],) in known, f"{page.name}: voicectl {line[0]}"
            if any(len(words) == 2 and words[0] == line[0] for words in known) and line[1]:
                assert line in known, f"{page.name}: voicectl {' '.join(line)}"


def test_the_readme_lists_every_exit_status() -> None:
    text = (ROOT / "README.md").read_text()
    for status in ExitStatus:
        assert re.search(rf"^\| {int(status)} \|", text, re.MULTILINE), status


def test_the_schema_page_names_every_column() -> None:
    schema = (ROOT / "daemon" / "voicectl_daemon" / "store.sql").read_text()
    page = (ROOT / "docs" / "store.md").read_text()
    views = re.findall(r"CREATE VIEW (\w+)", schema)
    assert len(views) > 2
    for view in views:
        assert f"| `{view}` |" in page
    for column in re.findall(r'\b[cst]\."?(\w+)"?', schema.split("CREATE VIEW", 1)[1]):
        assert re.search(rf"\b{column}\b", page) or column in {"latest", "key"}, column


def flags_in(text: str) -> set[str]:
    return {flag.replace("_", "-") for flag in re.findall(r"--\w[\w-]*", text)}


def test_what_is_said_to_those_who_come_from_other_tools() -> None:
    """A flag that is the same is here, as is every flag that is named instead; others are not."""
    known = flags_in(" ".join(flag.names for flag in FLAGS))
    page = (ROOT / "docs" / "compare.md").read_text().split("## Coming from", 1)[1]
    rows = re.findall(r"^\| (.*--.*|`.*) \| (.*) \|$", page, re.MULTILINE)
    assert len(rows) > 25
    for there, here in rows:
        assert flags_in(here) <= known, here
        if here.startswith(("the same", "accepted")):
            assert flags_in(there) <= known, there
        if here.startswith("none"):
            assert not flags_in(there) & known, there
    for flag, instead in INSTEAD.items():
        assert flag not in known
        assert flags_in(instead) <= known
        assert flag in flags_in(page) or flag == "--live-input-device", flag
