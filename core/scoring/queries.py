"""Questions about scores: a candidate's result, the lists of an exam, what waits for a marker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt, AttemptItem
from examhall.core.attempts.queries import owns
from examhall.core.attempts.states import GradingState
from examhall.core.decimals import write_decimal
from examhall.core.errors import NotFoundError
from examhall.core.exams.models import ExamVersion, Registration
from examhall.core.exams.queries import get_exam
from examhall.core.paging import Page, get_page
from examhall.core.permissions import Permission, Principal
from examhall.core.scoring.models import Outcome, ScoreRecord


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What one item earned; `points` is None while it waits for a marker."""

    item_id: UUID
    position: int
    section: str
    type: str
    state: str
    points: Decimal | None
    max_points: Decimal
    feedback: str
    comment: str


@dataclass(frozen=True, slots=True)
class Result:
    """An attempt's result as the principal may see it.

    Without `points` there is nothing to show yet. A result that is not `released` is provisional;
    `waiting` answers still need a marker. `items` are there once it is released, and for graders.
    """

    attempt_id: UUID
    exam_id: UUID
    exam_title: str
    state: str
    grading_state: str
    summary: str
    released: bool
    points: Decimal | None = None
    max_points: Decimal | None = None
    complete: bool = False
    waiting: int = 0
    grade: str = ""
    passed: bool | None = None
    version: int = 0
    released_at: datetime | None = None
    items: Sequence[ItemOutcome] = ()


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """An attempt in the list of an exam's scores."""

    attempt: Attempt
    login: str
    name: str
    candidate_number: str
    score: ScoreRecord | None
    released: bool


def require_attempt(
    session: Session, principal: Principal, attempt_id: UUID, permission: Permission
) -> Attempt:
    """Return an attempt to whoever holds a permission for its exam; to others there is none."""
    if not principal.may_somewhere(permission):
        principal.require(permission)
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or not principal.may(permission, attempt.exam_id):
        raise NotFoundError("There is no such attempt.")
    return attempt


def find_latest_score(session: Session, attempt_id: UUID) -> ScoreRecord | None:
    """Return the newest score version with its items; for the system's own use."""
    return session.scalars(
        select(ScoreRecord)
        .where(ScoreRecord.attempt_id == attempt_id)
        .order_by(ScoreRecord.version.desc())
        .limit(1)
        .options(selectinload(ScoreRecord.items))
    ).first()


def find_latest_outcome(session: Session, attempt_id: UUID) -> Outcome | None:
    """Return what was released last; for the system's own use."""
    return session.scalars(
        select(Outcome)
        .where(Outcome.attempt_id == attempt_id)
        .order_by(Outcome.number.desc())
        .limit(1)
        .options(selectinload(Outcome.score).selectinload(ScoreRecord.items))
    ).first()


def get_result(session: Session, principal: Principal, attempt_id: UUID) -> Result:
    """Return the result of one's own attempt, or of any in an exam whose scores one may read.

    A candidate sees the outcome that was released; before that the points so far where the exam
    allows it. Graders see the newest score.
    """
    attempt = get_readable_attempt(session, principal, attempt_id)
    version = session.get_one(ExamVersion, attempt.exam_version_id)
    outcome = find_latest_outcome(session, attempt_id)
    may_grade = principal.may(Permission.SCORES_READ, attempt.exam_id)
    provisional = may_grade or version.content["settings"]["scoring"]["show_provisional"]
    score = outcome.score if outcome and not may_grade else None
    if score is None and provisional:
        score = find_latest_score(session, attempt_id)
    released = bool(outcome and score and outcome.score_id == score.id)
    head = {
        "attempt_id": attempt.id,
        "exam_id": attempt.exam_id,
        "exam_title": str(version.content["title"]),
        "state": attempt.state,
        "grading_state": attempt.grading_state,
        "released": released,
    }
    if score is None:
        return Result(**head, summary=_nothing_yet(attempt))  # type: ignore[arg-type]
    waiting = sum(item.points is None for item in score.items)
    final = released or may_grade
    return Result(
        **head,  # type: ignore[arg-type]
        summary=_summary(score, waiting, released=released),
        points=score.points,
        max_points=score.max_points,
        complete=score.complete,
        waiting=waiting,
        grade=score.grade_label if final else "",
        passed=score.passed if final else None,
        version=score.version,
        released_at=outcome.released_at if outcome and released else None,
        items=_item_outcomes(session, score) if final else (),
    )


def get_readable_attempt(session: Session, principal: Principal, attempt_id: UUID) -> Attempt:
    """Return an attempt to its candidate and to whoever reads the exam's scores."""
    readers = (Permission.ATTEMPTS_TAKE, Permission.SCORES_READ)
    if not any(principal.may_somewhere(permission) for permission in readers):
        principal.require(Permission.SCORES_READ)
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or not (
        owns(principal, attempt) or principal.may(Permission.SCORES_READ, attempt.exam_id)
    ):
        raise NotFoundError("There is no such attempt.")
    return attempt


def list_score_versions(
    session: Session, principal: Principal, attempt_id: UUID
) -> Sequence[ScoreRecord]:
    """Return all score versions of an attempt, the newest first; needs `scores.read`."""
    require_attempt(session, principal, attempt_id, Permission.SCORES_READ)
    return session.scalars(
        select(ScoreRecord)
        .where(ScoreRecord.attempt_id == attempt_id)
        .order_by(ScoreRecord.version.desc())
        .options(selectinload(ScoreRecord.items))
    ).all()


def list_scores(
    session: Session,
    principal: Principal,
    exam_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ScoreRow]:
    """Return an exam's attempts with their newest scores; needs `scores.read` for it."""
    get_exam(session, principal, exam_id, Permission.SCORES_READ)
    statement = select(Attempt).where(Attempt.exam_id == exam_id)
    order = (Attempt.created_at, Attempt.id)
    page = get_page(session, statement, order, cursor=cursor, limit=limit)
    ids = [attempt.id for attempt in page.items]
    people = {
        row.id: row
        for row in session.execute(
            select(Attempt.id, User.login, User.name, Registration.candidate_number)
            .join(User, User.id == Attempt.user_id)
            .join(Registration, Registration.id == Attempt.registration_id)
            .where(Attempt.id.in_(ids))
        )
    }
    scores = _latest_scores(session, ids)
    rows = [
        ScoreRow(
            attempt=attempt,
            login=people[attempt.id].login,
            name=people[attempt.id].name,
            candidate_number=people[attempt.id].candidate_number,
            score=scores.get(attempt.id),
            released=attempt.grading_state == GradingState.RELEASED,
        )
        for attempt in page.items
    ]
    return Page(rows, page.next_cursor)


def _latest_scores(session: Session, attempt_ids: Sequence[UUID]) -> dict[UUID, ScoreRecord]:
    newest = (
        select(ScoreRecord.attempt_id, func.max(ScoreRecord.version).label("version"))
        .where(ScoreRecord.attempt_id.in_(attempt_ids))
        .group_by(ScoreRecord.attempt_id)
        .subquery()
    )
    rows = session.scalars(
        select(ScoreRecord).join(
            newest,
            (newest.c.attempt_id == ScoreRecord.attempt_id)
            & (newest.c.version == ScoreRecord.version),
        )
    )
    return {score.attempt_id: score for score in rows}


def _item_outcomes(session: Session, score: ScoreRecord) -> list[ItemOutcome]:
    items = session.scalars(
        select(AttemptItem)
        .where(AttemptItem.attempt_id == score.attempt_id)
        .order_by(AttemptItem.position)
    )
    records = {record.item_id: record for record in score.items}
    return [
        ItemOutcome(
            item_id=item.id,
            position=item.position,
            section=item.section,
            type=item.type,
            state=records[item.id].state,
            points=records[item.id].points,
            max_points=records[item.id].max_points,
            feedback=records[item.id].feedback,
            comment=records[item.id].comment,
        )
        for item in items
        if item.id in records
    ]


def _summary(score: ScoreRecord, waiting: int, *, released: bool) -> str:
    points = f"{write_decimal(score.points)} of {write_decimal(score.max_points)} points"
    if waiting == 1:
        return f"{points} so far, 1 answer awaits a marker."
    if waiting:
        return f"{points} so far, {waiting} answers await a marker."
    return f"{points}." if released else f"{points}, not final yet."


def _nothing_yet(attempt: Attempt) -> str:
    if attempt.submitted_at is None:
        return "The attempt has not been handed in."
    if attempt.grading_state == GradingState.PENDING:
        return "Your answers are being scored."
    return "Your result has not been released yet."
