"""`voicectl report` as people and programs get it."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from tests.daemon.conftest import WHEN, record
from voicectl.render.page import page
from voicectl.reporting import Column, Figures, Report
from voicectl_daemon import reports
from voicectl_daemon.store import Store

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

EVIL = '<script>alert("1")</script>\x1b[31m'
COLUMNS = (Column("calls"), Column("audio", "seconds"), Column("urgent"))
REPORT = Report(
    "2026-11-01T00:00:00+00:00", "2026-11-03T00:00:00+00:00", "day", "UTC", 5,
    datetime(2026, 11, 21, tzinfo=UTC),
    (
        Figures("all", "In all", "", (Column("", "name"), *COLUMNS), (("all calls", 41, 9.0, 3),)),
        Figures(
            "groups", "By day", "About it.", (Column("day", "name"), *COLUMNS),
            (("2026-11-01", 30, 5.0, 3), ("2026-11-02", "<5", "hidden", "hidden")),
        ),
        Figures(
            "categories", "Categories", "", (Column("category", "name"), Column("calls")),
            ((EVIL, 11), (None, 2)),
        ),
        Figures(
            "quality", "Quality", "",
            (Column("criterion", "name"), Column("assessed"), Column("yes"), Column("partly"),
             Column("no"), Column("met", "share")),
            (("opening", 10, 5, 3, 2, 0.65),),
        ),
        Figures("risks", "Urgent words", "", (Column("kind", "name"), Column("calls"))),
    ),
)  # fmt: skip


class Reader(HTMLParser):
    """Reads a page as strictly as XML: what is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    text = page(REPORT)
    read = Reader(text)
    assert read.open == []
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(read.tags)
    names = {name for name, _ in read.attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"href", "src", "style"}
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text
    assert "\x1b" not in text


def test_every_chart_has_its_table() -> None:
    read = Reader(page(REPORT))
    charts = [value for name, value in read.attributes if name == "aria-label"]
    assert read.tags.count("figure") == read.tags.count("table") == 3
    assert "Categories: calls by category" in charts


def test_what_is_hidden_is_not_in_the_page() -> None:
    text = page(REPORT)
    assert "&lt;5" in text
    assert "Counts of 1 to 4 are hidden" in text
    assert "Calls, 2026-11-01 to 2026-11-02" in text


def test_the_command_tells_and_writes(settled: Cli) -> None:
    told = settled.run("report")
    assert told.status == 0, told.stderr
    assert re.search(r"^en +1 ", told.stdout, re.MULTILINE)
    assert re.search(r"^undecodable +1$", told.stdout, re.MULTILINE)
    rows = list(csv.DictReader(settled.run("report", "--csv").stdout.splitlines()))
    assert {"table": "all", "group": "all calls", "figure": "calls", "value": "1"} in rows
    read = settled.run("report", "--json", "--by", "agent").json
    assert read["by"] == "agent"
    written = settled.run("report", "--html", "page.html", "--min-count", "5")
    assert written.stdout.strip() == str(settled.folder / "page.html")
    assert "&lt;5" in (settled.folder / "page.html").read_text()


FORMULA = '=HYPERLINK("http://x")'


def test_what_somebody_named_is_no_formula(cli: Cli) -> None:
    cli.home.mkdir(mode=0o700, parents=True)
    store = Store(cli.site.home.store)
    made = record("aaa", FORMULA, labels=())
    store.save(replace(made, audio=replace(made.audio, agent=FORMULA)), "key")
    store.close()
    query = "select agent, seconds - 1000 as less from calls"
    for words in (("report", "--csv", "--by", "agent"), ("sql", query, "--csv")):
        rows = list(csv.reader(cli.run(*words).stdout.splitlines()))
        cells = [cell for row in rows for cell in row]
        assert f"'{FORMULA}" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "'-"))]


def test_whoever_gets_less_than_there_is_is_told(cli: Cli) -> None:
    cli.home.mkdir(mode=0o700, parents=True)
    store = Store(cli.site.home.store)
    for name, days in (("aaa", 0), ("bbb", 2 * reports.MOST_ROWS)):
        store.save(record(name, created=WHEN - timedelta(days=days)), name)
    store.close()
    for words in ((), ("--csv",), ("--html", "page.html")):
        assert "By day: only 1,000 rows" in cli.run("report", *words).stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--from", "yesterday"), "--from: 'yesterday' is no date"),
        (("--by", "colour"), "--by: 'colour' is none of: day, week"),
        (("--zone", "Mars"), "there is no time zone 'Mars'"),
        (("--csv", "--json"), "exclude each other"),
    ],
)
def test_what_makes_no_sense_is_refused(cli: Cli, flags: tuple[str, ...], said: str) -> None:
    ran = cli.run("report", *flags)
    assert ran.status == 2
    assert said in ran.stderr
