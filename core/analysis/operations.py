"""The analysis of an exam: its figures, those of each question, and what was answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from examhall.core.analysis.figures import (
    ExamFigures,
    ItemFigures,
    effective_weights,
    exam_figures,
    histogram,
    intended_weights,
    item_figures,
)
from examhall.core.analysis.reading import (
    Marks,
    MarkSheet,
    find_fingerprint,
    read_marks,
    read_responses,
)
from examhall.core.contracts.question_type import (
    FormatErrors,
    QuestionType,
    ResponseClass,
    Variant,
)
from examhall.core.errors import NotFoundError, PluginCallError, PluginError
from examhall.core.exams.models import QuestionVersion
from examhall.core.exams.queries import get_exam
from examhall.core.permissions import Permission, Principal
from examhall.core.scoring.results import PARSED

if TYPE_CHECKING:
    from examhall.core.platform import Platform

BINS = 20
MOST_CLASSES = 50
MOST_KNOWN = 32
NO_ANSWER = ResponseClass("", "No answer", Decimal(0))
UNREADABLE = ResponseClass("?", "Could not be read", Decimal(0))
OTHER = ResponseClass("*", "Anything else")


@dataclass(frozen=True, slots=True)
class QuestionAnalysis:
    """How one question did in an exam; `guess` is what blind guessing earns (0 to 1)."""

    question_id: UUID
    position: int
    title: str
    type: str
    max_points: float
    figures: ItemFigures
    intended_weight: float
    effective_weight: float | None
    guess: Decimal | None
    histogram: Sequence[int]


@dataclass(frozen=True, slots=True)
class ExamAnalysis:
    """How an exam did: attempts that are handed in and completely marked, by their newest scores.

    `histogram` counts totals in twenty equal parts of the points.
    """

    exam_id: UUID
    figures: ExamFigures
    max_points: float
    passed: int
    failed: int
    waiting: int
    histogram: Sequence[int]
    questions: Sequence[QuestionAnalysis]


_known: dict[tuple[UUID, str], ExamAnalysis] = {}
"""What was worked out last: the same as long as the exam's scores are."""


@dataclass(frozen=True, slots=True)
class ClassCount:
    """A class of responses: how many gave it, their share (0 to 1), what it earns."""

    key: str
    label: str
    fraction: Decimal | None
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class QuestionResponses:
    """What was answered to a question; with several choices a response is in several classes."""

    question: QuestionAnalysis
    responses: int
    classes: Sequence[ClassCount]


def analyse_exam(platform: Platform, principal: Principal, exam_id: UUID) -> ExamAnalysis:
    """Return the figures of an exam and its questions; needs `scores.read` for it."""
    with platform.db.reading() as session:
        get_exam(session, principal, exam_id, Permission.SCORES_READ)
        fingerprint = find_fingerprint(session, exam_id)
    key = (exam_id, fingerprint)
    found = _known.get(key)
    if found is None:
        found = _analyse(platform, exam_id)
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[key] = found
    return found


def analyse_question(
    platform: Platform, principal: Principal, exam_id: UUID, question_id: UUID
) -> QuestionResponses:
    """Return what was answered to a question of an exam, in the classes of its question type.

    Raises NotFoundError where no finished attempt has the question.
    """
    analysis = analyse_exam(platform, principal, exam_id)
    found = [one for one in analysis.questions if one.question_id == question_id]
    if not found:
        raise NotFoundError("No finished attempt of this exam has the question.")
    with platform.db.reading() as session:
        rows = read_responses(session, exam_id, question_id)
    counts: Counter[ResponseClass] = Counter()
    variants = [Variant(row.public, row.secret) for row in rows]
    classes = classify(platform, found[0].type, variants, [dict(row.raw) for row in rows])
    for row, given in zip(rows, classes, strict=True):
        for one in given:
            counts[one] += row.count
    total = sum(row.count for row in rows)
    return QuestionResponses(found[0], total, _most_frequent(counts, total))


def classify(
    platform: Platform,
    type_key: str,
    variants: Sequence[Variant],
    raws: Sequence[dict[str, object]],
) -> list[list[ResponseClass]]:
    """Return the classes of each response; what a type cannot say is in the class of the rest."""
    plugins = platform.plugins
    try:
        plugin = plugins.question_type(type_key)
    except PluginError:
        return [[OTHER] for _ in raws]
    parsed = plugins.call_all(
        plugin, "parse", list(zip(variants, raws, strict=True)), expect=PARSED
    )
    readable = [
        (place, (variants[place], response))
        for place, response in enumerate(parsed)
        if not isinstance(response, FormatErrors | PluginCallError) and response.data
    ]
    answers = plugins.call_all(
        plugin, "classify", [call for _, call in readable], expect=list[ResponseClass]
    )
    classes = [[UNREADABLE if isinstance(one, FormatErrors) else NO_ANSWER] for one in parsed]
    for (place, _), given in zip(readable, answers, strict=True):
        classes[place] = [OTHER] if isinstance(given, PluginCallError) or not given else given
    return classes


def _analyse(platform: Platform, exam_id: UUID) -> ExamAnalysis:
    with platform.db.reading() as session:
        marks = read_marks(session, exam_id)
        versions = {
            sheet.question_id: session.get_one(QuestionVersion, sheet.version_id)
            for sheet in marks.sheets
        }
    sums = _sum_marks(marks)
    figures = [_item_figures(sheet, sums) for sheet in marks.sheets]
    totals = list(marks.totals.values())
    everybody = len(totals)
    # What earns nothing, such as a description, is no item of the test.
    earning = [
        one for one, sheet in zip(figures, marks.sheets, strict=True) if sheet.max_points > 0
    ]
    # Alpha supposes that all had the same items.
    same = everybody > 1 and all(one.count == everybody for one in earning)
    variances = [one.mark_variance or 0.0 for one in earning]
    return ExamAnalysis(
        exam_id=exam_id,
        figures=exam_figures(totals, variances if same else (), list(sums.values())),
        max_points=marks.max_points,
        passed=marks.passed,
        failed=marks.failed,
        waiting=marks.waiting,
        histogram=histogram(totals, marks.max_points, BINS),
        questions=_describe(platform, marks, figures, versions),
    )


def _sum_marks(marks: Marks) -> dict[UUID, float]:
    """Return what each attempt's items earned together.

    A scorer may weigh, leave out or lift: an item compared with such a total less its own points
    would seem to work against the others.
    """
    sums = dict.fromkeys(marks.totals, 0.0)
    for sheet in marks.sheets:
        for attempt_id, points in sheet.marks.items():
            sums[attempt_id] += points
    return sums


def _item_figures(sheet: MarkSheet, sums: Mapping[UUID, float]) -> ItemFigures:
    points = list(sheet.marks.values())
    totals = [sums[attempt_id] for attempt_id in sheet.marks]
    others = [total - mark for total, mark in zip(totals, points, strict=True)]
    return item_figures(points, others, sheet.max_points, totals)


def _describe(
    platform: Platform,
    marks: Marks,
    figures: Sequence[ItemFigures],
    versions: dict[UUID, QuestionVersion],
) -> list[QuestionAnalysis]:
    effective = effective_weights(figures)
    intended = intended_weights([sheet.max_points for sheet in marks.sheets])
    found = [
        QuestionAnalysis(
            question_id=sheet.question_id,
            position=sheet.position,
            title=sheet.title,
            type=sheet.type,
            max_points=sheet.max_points,
            figures=figures[place],
            intended_weight=intended[place],
            effective_weight=effective[place],
            guess=_guess(platform, versions[sheet.question_id]),
            histogram=histogram(list(sheet.marks.values()), sheet.max_points, 10),
        )
        for place, sheet in enumerate(marks.sheets)
    ]
    return sorted(found, key=lambda one: one.position)


def _guess(platform: Platform, version: QuestionVersion) -> Decimal | None:
    plugins = platform.plugins
    try:
        plugin: QuestionType = plugins.question_type(version.type)
        content = version.content
        if version.content_version != plugin.content_version:
            content = plugins.call(plugin, "migrate", content, version.content_version, expect=dict)
        guess: Decimal | None = plugins.call(
            plugin, "random_guess_score", content, expect=(Decimal, type(None))
        )
    except PluginError:
        return None
    return guess


def _most_frequent(counts: Counter[ResponseClass], total: int) -> list[ClassCount]:
    """Return the classes, the most frequent first; rare ones beyond MOST_CLASSES together."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].label, pair[0].key))
    shown = ordered[:MOST_CLASSES]
    rest = sum(count for _, count in ordered[MOST_CLASSES:])
    if rest:
        shown.append((OTHER, rest))
    return [
        ClassCount(one.key, one.label, one.fraction, count, count / total if total else 0.0)
        for one, count in shown
    ]
