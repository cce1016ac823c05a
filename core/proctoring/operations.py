"""The life of a proctoring session: opened and closed with its attempt, then sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.states import Machine, ReviewState, move
from examhall.core.audit.operations import record
from examhall.core.db import after_commit, database_now
from examhall.core.errors import ConflictError, NotFoundError
from examhall.core.events.operations import emit
from examhall.core.exams.models import ExamVersion, Registration
from examhall.core.permissions import SYSTEM, Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.events import (
    ProctoringSessionClosed,
    ProctoringSessionOpened,
    ProctoringSessionSealed,
)
from examhall.core.proctoring.evidence import verify_session_chain
from examhall.core.proctoring.manifest import make_manifest
from examhall.core.proctoring.models import (
    Chunk,
    Consent,
    Evidence,
    FindingRecord,
    ProctoringSession,
)
from examhall.core.proctoring.policy import freeze_policy


def open_session(
    session: Session,
    platform: Platform,
    attempt: Attempt,
    exam_version: ExamVersion,
    registration: Registration,
) -> ProctoringSession:
    """Open the session of an attempt, with its policy frozen; a second call returns the same."""
    known = find_session(session, attempt.id)
    if known is not None:
        return known
    watched = ProctoringSession(
        attempt_id=attempt.id,
        exam_id=attempt.exam_id,
        user_id=attempt.user_id,
        policy=dict(freeze_policy(platform.plugins, exam_version, registration)),
        started_at=database_now(session),
    )
    session.add(watched)
    session.flush()
    emit(session, ProctoringSessionOpened.of(watched))
    publish_session(session, platform, watched)
    return watched


def close_session(session: Session, platform: Platform, attempt_id: UUID) -> None:
    """End the session of an attempt, if it has one, and queue it for review.

    The caller holds the attempt's row. Queued chunks are still taken for a while.
    """
    watched = find_session(session, attempt_id)
    if watched is None or watched.state != "open":
        return
    watched.state = "closed"
    watched.ended_at = database_now(session)
    watched.retain_until = watched.ended_at + _retention(platform, watched)
    session.flush()
    emit(session, ProctoringSessionClosed.of(watched))
    attempt = session.get_one(Attempt, attempt_id)
    if attempt.review_state == ReviewState.NOT_REQUIRED:
        move(session, attempt, Machine.REVIEW, ReviewState.QUEUED, "system")
    publish_session(session, platform, watched)
    job = (str(watched.id),)
    delay = platform.settings.drain_seconds + 1.0
    after_commit(session, lambda: platform.queue.enqueue("analyse_session", *job))
    after_commit(session, lambda: platform.queue.enqueue("analyse_session", *job, delay=delay))


def _retention(platform: Platform, watched: ProctoringSession) -> timedelta:
    days = watched.policy.get("retention_days") or platform.settings.evidence_retention_days
    return timedelta(days=days)


def find_session(session: Session, attempt_id: UUID) -> ProctoringSession | None:
    """Return the session of an attempt, None when it is not watched."""
    return session.scalar(
        select(ProctoringSession).where(ProctoringSession.attempt_id == attempt_id)
    )


def find_watched(session: Session, attempt_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of the attempts whose session is open."""
    return list(
        session.scalars(
            select(ProctoringSession.attempt_id).where(
                ProctoringSession.attempt_id.in_(attempt_ids), ProctoringSession.state == "open"
            )
        )
    )


def get_own_session(
    session: Session,
    principal: Principal,
    *,
    attempt_id: UUID | None = None,
    session_id: UUID | None = None,
) -> ProctoringSession:
    """Return the session of the candidate who asks, by its own id or by the attempt's.

    Raises ForbiddenError for somebody who takes no exams, NotFoundError for anybody else's session.
    """
    if not principal.may_somewhere(Permission.ATTEMPTS_TAKE):
        principal.require(Permission.ATTEMPTS_TAKE)
    if attempt_id is not None:
        watched = session.scalar(_OWN_BY_ATTEMPT, {"user": principal.user_id, "own": attempt_id})
    else:
        watched = session.scalar(_OWN, {"user": principal.user_id, "own": session_id})
    if watched is None:
        raise NotFoundError("There is no such proctoring session.")
    return watched


_OWN = select(ProctoringSession).where(
    ProctoringSession.user_id == bindparam("user"), ProctoringSession.id == bindparam("own")
)
_OWN_BY_ATTEMPT = select(ProctoringSession).where(
    ProctoringSession.user_id == bindparam("user"), ProctoringSession.attempt_id == bindparam("own")
)


def require_consent(session: Session, attempt_id: UUID) -> None:
    """Raise ConflictError while the candidate has not agreed to all that the session needs."""
    watched = find_session(session, attempt_id)
    if watched is None:
        return
    missing = set(watched.policy["consent"]) - given_classes(session, watched.id)
    if missing:
        raise ConflictError("Consent is needed before the exam starts.", classes=sorted(missing))


def given_classes(session: Session, session_id: UUID) -> frozenset[str]:
    """Return the classes of consent that the candidate gives at present."""
    return frozenset(
        session.scalars(
            select(Consent.consent_class).where(
                Consent.session_id == session_id, Consent.given.is_(True)
            )
        )
    )


def takes_chunks(watched: ProctoringSession, now: datetime, drain_seconds: int) -> bool:
    """Say whether chunks may still come: while it is open, and those that waited on the device."""
    if watched.state == "open":
        return True
    drain = timedelta(seconds=drain_seconds)
    ended = watched.ended_at
    return watched.state == "closed" and ended is not None and now <= ended + drain


def is_ready_to_seal(session: Session, watched: ProctoringSession, drain_seconds: int) -> bool:
    """Say whether a session has ended and no chunk can reach it any more."""
    now = database_now(session)
    return watched.state == "closed" and not takes_chunks(watched, now, drain_seconds)


def seal_session(platform: Platform, session_id: UUID) -> None:
    """End the evidence chain of a closed session; its length and head go into the audit trail.

    What is sealed is read first, for it takes long: nothing is sealed when it has grown meanwhile.
    """
    with platform.db.reading() as session:
        extent = _measure(session, session_id)
        report = verify_session_chain(session, session_id)
        manifest = make_manifest(session, session_id)
    with platform.db.transaction() as session:
        watched = session.get_one(ProctoringSession, session_id, with_for_update=True)
        waits = watched.state != "closed" or has_waiting_chunks(session, session_id)
        if waits or _measure(session, session_id) != extent:
            return
        watched.state = "sealed"
        session.flush()
        record(
            session,
            SYSTEM,
            "proctoring.sealed",
            "proctoring_session",
            session_id,
            length=report.length,
            head=report.head,
            ok=report.ok,
            manifest=manifest.digest,
        )
        emit(session, ProctoringSessionSealed.of(watched))
        publish_session(session, platform, watched)


def _measure(session: Session, session_id: UUID) -> tuple[int, ...]:
    """Return how many links, chunks and findings a session has: all of them only ever grow."""
    return tuple(
        session.scalar(select(func.count()).where(table.session_id == session_id)) or 0
        for table in (Evidence, Chunk, FindingRecord)
    )


def has_waiting_chunks(session: Session, session_id: UUID) -> bool:
    """Say whether chunks of a session wait for detectors."""
    waiting = select(Chunk.id).where(Chunk.session_id == session_id, Chunk.state == "stored")
    return session.scalar(waiting.limit(1)) is not None


def find_sessions_to_seal(session: Session, drain_seconds: int) -> list[UUID]:
    """Return the sessions that a job should seal, those that ended first in front."""
    before = database_now(session) - timedelta(seconds=drain_seconds)
    return list(
        session.scalars(
            select(ProctoringSession.id)
            .where(ProctoringSession.state == "closed", ProctoringSession.ended_at < before)
            .order_by(ProctoringSession.ended_at)
            .limit(500)
        )
    )


def exam_channel(exam_id: UUID) -> str:
    """Return the live channel that the proctors of an exam follow."""
    return f"exam:{exam_id}"


def publish_session(session: Session, platform: Platform, watched: ProctoringSession) -> None:
    """Tell the wall after the commit that a session has opened or changed its state."""
    data = {
        "session_id": str(watched.id),
        "attempt_id": str(watched.attempt_id),
        "state": watched.state,
    }
    channel = exam_channel(watched.exam_id)
    after_commit(session, lambda: platform.live.publish(channel, "session", data))
