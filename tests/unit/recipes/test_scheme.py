"""Schemes as sites write them, and corrections that become examples."""

from __future__ import annotations

import pytest

from voicectl.errors import UnknownName, UsageError
from voicectl_recipes import scheme

TWO = """
title = "ours"
[[category]]
name = "a"
title = "A"
description = "About a."
[[category]]
name = "b"
title = "B"
examples = ["This is b."]
parent = "a"
"""


def test_a_site_writes_its_own() -> None:
    ours = scheme.read(TWO.encode(), "ours.toml")
    assert [each.name for each in ours.category] == ["a", "b"]
    assert ours.find("b").parent == "a"
    assert ours.find("a").words == ("About a.",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("title = ", "titel = "), "titel"),
        (('name = "b"', 'name = "a"'), "two categories called 'a'"),
        (('parent = "a"', 'parent = "c"'), "parent 'c', which does not exist"),
        (('parent = "a"', 'parent = "b"'), "its own ancestor"),
        (('examples = ["This is b."]', ""), "at least two categories"),
        (('name = "b"', 'name = "B b"'), "name"),
        (('parent = "a"', 'priority = "utmost"'), "utmost"),
        (('title = "ours"', 'title = "ours"\nthreshold = 1.5'), "threshold"),
        (("[[category]]", "[[category]"), "not TOML"),
    ],
)
def test_what_is_wrong_is_named(change: tuple[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        scheme.read(TWO.replace(*change).encode(), "ours.toml")
    assert "ours.toml" in refused.value.text


def test_a_ring_of_parents_is_refused() -> None:
    ring = TWO.replace('title = "A"', 'title = "A"\nparent = "b"')
    with pytest.raises(UsageError, match="its own ancestor"):
        scheme.read(ring.encode(), "ours.toml")


def test_binary_and_endless_files_are_refused() -> None:
    for text in (b"\xff\xfe\x00", b"#" * 2_000_000, b"a = " + b"[" * 100_000):
        with pytest.raises(UsageError, match=r"ours\.toml"):
            scheme.read(text, "ours.toml")


@pytest.mark.parametrize("name", ["child-helpline", "customer-care"])
def test_what_is_shipped_is_whole(name: str) -> None:
    shipped = scheme.builtin(name)
    assert shipped.usual
    for each in shipped.category:
        assert each.words or any(other.parent == each.name for other in shipped.category)
        assert not each.words or (each.description and len(each.examples) >= 2)


def test_the_child_helpline_knows_what_it_is_called_for() -> None:
    known = scheme.builtin("child-helpline")
    for name in ("physical_abuse", "sexual_abuse", "suicide_and_self_harm"):
        assert known.find(name).urgent
    assert known.find("silent_or_prank_call").otherwise
    with pytest.raises(UsageError, match="no category 'weather'") as refused:
        known.find("weather")
    assert "custody" in refused.value.hint


def test_a_scheme_nobody_ships() -> None:
    with pytest.raises(UnknownName, match="there is no scheme called 'child-help'") as refused:
        scheme.builtin("child-help")
    assert "child-helpline" in refused.value.hint
