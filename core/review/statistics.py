"""Reading what `figures` counts: the sessions of an exam with their incidents and decisions."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.states import ReviewState
from examhall.core.errors import NotFoundError
from examhall.core.exams.models import Exam, Registration
from examhall.core.permissions import Permission, Principal
from examhall.core.proctoring.access import require_somewhere
from examhall.core.proctoring.models import IncidentRecord, ProctoringSession
from examhall.core.review.figures import ExamFigures, SessionFigures, summarise
from examhall.core.review.models import Appeal, Decision
from examhall.core.review.reading import are_differing, order_decisions
from examhall.core.review.rules import Round

DECIDE = Permission.SESSIONS_DECIDE


def analyse_irregularities(
    session: Session, principal: Principal, exam_id: UUID
) -> tuple[str, ExamFigures]:
    """Return an exam's title and the figures over its closed sessions.

    Raises ForbiddenError for somebody who decides nothing, NotFoundError for another's exam.
    """
    require_somewhere(principal, DECIDE)
    exam = session.get(Exam, exam_id)
    if exam is None or not principal.may(DECIDE, exam_id):
        raise NotFoundError("There is no such exam.")
    incidents, dismissed = _count_incidents(session, exam_id)
    decisions = _decisions(session, exam_id)
    appeals = _appeals(session, exam_id)
    rows = session.execute(
        select(
            ProctoringSession.id,
            ProctoringSession.integrity,
            Registration.candidate_number,
            Attempt.started_at,
            Attempt.submitted_at,
            Attempt.review_state,
        )
        .join(Attempt, Attempt.id == ProctoringSession.attempt_id)
        .join(Registration, Registration.id == Attempt.registration_id)
        .where(ProctoringSession.exam_id == exam_id, ProctoringSession.state != "open")
        .order_by(ProctoringSession.started_at, ProctoringSession.id)
    ).all()
    figures = [
        SessionFigures(
            session_id=str(row.id),
            candidate=row.candidate_number,
            hours=_hours(row.started_at, row.submitted_at),
            incidents=incidents.get(row.id, {}),
            dismissed=dismissed.get(row.id, 0),
            integrity=float(row.integrity["score"]) if row.integrity.get("score") else None,
            state=row.review_state,
            **_decided(decisions.get(row.id, []), row.review_state),
            appeal=appeals.get(row.id),
        )
        for row in rows
    ]
    return exam.title, summarise(figures)


def _decided(decisions: list[Decision], state: str) -> dict[str, Any]:
    """Return what a session's decisions come to; a first one that waits for a second is none."""
    if not decisions or state == ReviewState.SECOND_REVIEW:
        return {}
    last = decisions[-1]
    changed = last.round == Round.APPEAL and last.outcome != decisions[-2].outcome
    return {
        "outcome": last.outcome,
        "differing": are_differing(decisions),
        "appeal_changed": changed,
    }


def _hours(start: datetime | None, end: datetime | None) -> float:
    return (end - start).total_seconds() / 3600 if start and end else 0.0


def _of_exam(statement: Any, table: Any, exam_id: UUID) -> Any:
    return statement.join(ProctoringSession, ProctoringSession.id == table.session_id).where(
        ProctoringSession.exam_id == exam_id
    )


def _count_incidents(
    session: Session, exam_id: UUID
) -> tuple[dict[UUID, dict[tuple[str, str], int]], dict[UUID, int]]:
    columns = (
        IncidentRecord.session_id,
        IncidentRecord.kind,
        IncidentRecord.severity,
        IncidentRecord.state == "dismissed",
    )
    counted = _of_exam(select(*columns, func.count()), IncidentRecord, exam_id)
    found: dict[UUID, dict[tuple[str, str], int]] = defaultdict(dict)
    dismissed: dict[UUID, int] = defaultdict(int)
    for session_id, kind, severity, is_dismissed, number in session.execute(
        counted.group_by(*columns)
    ):
        if is_dismissed:
            dismissed[session_id] += number
        else:
            found[session_id][kind, severity] = number
    return found, dismissed


def _decisions(session: Session, exam_id: UUID) -> dict[UUID, list[Decision]]:
    found: dict[UUID, list[Decision]] = defaultdict(list)
    for row in session.scalars(_of_exam(select(Decision), Decision, exam_id)):
        found[row.session_id].append(row)
    return {session_id: order_decisions(rows) for session_id, rows in found.items()}


def _appeals(session: Session, exam_id: UUID) -> dict[UUID, str]:
    statement = _of_exam(select(Appeal.session_id, Appeal.state), Appeal, exam_id)
    return {row.session_id: row.state for row in session.execute(statement)}
