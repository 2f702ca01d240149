"""Small charts as SVG: no library, no script, nothing fetched; colours come from the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 720
"""In units of the picture, which grows and shrinks with the page."""
HEIGHT, LEFT, BELOW, ABOVE = 200, 44, 26, 10
LINE, NAMES, BEHIND = 26, 190, 96
"""Of lying bars: height of a row, room for names, room for figures."""
MOST_LABELS = 8
LONGEST_NAME = 26
"""Characters."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; a figure that is hidden is told, not drawn."""

    name: str
    values: tuple[float | None, ...]
    """Parts that lie upon each other for standing bars, beside each other for lying ones."""
    told: str
    """What its figure is, in words."""


def standing(title: str, bars: Sequence[Bar], series: Sequence[str]) -> str:
    """Return bars that stand side by side, as steps of time; the parts are parts of the first."""
    top = _ceiling(max((value or 0 for bar in bars for value in bar.values), default=0))
    room = (WIDTH - LEFT) / max(len(bars), 1)
    wide = max(0.5, min(room * 0.8, 40))
    drawn = []
    for at, bar in enumerate(bars):
        middle = LEFT + room * (at + 0.5)
        parts = "".join(
            _rect(middle - wide / 2, _y(value, top), wide, _y(0, top) - _y(value, top), number)
            for number, value in enumerate(bar.values)
            if value
        )
        drawn.append(f"<g>{_tip(f'{bar.name}: {bar.told}')}{parts}</g>")
    every = math.ceil(len(bars) / MOST_LABELS)
    names = [
        _text(LEFT + room * (at + 0.5), HEIGHT + ABOVE + 18, bar.name, "middle")
        for at, bar in enumerate(bars)
        if at % every == 0
    ]
    return _svg(
        title, HEIGHT + ABOVE + BELOW, [_legend(series), *_grid(top), *drawn, *names], series
    )


def lying(title: str, bars: Sequence[Bar], series: Sequence[str]) -> str:
    """Return bars that lie one below the other, each with its name and its figure."""
    most = max((sum(value or 0 for value in bar.values) for bar in bars), default=0) or 1
    room = WIDTH - NAMES - BEHIND
    drawn = []
    for at, bar in enumerate(bars):
        y, x = LINE * at + 4.0, float(NAMES)
        parts = [_text(NAMES - 8, y + 14, _short(bar.name), "end")]
        for number, value in enumerate(bar.values):
            long = room * (value or 0) / most
            parts.append(_rect(x, y, long, LINE - 8, number))
            x += long
        parts.append(_text(x + 6, y + 14, bar.told, "start"))
        drawn.append(f"<g>{_tip(f'{bar.name}: {bar.told}')}{''.join(parts)}</g>")
    return _svg(title, LINE * len(bars) + 4, [_legend(series), *drawn], series)


def _svg(title: str, height: float, parts: Sequence[str], series: Sequence[str]) -> str:
    name = escape(title)
    legend = parts[0] if len(series) > 1 else ""
    box = f'viewBox="0 0 {WIDTH} {height:g}"'
    kind = "three" if len(series) > 2 else "one"
    chart = f'<svg class="{kind}" {box} role="img" aria-label="{name}">{"".join(parts[1:])}</svg>'
    return legend + chart


def _legend(series: Sequence[str]) -> str:
    """Return what the colours mean, as a line of the page."""
    keys = "".join(
        f'<li><svg viewBox="0 0 12 12" aria-hidden="true">{_rect(0, 0, 12, 12, number)}</svg>'
        f"{escape(name)}</li>"
        for number, name in enumerate(series)
    )
    return f'<ul class="legend {"three" if len(series) > 2 else "one"}">{keys}</ul>'


def _grid(top: float) -> list[str]:
    """Return the lines behind standing bars, with what they stand for."""
    lines = []
    for step in range(3):
        value = top * step / 2
        y = _y(value, top)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(_text(LEFT - 6, y + 4, f"{value:,.0f}", "end"))
    return lines


def _ceiling(most: float) -> float:
    """Return a round number above, whose half is whole."""
    if most <= 2:
        return 2
    power: int = 10 ** math.floor(math.log10(most))
    return next(step * power for step in (2, 4, 6, 8, 10, 20) if step * power >= most)


def _y(value: float, top: float) -> float:
    return ABOVE + HEIGHT * (1 - value / top)


def _rect(x: float, y: float, wide: float, high: float, number: int) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"'
    return f'<rect class="s{number}" {where}/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _tip(text: str) -> str:
    return f"<title>{escape(text)}</title>"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
