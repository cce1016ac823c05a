"""What the people who watch see: sessions and their incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt
from examhall.core.errors import NotFoundError
from examhall.core.exams.models import Exam, Registration
from examhall.core.paging import Page, get_page
from examhall.core.permissions import Permission, Principal
from examhall.core.proctoring.access import get_session_for, require_somewhere
from examhall.core.proctoring.assignments.queries import find_assigned
from examhall.core.proctoring.messages.queries import count_unread
from examhall.core.proctoring.models import Chunk, Consent, IncidentRecord, ProctoringSession

WATCH = Permission.PROCTORING_WATCH
NOTHING_WAITS: tuple[int, datetime | None] = (0, None)


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One tile of the wall. `open_incidents` counts those that nobody has judged, by severity.

    `waiting_since` is when the oldest chunk came in that no detector has looked at yet. `refused`
    are the classes of consent that the candidate was asked for and does not give, or no longer.
    """

    id: UUID
    attempt_id: UUID
    exam_id: UUID
    exam_title: str
    candidate_id: UUID
    candidate_name: str
    candidate_number: str
    state: str
    attempt_state: str
    started_at: datetime
    ended_at: datetime | None
    last_chunk_at: datetime | None
    last_frame_at: datetime | None
    last_frame_sha256: str
    waiting_chunks: int
    waiting_since: datetime | None
    unread_messages: int
    proctor_id: UUID | None
    proctor_name: str
    streams: Sequence[str]
    open_incidents: Mapping[str, int]
    integrity: Mapping[str, Any]
    detectors: Sequence[str]
    waived: Sequence[str]
    refused: Sequence[str]


def list_sessions(
    session: Session,
    principal: Principal,
    *,
    exam_id: UUID | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[SessionSummary]:
    """Return the sessions of the exams that one may watch, the latest first.

    Raises NotFoundError for an exam that one may not watch.
    """
    statement = select(ProctoringSession)
    if exam_id is not None:
        require_exam(session, principal, exam_id)
        statement = statement.where(ProctoringSession.exam_id == exam_id)
    else:
        require_somewhere(principal, WATCH)
        exams = principal.exams_with(WATCH)
        if exams is not None:
            statement = statement.where(ProctoringSession.exam_id.in_(list(exams)))
    if state is not None:
        statement = statement.where(ProctoringSession.state == state)
    order = (ProctoringSession.started_at, ProctoringSession.id)
    page = get_page(session, statement, order, cursor=cursor, limit=limit, descending=True)
    return Page(_summarise(session, page.items), page.next_cursor)


def get_session(session: Session, principal: Principal, session_id: UUID) -> SessionSummary:
    """Return one session."""
    watched = get_session_for(session, principal, WATCH, session_id)
    return _summarise(session, [watched])[0]


def list_incidents(
    session: Session,
    principal: Principal,
    session_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[IncidentRecord]:
    """Return a session's incidents in order of time."""
    watched = get_session_for(session, principal, WATCH, session_id)
    statement = select(IncidentRecord).where(IncidentRecord.session_id == watched.id)
    order = (IncidentRecord.started_at, IncidentRecord.id)
    return get_page(session, statement, order, cursor=cursor, limit=limit)


def list_open_incidents(
    session: Session, principal: Principal, exam_id: UUID, *, limit: int = 100
) -> Sequence[IncidentRecord]:
    """Return an exam's latest incidents that nobody has judged, the newest first."""
    require_exam(session, principal, exam_id)
    return session.scalars(
        select(IncidentRecord)
        .join(ProctoringSession)
        .where(ProctoringSession.exam_id == exam_id, IncidentRecord.state == "open")
        .order_by(IncidentRecord.started_at.desc(), IncidentRecord.id)
        .limit(limit)
    ).all()


def require_exam(session: Session, principal: Principal, exam_id: UUID) -> None:
    """Raise ForbiddenError for somebody who watches nothing, NotFoundError for another's exam."""
    require_somewhere(principal, WATCH)
    if not principal.may(WATCH, exam_id) or session.get(Exam, exam_id) is None:
        raise NotFoundError("There is no such exam.")


def _summarise(session: Session, rows: Sequence[ProctoringSession]) -> list[SessionSummary]:
    ids = [row.id for row in rows]
    people = _people(session, ids)
    incidents = _open_incidents(session, ids)
    waiting = _waiting_chunks(session, ids)
    unread = count_unread(session, ids)
    assigned = find_assigned(session, ids)
    refused = _refused(session, ids)
    return [
        SessionSummary(
            id=row.id,
            attempt_id=row.attempt_id,
            exam_id=row.exam_id,
            candidate_id=row.user_id,
            state=row.state,
            started_at=row.started_at,
            ended_at=row.ended_at,
            last_chunk_at=row.last_chunk_at,
            last_frame_at=row.last_frame_at,
            last_frame_sha256=row.last_frame_sha256,
            waiting_chunks=waiting.get(row.id, NOTHING_WAITS)[0],
            waiting_since=waiting.get(row.id, NOTHING_WAITS)[1],
            unread_messages=unread.get(row.id, 0),
            proctor_id=assigned[row.id].proctor_id if row.id in assigned else None,
            proctor_name=assigned[row.id].proctor_name if row.id in assigned else "",
            streams=row.policy["streams"],
            open_incidents=incidents.get(row.id, {}),
            integrity=row.integrity,
            detectors=row.policy["detectors"],
            waived=row.policy["waived"],
            refused=[key for key in refused.get(row.id, ()) if key in row.policy["consent"]],
            **people[row.id],
        )
        for row in rows
    ]


def _people(session: Session, ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    rows = session.execute(
        select(
            ProctoringSession.id,
            Exam.title,
            User.name,
            Registration.candidate_number,
            Attempt.state,
        )
        .join(Attempt, Attempt.id == ProctoringSession.attempt_id)
        .join(Registration, Registration.id == Attempt.registration_id)
        .join(Exam, Exam.id == ProctoringSession.exam_id)
        .join(User, User.id == ProctoringSession.user_id)
        .where(ProctoringSession.id.in_(ids))
    )
    return {
        session_id: {
            "exam_title": title,
            "candidate_name": name,
            "candidate_number": number,
            "attempt_state": state,
        }
        for session_id, title, name, number, state in rows
    }


def _open_incidents(session: Session, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    counts: dict[UUID, dict[str, int]] = defaultdict(dict)
    rows = session.execute(
        select(IncidentRecord.session_id, IncidentRecord.severity, func.count())
        .where(IncidentRecord.session_id.in_(ids), IncidentRecord.state == "open")
        .group_by(IncidentRecord.session_id, IncidentRecord.severity)
    )
    for session_id, severity, count in rows:
        counts[session_id][severity] = count
    return counts


def _refused(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    classes: dict[UUID, list[str]] = defaultdict(list)
    rows = session.execute(
        select(Consent.session_id, Consent.consent_class)
        .where(Consent.session_id.in_(ids), Consent.given.is_(False))
        .order_by(Consent.consent_class)
    )
    for session_id, key in rows:
        classes[session_id].append(key)
    return classes


def _waiting_chunks(
    session: Session, ids: Sequence[UUID]
) -> dict[UUID, tuple[int, datetime | None]]:
    rows = session.execute(
        select(Chunk.session_id, func.count(), func.min(Chunk.received_at))
        .where(Chunk.session_id.in_(ids), Chunk.state == "stored")
        .group_by(Chunk.session_id)
    )
    return {session_id: (count, since) for session_id, count, since in rows}
