"""Messages to partners and the connections that they go through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from examhall.core.contracts.base import Kind
from examhall.core.contracts.provider import Provider
from examhall.core.db import after_commit, database_now
from examhall.core.integrations.models import Connection, OutboxMessage
from examhall.core.platform import Platform


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
        provider = platform.plugins.find(Kind.PROVIDER, connection.provider_key)
        if isinstance(provider, Provider) and operation in provider.capabilities:
            message_id = _write_message(
                session, connection.id, operation, payload, idempotency_key, ordering_key
            )
            if message_id is not None:
                written.append(message_id)
                _wake_after_commit(session, platform, connection.id)
    return written


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
