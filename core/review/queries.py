"""The reviewer's list of sessions, and one session with its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Float, Select, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt
from examhall.core.attempts.states import ReviewState
from examhall.core.exams.models import Exam, Registration
from examhall.core.permissions import Permission, Principal
from examhall.core.proctoring.access import get_session_for, require_somewhere
from examhall.core.proctoring.models import IncidentRecord, ProctoringSession
from examhall.core.proctoring.operations import has_waiting_chunks
from examhall.core.review.models import Appeal, Decision
from examhall.core.review.reading import are_differing, find_appeal, list_decisions, read_days
from examhall.core.review.reviewers import find_bar
from examhall.core.review.rules import DUE, RELEASED, Round, appeal_ends

DECIDE = Permission.SESSIONS_DECIDE
FULL_SCORE = 100.0


class Show(StrEnum):
    """Which sessions a list shows; `quiet` are undecided ones without anything to decide on."""

    OPEN = "open"
    QUIET = "quiet"
    DECIDED = "decided"
    APPEALED = "appealed"
    ALL = "all"


class Sort(StrEnum):
    """What comes first: low integrity, many incidents, or the latest."""

    INTEGRITY = "integrity"
    INCIDENTS = "incidents"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One session; `incidents` counts those that are neither technical nor dismissed."""

    session_id: UUID
    exam_id: UUID
    exam_title: str
    candidate_name: str
    candidate_number: str
    started_at: datetime
    ended_at: datetime | None
    review_state: str
    incidents: int
    serious: int
    integrity: float | None


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A page of the list, counted from 0."""

    items: Sequence[ReviewRow]
    number: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class SessionReview:
    """A session's review as one reviewer may see it.

    `due` is the round that waits, None where none does; `bar` says why this person does not decide
    it. What the first reviewer concluded is kept back from others until the second has decided.
    """

    watched: ProctoringSession
    exam_title: str
    candidate_name: str
    candidate_number: str
    attempt: Attempt
    due: Round | None
    bar: str
    decisions: Sequence[tuple[Decision, str]]
    hidden: bool
    differing: bool
    appeal: Appeal | None
    appeal_ends: datetime | None


def list_reviews(
    session: Session,
    principal: Principal,
    *,
    exam_id: UUID | None = None,
    show: Show = Show.OPEN,
    sort: Sort = Sort.INTEGRITY,
    page: int = 0,
    limit: int = 50,
) -> ReviewPage:
    """Return closed sessions of the exams that one decides about.

    Raises ForbiddenError for somebody who decides nothing; another's exam has no sessions.
    """
    require_somewhere(principal, DECIDE)
    counts = _counts()
    score = cast(ProctoringSession.integrity["score"].as_string(), Float)
    statement = _rows(counts, score).where(ProctoringSession.state != "open")
    exams = principal.exams_with(DECIDE)
    if exams is not None:
        statement = statement.where(ProctoringSession.exam_id.in_(list(exams)))
    if exam_id is not None:
        statement = statement.where(ProctoringSession.exam_id == exam_id)
    number = func.coalesce(counts.c.number, 0)
    statement = _narrow(statement, number, show)
    order = {
        Sort.INTEGRITY: (func.coalesce(score, FULL_SCORE), number.desc()),
        Sort.INCIDENTS: (number.desc(), func.coalesce(score, FULL_SCORE)),
        Sort.LATEST: (),
    }[sort]
    statement = statement.order_by(*order, ProctoringSession.ended_at.desc(), ProctoringSession.id)
    rows = session.execute(statement.offset(page * limit).limit(limit + 1)).all()
    found = [ReviewRow(*row) for row in rows]
    return ReviewPage(found[:limit], page, len(found) > limit)


def list_reviewed_exams(session: Session, principal: Principal) -> list[tuple[UUID, str]]:
    """Return the exams with sessions that one decides about, by title."""
    require_somewhere(principal, DECIDE)
    statement = (
        select(Exam.id, Exam.title)
        .where(Exam.id.in_(select(ProctoringSession.exam_id)))
        .order_by(Exam.title, Exam.id)
    )
    exams = principal.exams_with(DECIDE)
    if exams is not None:
        statement = statement.where(Exam.id.in_(list(exams)))
    return [(row.id, row.title) for row in session.execute(statement)]


def get_review(session: Session, principal: Principal, session_id: UUID) -> SessionReview:
    """Return a session with what was decided about it, as far as this reviewer may see it.

    Raises NotFoundError for another exam's session.
    """
    watched = get_session_for(session, principal, DECIDE, session_id)
    attempt = session.get_one(Attempt, watched.attempt_id)
    decisions = list_decisions(session, watched.id)
    state = ReviewState(attempt.review_state)
    due = DUE.get(state)
    hidden = due is Round.SECOND and all(one.reviewer_id != principal.user_id for one in decisions)
    names = _names(session, [one.reviewer_id for one in decisions])
    before = [one for one in decisions if one.round != Round.APPEAL]
    title, name, number = _who(session, watched)
    return SessionReview(
        watched=watched,
        exam_title=title,
        candidate_name=name,
        candidate_number=number,
        attempt=attempt,
        due=due,
        bar=_bar(session, principal, watched, due, decisions),
        decisions=[] if hidden else [(one, names[one.reviewer_id]) for one in decisions],
        hidden=hidden,
        differing=not hidden and are_differing(decisions),
        appeal=find_appeal(session, watched.id),
        appeal_ends=(appeal_ends(before[-1].at, read_days(watched)) if state in RELEASED else None),
    )


def _bar(
    session: Session,
    principal: Principal,
    watched: ProctoringSession,
    due: Round | None,
    decisions: Sequence[Decision],
) -> str:
    if due is None:
        return ""
    if watched.state == "open":
        return "The session still runs. Decide when it is closed."
    if has_waiting_chunks(session, watched.id):
        return "Not everything that was recorded is analysed yet."
    return find_bar(session, principal, watched, due, decisions)


def _who(session: Session, watched: ProctoringSession) -> tuple[str, str, str]:
    row = session.execute(
        select(Exam.title, User.name, Registration.candidate_number)
        .select_from(ProctoringSession)
        .join(Attempt, Attempt.id == ProctoringSession.attempt_id)
        .join(Registration, Registration.id == Attempt.registration_id)
        .join(Exam, Exam.id == ProctoringSession.exam_id)
        .join(User, User.id == ProctoringSession.user_id)
        .where(ProctoringSession.id == watched.id)
    ).one()
    return row.title, row.name, row.candidate_number


def _names(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _counts() -> Any:
    serious = func.sum(case((IncidentRecord.severity == "high", 1), else_=0))
    return (
        select(
            IncidentRecord.session_id,
            func.count().label("number"),
            serious.label("serious"),
        )
        .where(IncidentRecord.severity != "technical", IncidentRecord.state != "dismissed")
        .group_by(IncidentRecord.session_id)
        .subquery()
    )


def _rows(counts: Any, score: Any) -> Select[Any]:
    return (
        select(
            ProctoringSession.id,
            ProctoringSession.exam_id,
            Exam.title,
            User.name,
            Registration.candidate_number,
            ProctoringSession.started_at,
            ProctoringSession.ended_at,
            Attempt.review_state,
            func.coalesce(counts.c.number, 0),
            func.coalesce(counts.c.serious, 0),
            score,
        )
        .join(Attempt, Attempt.id == ProctoringSession.attempt_id)
        .join(Registration, Registration.id == Attempt.registration_id)
        .join(Exam, Exam.id == ProctoringSession.exam_id)
        .join(User, User.id == ProctoringSession.user_id)
        .outerjoin(counts, counts.c.session_id == ProctoringSession.id)
    )


def _narrow(statement: Select[Any], number: Any, show: Show) -> Select[Any]:
    state = Attempt.review_state
    conditions = {
        Show.OPEN: or_(
            state == ReviewState.SECOND_REVIEW,
            and_(state == ReviewState.QUEUED, number > 0),
        ),
        Show.QUIET: and_(state == ReviewState.QUEUED, number == 0),
        Show.DECIDED: state.in_([ReviewState.DECIDED, ReviewState.FINAL]),
        Show.APPEALED: state == ReviewState.APPEALED,
    }
    return statement.where(conditions[show]) if show in conditions else statement
