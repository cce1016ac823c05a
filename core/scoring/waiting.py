"""What waits for a marker: the list that each marker has, and how much it is in each exam."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, exists, func, literal, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt, AttemptItem
from examhall.core.attempts.states import GradingState
from examhall.core.exams.models import Exam, ExamVersion, Registration
from examhall.core.exams.queries import get_exam
from examhall.core.permissions import Permission, Principal
from examhall.core.scoring.models import ItemScoreRecord, Mark, ScoreRecord


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """An answer that waits for a marker; `name` is empty where the exam is marked blind.

    `marks` people have marked it before, each by themselves.
    """

    attempt_id: UUID
    item_id: UUID
    exam_id: UUID
    exam_title: str
    candidate_number: str
    name: str
    position: int
    section: str
    type: str
    max_points: Decimal
    submitted_at: datetime | None
    marks: int


@dataclass(frozen=True, slots=True)
class WaitingExam:
    """An exam with answers to mark: `waiting` for this marker, `others` for somebody else."""

    exam_id: UUID
    title: str
    waiting: int
    others: int


def list_waiting_items(
    session: Session, principal: Principal, exam_id: UUID | None = None, limit: int = 200
) -> Sequence[WaitingItem]:
    """Return answers that wait for this marker, those handed in first first.

    Without `exam_id` those of all exams in which the principal marks; needs `scores.mark`. What
    the marker has marked already, and own attempts, are not among them.
    """
    _require(session, principal, exam_id)
    columns = (Attempt, AttemptItem, ExamVersion, Registration.candidate_number, User.name)
    statement = (
        _waiting(select(*columns, _marks(None)), principal, exam_id)
        .join(ExamVersion, ExamVersion.id == Attempt.exam_version_id)
        .join(Registration, Registration.id == Attempt.registration_id)
        .join(User, User.id == Attempt.user_id)
        .where(_marks(principal.user_id) == 0, Attempt.user_id != principal.user_id)
        .order_by(Attempt.submitted_at, Attempt.id, AttemptItem.position)
        .limit(limit)
    )
    return [
        WaitingItem(
            attempt_id=attempt.id,
            item_id=item.id,
            exam_id=attempt.exam_id,
            exam_title=str(version.content["title"]),
            candidate_number=number,
            name="" if is_blind(version.content["settings"]) else name,
            position=item.position,
            section=item.section,
            type=item.type,
            max_points=item.points,
            submitted_at=attempt.submitted_at,
            marks=marks,
        )
        for attempt, item, version, number, name, marks in session.execute(statement)
    ]


def count_waiting(session: Session, principal: Principal) -> list[WaitingExam]:
    """Return the exams in which something waits, by title; needs `scores.mark`."""
    _require(session, principal, None)
    mine = (_marks(principal.user_id) == 0) & (Attempt.user_id != principal.user_id)
    rows = session.execute(
        _waiting(
            select(
                Exam.id,
                Exam.title,
                func.sum(case((mine, 1), else_=0)),
                func.sum(case((mine, 0), else_=1)),
            ),
            principal,
            None,
        )
        .join(Exam, Exam.id == Attempt.exam_id)
        .group_by(Exam.id, Exam.title)
        .order_by(Exam.title, Exam.id)
    )
    return [WaitingExam(row[0], row[1], row[2], row[3]) for row in rows]


def is_blind(settings: Any) -> bool:
    """Say whether markers of an exam with these settings do not learn the candidates' names."""
    return bool(settings.get("marking", {}).get("blind", True))


def _require(session: Session, principal: Principal, exam_id: UUID | None) -> None:
    if exam_id is not None:
        get_exam(session, principal, exam_id, Permission.SCORES_MARK)
    elif not principal.may_somewhere(Permission.SCORES_MARK):
        principal.require(Permission.SCORES_MARK)


def _waiting(
    statement: Select[*tuple[Any, ...]], principal: Principal, exam_id: UUID | None
) -> Select[*tuple[Any, ...]]:
    """Return the statement for answers without points in their attempt's newest score."""
    newest = (
        select(func.max(ScoreRecord.version))
        .where(ScoreRecord.attempt_id == Attempt.id)
        # Only the attempt comes from outside: the newest version is sought among all.
        .correlate(Attempt)
        .scalar_subquery()
    )
    statement = (
        statement.select_from(Attempt)
        .join(ScoreRecord, ScoreRecord.attempt_id == Attempt.id)
        .join(ItemScoreRecord, ItemScoreRecord.score_id == ScoreRecord.id)
        .join(AttemptItem, AttemptItem.id == ItemScoreRecord.item_id)
        .where(ScoreRecord.version == newest, ItemScoreRecord.points.is_(None))
        .where(Attempt.grading_state == GradingState.MANUAL)
    )
    exam_ids = [exam_id] if exam_id else principal.exams_with(Permission.SCORES_MARK)
    if exam_ids is not None:
        statement = statement.where(Attempt.exam_id.in_(list(exam_ids)))
    return statement


def _marks(marker_id: UUID | None) -> ColumnElement[int]:
    """Return how many people, or whether this one, marked the response that counts."""
    same = (Mark.item_id == ItemScoreRecord.item_id) & (
        Mark.response_revision == ItemScoreRecord.response_revision
    )
    if marker_id is not None:
        mine = exists().where(same, Mark.marker_id == marker_id)
        return case((mine.correlate(ItemScoreRecord), literal(1)), else_=literal(0))
    return (
        select(func.count(Mark.marker_id.distinct()))
        .where(same)
        .correlate(ItemScoreRecord)
        .scalar_subquery()
    )
