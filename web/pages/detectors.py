"""Detectors for admins and auditors: how each is, and what it was last measured to be worth."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template

from examhall.core.proctoring.evaluations import list_detectors
from examhall.web.context import platform, principal

COUNTS = frozenset({"samples", "windows", "pairs", "frames", "away", "found"})
"""Figures that are no shares, even where they are 0 or 1."""

blueprint = Blueprint("detectors", __name__, url_prefix="/admin/detectors")


@blueprint.get("")
def index() -> str:
    """Show all detectors."""
    found = list_detectors(platform(), principal())
    return render_template("detectors/list.html", detectors=found, columns=_columns, told=_told)


def _columns(groups: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the names of all figures that any group has, in the order of their first sight."""
    return list(dict.fromkeys(name for figures in groups.values() for name in figures))


def _told(name: str, value: float | None) -> str:
    """Return a figure for people: counts as they are, shares with two places."""
    if value is None:
        return "-"
    is_count = name in COUNTS or (value == int(value) and value > 1)
    return f"{value:.0f}" if is_count else f"{value:.2f}"
