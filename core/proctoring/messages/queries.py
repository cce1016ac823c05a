"""Reading conversations: whole ones, and what waits to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.paging import Page, get_page
from examhall.core.permissions import Permission, Principal
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.messages.models import ProctorMessage
from examhall.core.proctoring.operations import get_own_session


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as people see it. Candidates are told `author_name` of their own messages only."""

    id: UUID
    session_id: UUID
    operation_id: UUID
    sender: str
    kind: str
    author_name: str
    text: str
    sent_at: datetime
    read_at: datetime | None
    acknowledged_at: datetime | None


def list_messages(
    session: Session,
    principal: Principal,
    session_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[MessageView]:
    """Return a session's conversation to those who may watch it, the oldest message first."""
    watched = get_session_for(session, principal, Permission.PROCTORING_WATCH, session_id)
    return _page(session, watched.id, cursor, limit, named=True)


def list_own_messages(
    session: Session,
    principal: Principal,
    attempt_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[MessageView]:
    """Return the conversation about the candidate's own attempt, the oldest message first."""
    watched = get_own_session(session, principal, attempt_id=attempt_id)
    return _page(session, watched.id, cursor, limit, named=False)


def count_unread(session: Session, session_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many messages of each candidate no proctor has read; sessions with none lack."""
    rows = session.execute(
        select(ProctorMessage.session_id, func.count())
        .where(
            ProctorMessage.session_id.in_(session_ids),
            ProctorMessage.sender == "candidate",
            ProctorMessage.read_at.is_(None),
        )
        .group_by(ProctorMessage.session_id)
    )
    return dict(rows.all())


def view_message(row: ProctorMessage, author_name: str) -> MessageView:
    """Return a stored message as people see it."""
    return MessageView(
        id=row.id,
        session_id=row.session_id,
        operation_id=row.operation_id,
        sender=row.sender,
        kind=row.kind,
        author_name=author_name,
        text=row.text,
        sent_at=row.sent_at,
        read_at=row.read_at,
        acknowledged_at=row.acknowledged_at,
    )


def describe_message(view: MessageView) -> dict[str, Any]:
    """Return a message as live channels carry it: the same members as the API's."""
    return {
        "id": str(view.id),
        "session_id": str(view.session_id),
        "operation_id": str(view.operation_id),
        "sender": view.sender,
        "kind": view.kind,
        "author_name": view.author_name,
        "text": view.text,
        "sent_at": view.sent_at.isoformat(),
        "read_at": view.read_at.isoformat() if view.read_at else None,
        "acknowledged_at": view.acknowledged_at.isoformat() if view.acknowledged_at else None,
    }


def _page(
    session: Session, session_id: UUID, cursor: str | None, limit: int, *, named: bool
) -> Page[MessageView]:
    statement = select(ProctorMessage).where(ProctorMessage.session_id == session_id)
    order = (ProctorMessage.sent_at, ProctorMessage.id)
    page = get_page(session, statement, order, cursor=cursor, limit=limit)
    authors = {row.author_id for row in page.items}
    found = session.execute(select(User.id, User.name).where(User.id.in_(authors)))
    names: dict[UUID, str] = dict(found.all())
    views = [
        view_message(row, names[row.author_id] if named or row.sender == "candidate" else "")
        for row in page.items
    ]
    return Page(views, page.next_cursor)
