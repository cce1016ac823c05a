"""How long a session's evidence is kept, and what keeps it longer: a review, an appeal, a hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptTransition
from examhall.core.attempts.states import Machine, ReviewState
from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import ConflictError, InvalidError
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.models import IncidentRecord, ProctoringSession
from examhall.core.retention.models import PurgeReceipt, SessionHold

IN_REVIEW = frozenset({ReviewState.SECOND_REVIEW, ReviewState.APPEALED})
SERIOUS = ("medium", "high")
HELD = "it is on hold: "
MOST_REASON = 500


@dataclass(frozen=True, slots=True)
class Keeping:
    """What becomes of a session's evidence, and when.

    `kept_because` has the reasons, in words, for which it stays whatever the time; `receipts` are
    those of what was removed already.
    """

    session_id: UUID
    state: str
    retain_until: datetime | None
    purged_at: datetime | None
    hold: SessionHold | None
    kept_because: Sequence[str]
    receipts: Sequence[PurgeReceipt]


def get_keeping(session: Session, principal: Principal, session_id: UUID) -> Keeping:
    """Say how long a session's evidence is kept, to somebody who may see it."""
    watched = get_session_for(session, principal, Permission.EVIDENCE_READ, session_id)
    receipts = select(PurgeReceipt).where(PurgeReceipt.session_id == session_id)
    return Keeping(
        session_id=session_id,
        state=watched.state,
        retain_until=watched.retain_until,
        purged_at=watched.purged_at,
        hold=session.get(SessionHold, session_id),
        kept_because=find_reasons(session, watched),
        receipts=session.scalars(receipts.order_by(PurgeReceipt.at)).all(),
    )


def find_reasons(session: Session, watched: ProctoringSession) -> list[str]:
    """Return why a session's evidence must not be removed now; an empty list when it may be."""
    reasons = []
    if watched.state != "sealed":
        reasons.append("the session is not sealed yet")
    reasons += [find_hold(session, watched), find_open_review(session, watched)]
    return [reason for reason in reasons if reason]


def find_hold(session: Session, watched: ProctoringSession) -> str:
    """Say for which reason a session is on hold; an empty text for none."""
    hold = session.get(SessionHold, watched.id, populate_existing=True)
    return f"{HELD}{hold.reason.rstrip('. ')}" if hold is not None else ""


def find_open_review(session: Session, watched: ProctoringSession) -> str:
    """Say what of a session's review is still open, in words; an empty text for nothing.

    A session that merely waits in the queue is kept for its serious incidents alone: nobody would
    ever decide about one that shows nothing.
    """
    state = session.scalar(select(Attempt.review_state).where(Attempt.id == watched.attempt_id))
    if state in IN_REVIEW:
        return "an appeal is open" if state == ReviewState.APPEALED else "a review is open"
    if state == ReviewState.QUEUED and _has_serious_incidents(session, watched.id):
        return "incidents wait for a decision"
    if state == ReviewState.DECIDED and _can_appeal(session, watched):
        return "the decision can still be appealed against"
    return ""


def place_hold(platform: Platform, principal: Principal, session_id: UUID, reason: str) -> None:
    """Keep a session's evidence until the hold is lifted.

    Raises InvalidError without a reason, ConflictError when it is on hold or purged already.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= MOST_REASON:
        raise InvalidError("Say why.", reason=[f"Write 1 to {MOST_REASON} characters."])
    with platform.db.transaction() as session:
        watched = _get_for_hold(session, principal, session_id)
        if session.get(SessionHold, session_id) is not None:
            raise ConflictError("The evidence is on hold already.")
        if watched.purged_at is not None:
            raise ConflictError("The evidence was purged already.")
        now = database_now(session)
        session.add(
            SessionHold(
                session_id=session_id, reason=reason, placed_by=principal.user_id, placed_at=now
            )
        )
        record(session, principal, "evidence.held", "proctoring_session", session_id, reason=reason)


def lift_hold(platform: Platform, principal: Principal, session_id: UUID) -> None:
    """End a hold; nothing happens when there is none."""
    with platform.db.transaction() as session:
        _get_for_hold(session, principal, session_id)
        hold = session.get(SessionHold, session_id)
        if hold is not None:
            session.delete(hold)
            record(session, principal, "evidence.released", "proctoring_session", session_id)


def _get_for_hold(session: Session, principal: Principal, session_id: UUID) -> ProctoringSession:
    """Return the session, locked, to those who decide about it and to those who purge."""
    if principal.may_somewhere(Permission.EVIDENCE_PURGE):
        get_session_for(session, principal, Permission.EVIDENCE_PURGE, session_id)
    else:
        get_session_for(session, principal, Permission.SESSIONS_DECIDE, session_id)
    return session.get_one(
        ProctoringSession, session_id, with_for_update=True, populate_existing=True
    )


def _has_serious_incidents(session: Session, session_id: UUID) -> bool:
    serious = select(IncidentRecord.id).where(
        IncidentRecord.session_id == session_id,
        IncidentRecord.state != "dismissed",
        IncidentRecord.severity.in_(SERIOUS),
    )
    return session.scalar(serious.limit(1)) is not None


def _can_appeal(session: Session, watched: ProctoringSession) -> bool:
    days = watched.policy.get("appeal_days") or 0
    decided_at = session.scalar(
        select(func.max(AttemptTransition.at)).where(
            AttemptTransition.attempt_id == watched.attempt_id,
            AttemptTransition.machine == Machine.REVIEW.value,
            AttemptTransition.target == ReviewState.DECIDED.value,
        )
    )
    return decided_at is not None and database_now(session) < decided_at + timedelta(days=days)
