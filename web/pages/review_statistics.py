"""Irregularities over an exam: figures, plots and a table, none of which is a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template

from examhall.core.proctoring.incidents import incident_title
from examhall.core.review.figures import (
    BINS,
    ExamFigures,
    KindFigures,
    against_median,
)
from examhall.core.review.rules import OUTCOME_WORDS, Outcome
from examhall.core.review.statistics import analyse_irregularities
from examhall.web.context import platform, principal
from examhall.web.csv_files import csv_file
from examhall.web.pages.review import STATE_WORDS, TONES
from examhall.web.plots import Bar, histogram

blueprint = Blueprint("review_statistics", __name__, url_prefix="/review/statistics")

HEAD = (
    "candidate",
    "state",
    "outcome",
    "appeal",
    "hours",
    "incidents",
    "incidents_an_hour",
    "times_the_median",
    "dismissed",
    "technical",
    "integrity",
)


@blueprint.get("/<uuid:exam_id>")
def show(exam_id: UUID) -> str:
    """Show the figures over an exam's closed sessions."""
    with platform().db.reading() as session:
        title, found = analyse_irregularities(session, principal(), exam_id)
    scores, kinds = _score_bars(found), _kind_bars(found.kinds)
    return render_template(
        "review/statistics.html",
        exam_id=exam_id,
        title=title,
        found=found,
        scores=scores,
        kinds=kinds,
        score_plot=histogram(scores, "How many sessions have which integrity score"),
        kind_plot=histogram(kinds, "How many incidents there are of each kind"),
        title_of=title_of,
        compare=lambda one: against_median(one.rate, found.median_rate),
        outcomes=[(Outcome(key), number) for key, number in sorted(found.outcomes.items())],
        words=OUTCOME_WORDS,
        tones=TONES,
        states=STATE_WORDS,
    )


@blueprint.get("/<uuid:exam_id>.csv")
def download(exam_id: UUID) -> Response:
    """Hand out a row for each session, with a column for each kind of incident."""
    with platform().db.reading() as session:
        _, found = analyse_irregularities(session, principal(), exam_id)
    kinds = sorted({one.kind for one in (*found.kinds, *found.technical)})
    return csv_file("irregularities.csv", (*HEAD, *kinds), _rows(found, kinds))


def title_of(kind: str) -> str:
    """Return the words for a kind of incident."""
    return incident_title(platform().plugins, kind)


def _rows(found: ExamFigures, kinds: list[str]) -> Iterable[tuple[Any, ...]]:
    for one in found.sessions:
        counts = [
            sum(number for (kind, _), number in one.incidents.items() if kind == wanted)
            for wanted in kinds
        ]
        yield (
            one.candidate,
            one.state,
            one.outcome,
            one.appeal,
            one.hours,
            one.number,
            one.rate,
            against_median(one.rate, found.median_rate),
            one.dismissed,
            one.technical,
            one.integrity,
            *counts,
        )


def _score_bars(found: ExamFigures) -> list[Bar]:
    width = 100 // BINS
    return [
        Bar(
            str(place * width),
            count,
            title=f"{place * width} to {(place + 1) * width}: {count} sessions",
        )
        for place, count in enumerate(found.integrity)
    ]


def _kind_bars(kinds: Iterable[KindFigures]) -> list[Bar]:
    return [
        Bar(str(place), one.total, title=f"{place}. {title_of(one.kind)}: {one.total}")
        for place, one in enumerate(kinds, start=1)
    ]
