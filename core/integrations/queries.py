"""Read connections and messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from examhall.core.db import database_now
from examhall.core.errors import NotFoundError
from examhall.core.integrations.models import Connection, OutboxMessage
from examhall.core.paging import Page, get_page
from examhall.core.permissions import Permission, Principal


def list_connections(
    session: Session, principal: Principal, *, cursor: str | None = None, limit: int = 50
) -> Page[Connection]:
    """Return the connections by title."""
    principal.require(Permission.CONNECTIONS_MANAGE)
    order = (Connection.title, Connection.id)
    return get_page(session, select(Connection), order, cursor=cursor, limit=limit)


def get_connection(session: Session, principal: Principal, connection_id: UUID) -> Connection:
    """Return one connection; raise NotFoundError."""
    principal.require(Permission.CONNECTIONS_MANAGE)
    return find_connection(session, connection_id)


def find_connection(session: Session, connection_id: UUID) -> Connection:
    """Return one connection for the system's own use; raise NotFoundError."""
    connection = session.get(Connection, connection_id)
    if connection is None:
        raise NotFoundError("There is no such connection.")
    return connection


def list_messages(
    session: Session,
    principal: Principal,
    connection_id: UUID,
    *,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[OutboxMessage]:
    """Return a connection's messages, newest first; `state` chooses some."""
    get_connection(session, principal, connection_id)
    statement = select(OutboxMessage).where(OutboxMessage.connection_id == connection_id)
    if state is not None:
        statement = statement.where(OutboxMessage.state == state)
    order = (OutboxMessage.created_at, OutboxMessage.id)
    return get_page(session, statement, order, cursor=cursor, limit=limit, descending=True)


def is_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a message whose turn it is.

    It is due, or its lease ran out; its connection works; and no earlier message of its ordering
    key is still on its way. A dead letter holds nothing back.
    """
    earlier = aliased(OutboxMessage)
    must_wait = (
        select(earlier.id)
        .where(
            earlier.connection_id == OutboxMessage.connection_id,
            earlier.ordering_key == OutboxMessage.ordering_key,
            earlier.created_at < OutboxMessage.created_at,
            earlier.state.in_(("pending", "leased", "awaiting_ack")),
        )
        .exists()
    )
    ready = or_(
        and_(OutboxMessage.state == "pending", OutboxMessage.due_at <= now),
        and_(OutboxMessage.state == "leased", OutboxMessage.leased_until <= now),
    )
    return and_(ready, or_(OutboxMessage.ordering_key == "", ~must_wait))


def find_connections_with_due_messages(session: Session) -> Sequence[Row[UUID, datetime]]:
    """Return working connections that have something to send, with the oldest due time."""
    return session.execute(
        select(OutboxMessage.connection_id, func.min(OutboxMessage.due_at))
        .join(Connection, Connection.id == OutboxMessage.connection_id)
        .where(Connection.state == "enabled", is_due(database_now(session)))
        .group_by(OutboxMessage.connection_id)
    ).all()
