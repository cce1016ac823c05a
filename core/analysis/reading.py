"""The marks and the responses that an analysis is about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, cast, func, select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord
from examhall.core.exams.models import ExamVersion, ExamVersionItem, Question, QuestionVersion
from examhall.core.scoring.models import ItemScoreRecord, ScoreRecord
from examhall.core.scoring.operations import SCORABLE

MOST_RESPONSES = 50_000
"""From so many responses to a question their classes are counted, the newest of them."""


@dataclass(slots=True)
class MarkSheet:
    """The points of one question: by attempt, with what the whole attempt earned."""

    question_id: UUID
    title: str
    type: str
    position: int
    max_points: float
    version_id: UUID
    marks: dict[UUID, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Marks:
    """All marks of an exam's finished attempts; `waiting` attempts are not marked completely."""

    sheets: Sequence[MarkSheet]
    totals: Mapping[UUID, float]
    max_points: float
    passed: int
    failed: int
    waiting: int


def find_fingerprint(session: Session, exam_id: UUID) -> str:
    """Return a text that changes whenever an exam's scores do."""
    row = session.execute(
        select(func.count(ScoreRecord.id), func.max(ScoreRecord.created_at))
        .join(Attempt, Attempt.id == ScoreRecord.attempt_id)
        .where(Attempt.exam_id == exam_id)
    ).one()
    states = session.scalar(
        select(func.count(Attempt.id)).where(
            Attempt.exam_id == exam_id, Attempt.state.in_(SCORABLE)
        )
    )
    return f"{row[0]} {row[1]} {states}"


def read_marks(session: Session, exam_id: UUID) -> Marks:
    """Return the newest marks of all attempts that are handed in and completely marked."""
    scores = session.execute(_newest_scores(exam_id)).all()
    complete = {row.attempt_id: row for row in scores if row.complete}
    sheets = _read_questions(session, exam_id)
    rows = session.connection().execute(_item_marks(exam_id)).all()
    for attempt_id, source_id, points in rows:
        # What was scored or published since the statements before is left for the next look.
        if attempt_id in complete and source_id in sheets:
            sheets[source_id].marks[attempt_id] = float(points)
    by_question: dict[UUID, MarkSheet] = {}
    for sheet in sheets.values():
        known = by_question.setdefault(sheet.question_id, sheet)
        known.marks.update(sheet.marks)
    return Marks(
        sheets=[sheet for sheet in by_question.values() if sheet.marks],
        totals={attempt_id: float(row.points) for attempt_id, row in complete.items()},
        max_points=max((float(row.max_points) for row in complete.values()), default=0.0),
        passed=sum(row.passed is True for row in complete.values()),
        failed=sum(row.passed is False for row in complete.values()),
        waiting=len(scores) - len(complete),
    )


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """A response with the edition that it answers, as JSON, and how often it was given."""

    public: Mapping[str, Any]
    secret: Mapping[str, Any]
    raw: Mapping[str, Any]
    fraction: Decimal | None
    count: int


def read_responses(session: Session, exam_id: UUID, question_id: UUID) -> list[ResponseRow]:
    """Return the responses to a question; equal ones to equal editions together."""
    newest = _newest_scores(exam_id).subquery()
    statement = (
        select(
            cast(AttemptItem.public, Text),
            cast(AttemptItem.secret, Text),
            cast(ResponseRecord.raw, Text),
            ItemScoreRecord.fraction,
        )
        .select_from(AttemptItem)
        .join(newest, newest.c.attempt_id == AttemptItem.attempt_id)
        .join(ExamVersionItem, ExamVersionItem.id == AttemptItem.exam_version_item_id)
        .join(QuestionVersion, QuestionVersion.id == ExamVersionItem.question_version_id)
        .join(ResponseRecord, ResponseRecord.item_id == AttemptItem.id, isouter=True)
        .join(
            ItemScoreRecord,
            and_(
                ItemScoreRecord.item_id == AttemptItem.id,
                ItemScoreRecord.score_id == newest.c.score_id,
            ),
            isouter=True,
        )
        .where(QuestionVersion.question_id == question_id)
        .order_by(newest.c.created_at.desc(), AttemptItem.id)
        .limit(MOST_RESPONSES)
    )
    counts: dict[Any, int] = {}
    for row in session.connection().execute(statement).all():
        key = tuple(row)
        counts[key] = counts.get(key, 0) + 1
    return [
        ResponseRow(
            json.loads(public), json.loads(secret), json.loads(raw or "{}"), fraction, count
        )
        for (public, secret, raw, fraction), count in counts.items()
    ]


def _newest_scores(exam_id: UUID) -> Any:
    newest = (
        select(ScoreRecord.attempt_id, func.max(ScoreRecord.version).label("version"))
        .join(Attempt, Attempt.id == ScoreRecord.attempt_id)
        .where(Attempt.exam_id == exam_id, Attempt.state.in_(SCORABLE))
        .group_by(ScoreRecord.attempt_id)
        .subquery()
    )
    return select(
        ScoreRecord.attempt_id,
        ScoreRecord.id.label("score_id"),
        ScoreRecord.points,
        ScoreRecord.max_points,
        ScoreRecord.complete,
        ScoreRecord.passed,
        ScoreRecord.created_at,
    ).join(
        newest,
        and_(
            newest.c.attempt_id == ScoreRecord.attempt_id, newest.c.version == ScoreRecord.version
        ),
    )


def _item_marks(exam_id: UUID) -> Any:
    newest = _newest_scores(exam_id).subquery()
    return (
        select(newest.c.attempt_id, AttemptItem.exam_version_item_id, ItemScoreRecord.points)
        .select_from(newest)
        .join(ItemScoreRecord, ItemScoreRecord.score_id == newest.c.score_id)
        .join(AttemptItem, AttemptItem.id == ItemScoreRecord.item_id)
        .where(newest.c.complete.is_(True), ItemScoreRecord.points.is_not(None))
    )


def _read_questions(session: Session, exam_id: UUID) -> dict[UUID, MarkSheet]:
    """Return an empty sheet for each place of each version; the newest version comes first."""
    rows = session.execute(
        select(ExamVersionItem, QuestionVersion.question_id, Question.title, Question.type)
        .join(ExamVersion, ExamVersion.id == ExamVersionItem.exam_version_id)
        .join(QuestionVersion, QuestionVersion.id == ExamVersionItem.question_version_id)
        .join(Question, Question.id == QuestionVersion.question_id)
        .where(ExamVersion.exam_id == exam_id)
        .order_by(ExamVersion.number.desc(), ExamVersionItem.position)
    )
    return {
        item.id: MarkSheet(
            question_id=question_id,
            title=title,
            type=kind,
            position=item.position,
            max_points=float(item.points),
            version_id=item.question_version_id,
        )
        for item, question_id, title, kind in rows
    }
