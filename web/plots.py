"""Plots as SVG, drawn on the server: no script, no fonts of their own, colours from the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 640, 220
LEFT, BOTTOM, TOP = 36, 24, 10


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a plot; `tone` is a class of the style sheet."""

    label: str
    value: float
    tone: str = "k0"
    title: str = ""


def histogram(bars: Sequence[Bar], name: str, every: int = 1) -> Markup:
    """Draw bars side by side over a scale; each `every`-th is labelled below.

    The plot is an image with `name` for those who do not see it: put a table beside it.
    """
    most = max((bar.value for bar in bars), default=0) or 1
    step = (WIDTH - LEFT) / max(1, len(bars))
    height = HEIGHT - BOTTOM - TOP
    parts = [_scale(most, height)]
    for place, bar in enumerate(bars):
        size = height * bar.value / most
        x, y = LEFT + place * step, TOP + height - size
        parts.append(
            f'<rect class="{escape(bar.tone)}" x="{x + 1:.1f}" y="{y:.1f}"'
            f' width="{step - 2:.1f}" height="{size:.1f}" rx="2">'
            f"<title>{escape(bar.title or f'{bar.label}: {bar.value:g}')}</title></rect>"
        )
        if place % every == 0:
            parts.append(
                f'<text x="{x + step / 2:.1f}" y="{HEIGHT - 6}" text-anchor="middle">'
                f"{escape(bar.label)}</text>"
            )
    return _svg(name, "".join(parts), HEIGHT)


def spread(shares: Sequence[int], name: str) -> Markup:
    """Draw a small histogram without a scale, for the row of a table."""
    most = max(shares, default=0) or 1
    step = 80 / max(1, len(shares))
    bars = "".join(
        f'<rect class="k0" x="{place * step:.1f}" y="{24 - 22 * value / most:.1f}"'
        f' width="{step - 1:.1f}" height="{22 * value / most:.1f}"/>'
        for place, value in enumerate(shares)
    )
    return Markup(  # noqa: S704 - numbers and escaped text alone
        f'<svg class="spread" viewBox="0 0 80 24" role="img" aria-label="{escape(name)}">{bars}'
        '<line x1="0" y1="24" x2="80" y2="24"/></svg>'
    )


def _scale(most: float, height: float) -> str:
    lines = []
    for part in (0, 0.5, 1):
        y = TOP + height * (1 - part)
        lines.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH}" y2="{y:.1f}"/>')
        lines.append(
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{most * part:g}</text>'
        )
    return f'<g class="grid">{"".join(lines)}</g>'


def _svg(name: str, inner: str, height: int) -> Markup:
    return Markup(  # noqa: S704 - numbers and escaped text alone
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{escape(name)}">{inner}</svg>'
    )
