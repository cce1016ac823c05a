"""Messages to partners and the connections that they go through."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.contracts.base import Kind
from examhall.core.contracts.provider import Provider
from examhall.core.db import after_commit, database_now
from examhall.core.errors import ConflictError, NotFoundError
from examhall.core.integrations.models import Connection, OutboxMessage
from examhall.core.permissions import Permission, Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform


log = logging.getLogger(__name__)


def queue_message(
    session: Session,
    platform: Platform,
    operation: str,
    payload: Mapping[str, Any],
    *,
    idempotency_key: str,
    ordering_key: str = "",
) -> list[UUID]:
    """Write a message for every connection whose provider can do `operation`; return their ids.

    The message belongs to the caller's transaction. The same idempotency key again adds nothing.
    Messages of one ordering key reach a partner one after the other. A paused connection keeps
    its messages until it is mended; a disabled one gets none.
    """
    connections = session.scalars(select(Connection).where(Connection.state != "disabled"))
    written = []
    for connection in connections.all():
        if operation in _capabilities(platform, connection):
            message_id = _write_message(
                session, connection.id, operation, payload, idempotency_key, ordering_key
            )
            if message_id is not None:
                written.append(message_id)
                _wake_after_commit(session, platform, connection.id)
    return written


def has_receivers(session: Session, platform: Platform, operation: str) -> bool:
    """Say whether `queue_message` would write anything: work on many objects asks once."""
    connections = session.scalars(select(Connection).where(Connection.state != "disabled"))
    return any(operation in _capabilities(platform, connection) for connection in connections)


def _capabilities(platform: Platform, connection: Connection) -> frozenset[str]:
    """Return what a connection's provider can do, even while the provider is paused."""
    try:
        provider = platform.plugins.entry(Kind.PROVIDER, connection.provider_key).plugin
    except NotFoundError:
        log.warning("connection %s: its provider is not installed", connection.id)
        return frozenset()
    return provider.capabilities if isinstance(provider, Provider) else frozenset()


def replay_message(
    session: Session, platform: Platform, principal: Principal, message_id: UUID
) -> OutboxMessage:
    """Send a dead letter again, with the same idempotency key and all its tries anew.

    Raises NotFoundError, and ConflictError for a message that is not dead.
    """
    principal.require(Permission.CONNECTIONS_MANAGE)
    message = session.scalar(
        select(OutboxMessage).where(OutboxMessage.id == message_id).with_for_update()
    )
    if message is None:
        raise NotFoundError("There is no such message.")
    if message.state != "dead":
        raise ConflictError("Only a dead letter can be sent again.", state=message.state)
    message.state = "pending"
    message.tries = 0
    message.due_at = database_now(session)
    record(session, principal, "message.replayed", "message", message_id)
    _wake_after_commit(session, platform, message.connection_id)
    return message


def _write_message(
    session: Session,
    connection_id: UUID,
    operation: str,
    payload: Mapping[str, Any],
    idempotency_key: str,
    ordering_key: str,
) -> UUID | None:
    now = database_now(session)
    last = session.scalar(
        select(func.max(OutboxMessage.created_at)).where(
            OutboxMessage.connection_id == connection_id,
            OutboxMessage.ordering_key == ordering_key,
        )
    )
    created_at = max(now, last + timedelta(microseconds=1)) if last else now
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = (
        dialect.insert(OutboxMessage)
        .values(
            id=uuid4(),
            connection_id=connection_id,
            operation=operation,
            payload=dict(payload),
            idempotency_key=idempotency_key,
            ordering_key=ordering_key,
            state="pending",
            tries=0,
            due_at=now,
            last_error="",
            remote_id="",
            provider_version="",
            config_digest="",
            created_at=created_at,
        )
        .on_conflict_do_nothing(
            index_elements=[OutboxMessage.connection_id, OutboxMessage.idempotency_key]
        )
        .returning(OutboxMessage.id)
    )
    written: UUID | None = session.scalar(statement)
    return written


def _wake_after_commit(session: Session, platform: Platform, connection_id: UUID) -> None:
    after_commit(session, lambda: platform.queue.enqueue("deliver_outbox", str(connection_id)))
