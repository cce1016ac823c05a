"""The analysis of an exam: figures with what they mean, plots, what was answered, as CSV too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response, render_template

from examhall.core.analysis.figures import ExamFigures
from examhall.core.analysis.operations import (
    ExamAnalysis,
    QuestionAnalysis,
    analyse_exam,
    analyse_question,
)
from examhall.core.exams.queries import get_exam
from examhall.web.context import platform, principal
from examhall.web.csv_files import csv_file
from examhall.web.pages.questions import type_titles
from examhall.web.plots import Bar, histogram, spread

blueprint = Blueprint("analysis", __name__, url_prefix="/exams")

EASY, HARD = 0.9, 0.25
WEAK = 15.0
AGAINST = -5.0
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Word:
    """A figure for people: its name, its value, and what it says."""

    name: str
    value: str
    meaning: str


@blueprint.get("/<uuid:exam_id>/analysis")
def index(exam_id: UUID) -> str:
    """Show how an exam and its questions did."""
    found = analyse_exam(platform(), principal(), exam_id)
    with platform().db.reading() as session:
        exam = get_exam(session, principal(), exam_id)
    bars = _total_bars(found)
    return render_template(
        "exams/analysis.html",
        exam=exam,
        analysis=found,
        words=_words(found.figures, found.max_points),
        bars=bars,
        plot=histogram(bars, "How many attempts earned how much", every=4),
        facilities=_facility_plot(found.questions),
        spreads={one.question_id: _spread(one) for one in found.questions},
        remarks={one.question_id: remarks(one) for one in found.questions},
        types=type_titles(),
        share=share,
        number=number,
    )


@blueprint.get("/<uuid:exam_id>/analysis.csv")
def download(exam_id: UUID) -> Response:
    """Hand out the figures of all questions."""
    found = analyse_exam(platform(), principal(), exam_id)
    head = (
        "question",
        "title",
        "type",
        "points",
        "attempts",
        "facility",
        "standard_deviation",
        "random_guess",
        "intended_weight",
        "effective_weight",
        "discrimination_index",
        "discriminative_efficiency",
        "point_biserial",
    )
    rows = (
        (
            one.position,
            one.title,
            one.type,
            one.max_points,
            one.figures.count,
            one.figures.facility,
            one.figures.deviation,
            one.guess,
            one.intended_weight,
            one.effective_weight,
            one.figures.discrimination_index,
            one.figures.discriminative_efficiency,
            one.figures.point_biserial,
        )
        for one in found.questions
    )
    return csv_file("analysis.csv", head, rows)


@blueprint.get("/<uuid:exam_id>/analysis/<uuid:question_id>")
def question(exam_id: UUID, question_id: UUID) -> str:
    """Show what was answered to one question."""
    found = analyse_question(platform(), principal(), exam_id, question_id)
    with platform().db.reading() as session:
        exam = get_exam(session, principal(), exam_id)
    one = found.question
    tenths = [
        Bar(f"{place * 10} %", count, title=f"{place * 10} to {place * 10 + 10} %: {count}")
        for place, count in enumerate(one.histogram)
    ]
    return render_template(
        "exams/question_analysis.html",
        exam=exam,
        found=found,
        words=_question_words(one),
        bars=tenths,
        plot=histogram(tenths, "How many responses earned which share of the points"),
        remarks=remarks(one),
        types=type_titles(),
        share=share,
    )


@blueprint.get("/<uuid:exam_id>/analysis/<uuid:question_id>.csv")
def download_question(exam_id: UUID, question_id: UUID) -> Response:
    """Hand out the classes of responses to a question."""
    found = analyse_question(platform(), principal(), exam_id, question_id)
    head = ("response", "share_of_points", "count", "share")
    rows = ((one.label, one.fraction, one.count, one.share) for one in found.classes)
    return csv_file("responses.csv", head, rows)


def share(value: float | None) -> str:
    """Write a share for people: `62.5 %`."""
    return NOTHING if value is None else f"{100 * float(value):.1f} %"


def number(value: float | None, unit: str = "") -> str:
    """Write a figure for people, with two places at most."""
    if value is None:
        return NOTHING
    return f"{value:.2f}".rstrip("0").rstrip(".") + (f" {unit}" if unit else "")


def remarks(one: QuestionAnalysis) -> list[tuple[str, str]]:
    """Return what an author should look at, each with the tone of its chip."""
    found: list[tuple[str, str]] = []
    figures = one.figures
    if figures.facility is None or figures.count < 5:
        return found
    if figures.facility > EASY:
        found.append(("Very easy", ""))
    if figures.facility < HARD:
        found.append(("Very hard", "warn"))
    if one.guess is not None and figures.facility < float(one.guess):
        found.append(("Below guessing", "bad"))
    index = figures.discrimination_index
    if index is not None and index < AGAINST:
        found.append(("Works against the rest: look at the key", "bad"))
    elif index is not None and index < WEAK:
        found.append(("Tells little apart", "warn"))
    return found


def _words(figures: ExamFigures, most: float) -> list[Word]:
    whole = f"of {number(most)}"
    return [
        Word("Mean", f"{number(figures.mean)} {whole}", "What an attempt earned on average."),
        Word("Median", number(figures.median), "Half of the attempts earned more, half less."),
        Word("Standard deviation", number(figures.deviation), "How far points lie apart."),
        Word(
            "Skewness",
            number(figures.skewness),
            "Below 0 more lie far below the mean than far above it.",
        ),
        Word(
            "Kurtosis", number(figures.kurtosis), "Above 0 more lie far out than in a bell curve."
        ),
        Word(
            "Cronbach's alpha",
            number(figures.alpha, "%"),
            "How well the questions go together: from 70 % on good, below 50 % doubtful."
            " It needs the same questions for everybody.",
        ),
        Word(
            "Error ratio",
            number(figures.error_ratio, "%"),
            "The part of the differences that is chance.",
        ),
        Word(
            "Standard error",
            number(figures.standard_error),
            "Two of three points lie so near to what a candidate would earn again and again.",
        ),
    ]


def _question_words(one: QuestionAnalysis) -> list[Word]:
    figures = one.figures
    return [
        Word("Facility", share(figures.facility), "The share of the points earned on average."),
        Word("Standard deviation", share(figures.deviation), "How far these shares lie apart."),
        Word(
            "Random guess",
            share(None if one.guess is None else float(one.guess)),
            "What blind guessing earns.",
        ),
        Word(
            "Weight",
            f"{number(one.effective_weight, '%')} for {number(one.intended_weight, '%')}",
            "What it adds to the differences between candidates, for its share of the points.",
        ),
        Word(
            "Discrimination index",
            number(figures.discrimination_index, "%"),
            "How well it agrees with the rest of the exam: from 30 % on good, below 0 look at"
            " the key.",
        ),
        Word(
            "Discriminative efficiency",
            number(figures.discriminative_efficiency, "%"),
            "That agreement, beside the best that so easy a question could have.",
        ),
        Word(
            "Point-biserial",
            number(figures.point_biserial, "%"),
            "How it goes together with the whole result.",
        ),
    ]


def _total_bars(found: ExamAnalysis) -> list[Bar]:
    width = 100 // max(1, len(found.histogram))
    return [
        Bar(
            f"{place * width} %",
            count,
            title=f"{place * width} to {(place + 1) * width} %: {count} attempts",
        )
        for place, count in enumerate(found.histogram)
    ]


def _facility_plot(questions: Sequence[QuestionAnalysis]) -> str:
    bars = [
        Bar(
            str(one.position),
            round(100 * (one.figures.facility or 0), 1),
            "k2" if any(tone == "bad" for _, tone in remarks(one)) else "k0",
            f"{one.position}. {one.title}: {share(one.figures.facility)}",
        )
        for one in questions
    ]
    return histogram(bars, "Facility of each question, in percent", max(1, len(bars) // 20))


def _spread(one: QuestionAnalysis) -> str:
    low, high = one.histogram[0], one.histogram[-1]
    return spread(one.histogram, f"{low} earned next to nothing, {high} next to all")
