"""Writing an outcome: what the candidate sees and what partners are told."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt
from examhall.core.db import database_now
from examhall.core.decimals import write_decimal
from examhall.core.events.operations import emit
from examhall.core.exams.models import ExamVersion, Registration
from examhall.core.integrations.operations import queue_message
from examhall.core.scoring.events import OutcomeReleased
from examhall.core.scoring.models import Outcome, ScoreRecord

if TYPE_CHECKING:
    from examhall.core.platform import Platform


def add_outcome(
    session: Session, platform: Platform, attempt: Attempt, score: ScoreRecord, actor: str
) -> Outcome:
    """Write the next outcome of a locked attempt, its event and the messages to partners."""
    outcome = Outcome(
        attempt_id=attempt.id,
        number=_next_number(session, attempt.id),
        score_id=score.id,
        released_by=actor,
        released_at=database_now(session),
    )
    session.add(outcome)
    session.flush()
    event = _describe(session, attempt, score, outcome)
    emit(session, event)
    payload = {
        **event.metadata(),
        "exam_id": str(attempt.exam_id),
        "course_id": event.course_id,
        "submitted_at": attempt.submitted_at.isoformat() if attempt.submitted_at else None,
        "released_at": outcome.released_at.isoformat(),
    }
    queue_message(
        session,
        platform,
        "push_result",
        payload,
        idempotency_key=f"result:{attempt.id}:{outcome.number}",
        ordering_key=f"attempt:{attempt.id}",
    )
    return outcome


def _next_number(session: Session, attempt_id: UUID) -> int:
    newest = select(func.max(Outcome.number)).where(Outcome.attempt_id == attempt_id)
    return (session.scalar(newest) or 0) + 1


def _describe(
    session: Session, attempt: Attempt, score: ScoreRecord, outcome: Outcome
) -> OutcomeReleased:
    version = session.get_one(ExamVersion, attempt.exam_version_id)
    registration = session.get_one(Registration, attempt.registration_id)
    return OutcomeReleased(
        subject=f"attempt:{attempt.id}",
        user_id=attempt.user_id,
        exam_id=attempt.exam_id,
        course_id=str(version.content.get("course_id", "")),
        attempt_id=str(attempt.id),
        outcome_number=outcome.number,
        points=write_decimal(score.points),
        max_points=write_decimal(score.max_points),
        grade=score.grade_label,
        passed=score.passed,
        candidate_login=session.get_one(User, attempt.user_id).login,
        candidate_number=registration.candidate_number,
        exam_title=str(version.content["title"]),
    )
