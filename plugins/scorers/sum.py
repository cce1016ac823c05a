"""Scorer `sum`: points are added up."""

from __future__ import annotations

from examhall.plugins import Scorer, hookimpl
from examhall.plugins.scorers.shared import PointsScorer


class Sum(PointsScorer):
    """Adds up what the items earn, with or without partial credit."""

    key = "sum"
    version = "1.0.0"
    title = "Sum of points"
    summary = "Adds up points, with or without partial credit, with a pass mark and grades."


@hookimpl
def examhall_scorers() -> list[Scorer]:
    """Return the scorer that adds up."""
    return [Sum()]
