"""Writing to one another while an exam runs: questions, answers, warnings, announcements.

Every message stays in the session's history. Warnings and announcements go into the audit trail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RateLimitedError,
)
from examhall.core.exams.models import Exam
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import get_session_for, require_somewhere
from examhall.core.proctoring.messages.models import ProctorMessage
from examhall.core.proctoring.messages.queries import (
    MessageView,
    describe_message,
    view_message,
)
from examhall.core.proctoring.messages.telling import (
    describe_to_candidate,
    tell_candidate,
    tell_proctors,
)
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.proctoring.operations import get_own_session
from examhall.core.text import find_fault

CONTROL = Permission.ATTEMPTS_CONTROL
MAX_TEXT = 1000
CANDIDATE_MESSAGES = 6
"""How many messages a candidate may send within a minute."""
CANDIDATE_TOTAL = 300
"""How many messages a candidate may send in one session."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say. The same `operation_id` again is the same message."""

    operation_id: UUID
    text: str
    kind: str = "message"


def write_to_candidate(
    platform: Platform, principal: Principal, session_id: UUID, draft: Draft
) -> MessageView:
    """Send a `message` or a `warning` to the candidate of an open session.

    Raises ClosedError once the session is over, InvalidError for a text that is empty or too long.
    """
    if draft.kind not in {"message", "warning"}:
        raise InvalidError("Send a message or a warning.", kind="message or warning")
    text = _checked(draft.text)
    with platform.db.transaction() as session:
        get_session_for(session, principal, CONTROL, session_id)
        watched = _lock(session, session_id)
        known = _find(session, watched, draft, text)
        if known is not None:
            return view_message(known, principal.name)
        _require_open(watched)
        row = _add(session, principal, watched, draft, text, "proctor")
        if draft.kind == "warning":
            # The words stay in the history alone, from where they can be erased.
            details = {"message_id": row.id}
            record(
                session, principal, "candidate.warned", "proctoring_session", session_id, **details
            )
        return _publish(session, platform, watched, row, principal.name)


def write_to_proctors(
    platform: Platform, principal: Principal, attempt_id: UUID, draft: Draft
) -> MessageView:
    """Send a message of the candidate to whoever watches the attempt.

    Raises ClosedError once the session is over, RateLimitedError for more than people can read.
    """
    text = _checked(draft.text)
    with platform.db.transaction() as session:
        watched = _lock(session, get_own_session(session, principal, attempt_id=attempt_id).id)
        known = _find(session, watched, draft, text)
        if known is not None:
            return view_message(known, principal.name)
        _require_open(watched)
        _check_rate(session, watched.id)
        row = _add(session, principal, watched, draft, text, "candidate")
        return _publish(session, platform, watched, row, principal.name)


def announce(platform: Platform, principal: Principal, exam_id: UUID, draft: Draft) -> int:
    """Say something to all candidates of an exam who are being watched now; returns how many.

    The same announcement again reaches those who came in meanwhile, and nobody twice.
    """
    require_somewhere(principal, CONTROL)
    text = _checked(draft.text)
    with platform.db.transaction() as session:
        if not principal.may(CONTROL, exam_id) or session.get(Exam, exam_id) is None:
            raise NotFoundError("There is no such exam.")
        sessions = _lock_open(session, exam_id, draft.operation_id)
        said = Draft(draft.operation_id, text, "announcement")
        rows = [_add(session, principal, one, said, text, "proctor") for one in sessions]
        session.flush()
        if rows:
            count = len(rows)
            record(session, principal, "exam.announced", "exam", exam_id, text=text, sessions=count)
        for watched, row in zip(sessions, rows, strict=True):
            tell_candidate(session, platform, watched, "message", describe_to_candidate(row))
        data = {"text": text, "author_name": principal.name, "count": len(rows)}
        tell_proctors(session, platform, exam_id, "announcement", data)
        return len(rows)


def _checked(text: str) -> str:
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise InvalidError(f"Write 1 to {MAX_TEXT} characters.", text="Missing or too long.")
    if fault := find_fault(text):
        raise InvalidError(f"The message cannot be stored. {fault}", text=fault)
    return text


def _lock(session: Session, session_id: UUID) -> ProctoringSession:
    """Hold the session's row: of two equal messages at once, the second finds the first."""
    return session.scalars(
        select(ProctoringSession).where(ProctoringSession.id == session_id).with_for_update()
    ).one()


def _lock_open(session: Session, exam_id: UUID, operation_id: UUID) -> list[ProctoringSession]:
    """Return the open sessions that an announcement has not reached, in order of their ids."""
    reached = select(ProctorMessage.session_id).where(ProctorMessage.operation_id == operation_id)
    return list(
        session.scalars(
            select(ProctoringSession)
            .where(
                ProctoringSession.exam_id == exam_id,
                ProctoringSession.state == "open",
                ProctoringSession.id.not_in(reached),
            )
            .order_by(ProctoringSession.id)
            .with_for_update()
        )
    )


def _find(
    session: Session, watched: ProctoringSession, draft: Draft, text: str
) -> ProctorMessage | None:
    row = session.scalar(
        select(ProctorMessage).where(
            ProctorMessage.session_id == watched.id,
            ProctorMessage.operation_id == draft.operation_id,
        )
    )
    if row is not None and (row.text, row.kind) != (text, draft.kind):
        raise ConflictError("Another message was sent with this operation_id.")
    return row


def _require_open(watched: ProctoringSession) -> None:
    if watched.state != "open":
        raise ClosedError("The exam is over; messages can only be read.", state=watched.state)


def _check_rate(session: Session, session_id: UUID) -> None:
    mine = select(func.count()).where(
        ProctorMessage.session_id == session_id, ProctorMessage.sender == "candidate"
    )
    minute = database_now(session) - timedelta(minutes=1)
    recent = session.scalar(mine.where(ProctorMessage.sent_at > minute)) or 0
    if recent >= CANDIDATE_MESSAGES:
        raise RateLimitedError("Wait a minute before you write again.", retry_after=60)
    if (session.scalar(mine) or 0) >= CANDIDATE_TOTAL:
        raise RateLimitedError("There are too many messages in this exam already.")


def _add(
    session: Session,
    principal: Principal,
    watched: ProctoringSession,
    draft: Draft,
    text: str,
    sender: str,
) -> ProctorMessage:
    if principal.user_id is None:
        raise ForbiddenError("Only a person can write a message.")
    row = ProctorMessage(
        id=uuid4(),
        session_id=watched.id,
        operation_id=draft.operation_id,
        sender=sender,
        kind=draft.kind if sender == "proctor" else "message",
        author_id=principal.user_id,
        text=text,
        sent_at=database_now(session),
    )
    session.add(row)
    return row


def _publish(
    session: Session,
    platform: Platform,
    watched: ProctoringSession,
    row: ProctorMessage,
    author_name: str,
) -> MessageView:
    """Tell both sides after the commit; candidates do not learn who of the proctors wrote."""
    session.flush()
    view = view_message(row, author_name)
    tell_candidate(session, platform, watched, "message", describe_to_candidate(row))
    tell_proctors(session, platform, watched.exam_id, "message", describe_message(view))
    return view
