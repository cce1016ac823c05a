"""Which messages the other side has seen, and which warnings a candidate has confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.db import database_now
from examhall.core.errors import InvalidError
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.messages.models import ProctorMessage
from examhall.core.proctoring.messages.queries import count_unread
from examhall.core.proctoring.messages.telling import tell_candidate, tell_proctors
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.proctoring.operations import get_own_session

CONTROL = Permission.ATTEMPTS_CONTROL
MOST_MARKED = 200


def mark_read_by_proctor(
    platform: Platform, principal: Principal, session_id: UUID, message_ids: Sequence[UUID]
) -> int:
    """Note that a proctor has seen messages of the candidate; returns how many stay unread."""
    with platform.db.transaction() as session:
        watched = get_session_for(session, principal, CONTROL, session_id)
        now = database_now(session)
        marked = _mark(session, watched.id, "candidate", message_ids, now)
        unread = count_unread(session, [watched.id]).get(watched.id, 0)
        data = _marks(watched, marked, now) | {"reader": "proctor", "unread": unread}
        if marked:
            tell_proctors(session, platform, watched.exam_id, "read", data)
            tell_candidate(session, platform, watched, "read", data)
        return unread


def mark_read_by_candidate(
    platform: Platform,
    principal: Principal,
    attempt_id: UUID,
    message_ids: Sequence[UUID],
    *,
    acknowledged: bool = False,
) -> None:
    """Note that the candidate has seen messages, and with `acknowledged` confirmed warnings."""
    with platform.db.transaction() as session:
        watched = get_own_session(session, principal, attempt_id=attempt_id)
        now = database_now(session)
        marked = _mark(session, watched.id, "proctor", message_ids, now)
        confirmed = _acknowledge(session, watched.id, message_ids, now) if acknowledged else []
        if marked or confirmed:
            data = _marks(watched, marked, now) | {
                "reader": "candidate",
                "acknowledged_ids": [str(row.id) for row in confirmed],
            }
            tell_proctors(session, platform, watched.exam_id, "read", data)


def _mark(
    session: Session, session_id: UUID, sender: str, ids: Sequence[UUID], now: datetime
) -> list[ProctorMessage]:
    rows = _unmarked(session, session_id, sender, ids, ProctorMessage.read_at)
    for row in rows:
        row.read_at = now
    session.flush()
    return rows


def _acknowledge(
    session: Session, session_id: UUID, ids: Sequence[UUID], now: datetime
) -> list[ProctorMessage]:
    rows = [
        row
        for row in _unmarked(session, session_id, "proctor", ids, ProctorMessage.acknowledged_at)
        if row.kind == "warning"
    ]
    for row in rows:
        row.acknowledged_at = now
    session.flush()
    return rows


def _unmarked(
    session: Session, session_id: UUID, sender: str, ids: Sequence[UUID], mark: Any
) -> list[ProctorMessage]:
    """Return those of the messages that were sent by one side and lack a mark, locked in order."""
    if len(ids) > MOST_MARKED:
        raise InvalidError(f"Name up to {MOST_MARKED} messages at once.", message_ids=MOST_MARKED)
    return list(
        session.scalars(
            select(ProctorMessage)
            .where(
                ProctorMessage.session_id == session_id,
                ProctorMessage.sender == sender,
                ProctorMessage.id.in_(ids),
                mark.is_(None),
            )
            .order_by(ProctorMessage.id)
            .with_for_update()
        )
    )


def _marks(
    watched: ProctoringSession, marked: Sequence[ProctorMessage], now: datetime
) -> dict[str, Any]:
    return {
        "session_id": str(watched.id),
        "message_ids": [str(row.id) for row in marked],
        "at": now.isoformat(),
    }
