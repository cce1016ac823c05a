"""Removing evidence whose time is over: first the rows are marked, then the objects go.

The receipt is written when all of it is gone. Whoever is stopped in the middle leaves deletions
that are written down and a session without a receipt: the next run finishes both.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from examhall.core.audit.models import AuditEntry
from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import ConflictError
from examhall.core.leases import release_lease, take_lease
from examhall.core.permissions import SYSTEM, Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.evidence import verify_session_chain
from examhall.core.proctoring.models import Evidence, ProctoringSession
from examhall.core.retention.keeping import find_reasons
from examhall.core.retention.models import ObjectDeletion, PurgeReceipt
from examhall.core.retention.objects import StoredObject, delete_pending, write_down_deletions

log = logging.getLogger(__name__)

BATCH = 500
MOST_SESSIONS = 20
"""So many sessions are purged by one job; the next one goes on."""

LEASE = "purge"
LEASE_SECONDS = 60.0
"""Two workers at once do no harm; they would only do the same work twice."""


class Reason(StrEnum):
    """Why evidence is removed."""

    RETENTION = "retention"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class DueSession:
    """A session whose time is over; it stays while `kept_because` has a reason."""

    session_id: UUID
    retain_until: datetime | None
    count: int
    size: int
    kept_because: Sequence[str]


def list_due(platform: Platform, principal: Principal) -> list[DueSession]:
    """Return the sessions whose time is over, those that are kept all the same among them."""
    principal.require(Permission.EVIDENCE_PURGE)
    with platform.db.reading() as session:
        return [_describe(session, watched) for watched in _find_due(session)]


def purge_due(
    platform: Platform, principal: Principal, limit: int | None = None
) -> list[PurgeReceipt]:
    """Purge the sessions whose time is over, the oldest first, and return the receipts."""
    principal.require(Permission.EVIDENCE_PURGE)
    delete_pending(platform)
    with platform.db.reading() as session:
        due = [one.id for one in _find_due(session) if not find_reasons(session, one)]
    receipts = (purge_session(platform, principal, one, Reason.RETENTION) for one in due[:limit])
    return [receipt for receipt in receipts if receipt is not None]


def has_work(session: Session) -> bool:
    """Say whether something can be purged, or a purge was stopped in the middle."""
    pending = select(ObjectDeletion.sha256).where(ObjectDeletion.done.is_(False)).limit(1)
    if session.scalar(pending) is not None:
        return True
    return any(not find_reasons(session, watched) for watched in _find_due(session))


def purge_in_turn(platform: Platform) -> None:
    """Purge what is due unless another worker is at it; for a job."""
    holder = str(uuid4())
    with platform.db.transaction() as session:
        if not take_lease(session, LEASE, holder, LEASE_SECONDS):
            return
    try:
        purge_due(platform, SYSTEM, MOST_SESSIONS)
    finally:
        with platform.db.transaction() as session:
            release_lease(session, LEASE, holder)


def purge_session(
    platform: Platform,
    principal: Principal,
    session_id: UUID,
    reason: Reason,
    check: Callable[[Session, ProctoringSession], Sequence[str]] = find_reasons,
) -> PurgeReceipt | None:
    """Remove a session's evidence and write the receipt; None where it was purged before.

    Raises ConflictError with what `check` finds against it, PluginError when the store is away.
    """
    principal.require(Permission.EVIDENCE_PURGE)
    while _mark_batch(platform, session_id, check):
        delete_pending(platform)
    delete_pending(platform)
    with platform.db.transaction() as session:
        return _write_receipt(session, principal, session_id, reason)


def _find_due(session: Session) -> Iterable[ProctoringSession]:
    now = database_now(session)
    return session.scalars(
        select(ProctoringSession)
        .where(ProctoringSession.purged_at.is_(None), ProctoringSession.retain_until <= now)
        .order_by(ProctoringSession.retain_until, ProctoringSession.id)
    ).all()


def _describe(session: Session, watched: ProctoringSession) -> DueSession:
    count, size = _count(session, watched.id, purged=False)
    return DueSession(watched.id, watched.retain_until, count, size, find_reasons(session, watched))


def _mark_batch(
    platform: Platform,
    session_id: UUID,
    check: Callable[[Session, ProctoringSession], Sequence[str]],
) -> bool:
    """Mark some pieces as purged and write their deletion down; say whether there were any."""
    with platform.db.transaction() as session:
        watched = session.get_one(ProctoringSession, session_id, with_for_update=True)
        reasons = [] if watched.purged_at else check(session, watched)
        if reasons:
            raise ConflictError(f"The evidence is kept: {'; '.join(reasons)}.", reasons=reasons)
        now = database_now(session)
        rows = session.scalars(
            select(Evidence)
            .where(Evidence.session_id == session_id, Evidence.purged_at.is_(None))
            .order_by(Evidence.number)
            .limit(BATCH)
        ).all()
        chosen = Evidence.id.in_([row.id for row in rows])
        session.execute(
            update(Evidence).where(chosen).values(purged_at=now),
            execution_options={"synchronize_session": False},
        )
        found = [StoredObject(row.store, row.sha256, row.size, row.store_key) for row in rows]
        write_down_deletions(session, found)
        return bool(rows)


def _write_receipt(
    session: Session, principal: Principal, session_id: UUID, reason: Reason
) -> PurgeReceipt | None:
    watched = session.get_one(
        ProctoringSession, session_id, with_for_update=True, populate_existing=True
    )
    if watched.purged_at is not None:
        return None
    count, size = _count(session, session_id, purged=True)
    chain = verify_session_chain(session, session_id)
    now = database_now(session)
    receipt = PurgeReceipt(
        session_id=session_id,
        reason=reason.value,
        count=count,
        size=size,
        chain_length=chain.length,
        chain_head=chain.head,
        manifest_digest=_sealed_manifest(session, session_id),
        actor=principal.actor,
        at=now,
    )
    session.add(receipt)
    watched.purged_at = now
    session.flush()
    details = {"reason": reason.value, "count": count, "size": size, "head": chain.head}
    record(
        session,
        principal,
        "evidence.purged",
        "proctoring_session",
        session_id,
        receipt=receipt.id,
        manifest=receipt.manifest_digest,
        **details,
    )
    log.info("purged %d pieces of evidence of session %s (%s)", count, session_id, reason)
    return receipt


def _count(session: Session, session_id: UUID, *, purged: bool) -> tuple[int, int]:
    """Return how many pieces there are and how many bytes they have."""
    marked = Evidence.purged_at.is_not(None) if purged else Evidence.purged_at.is_(None)
    count, size = session.execute(
        select(func.count(), func.coalesce(func.sum(Evidence.size), 0)).where(
            Evidence.session_id == session_id, marked
        )
    ).one()
    return count, int(size)


def _sealed_manifest(session: Session, session_id: UUID) -> str:
    details = session.scalar(
        select(AuditEntry.details)
        .where(
            AuditEntry.object_type == "proctoring_session",
            AuditEntry.object_id == str(session_id),
            AuditEntry.action == "proctoring.sealed",
        )
        .order_by(AuditEntry.id)
        .limit(1)
    )
    return str((details or {}).get("manifest", ""))
