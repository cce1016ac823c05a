"""Connections and messages for tests."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from examhall.core.db import database_now
from examhall.core.events.models import Event
from examhall.core.integrations.connections import create_connection
from examhall.core.integrations.delivery import deliver_messages
from examhall.core.integrations.models import Connection, OutboxMessage
from examhall.core.integrations.operations import queue_message
from examhall.core.permissions import SYSTEM
from examhall.core.platform import Platform

SECRET = "a secret of more than sixteen characters"


def connect(platform: Platform, url: str, title: str = "Partner") -> Connection:
    """Make a connection to a webhook without a test."""
    return create_connection(
        platform,
        SYSTEM,
        provider="webhook",
        title=title,
        config={"url": url, "secret": SECRET},
        unchecked=True,
    )


def queue(
    platform: Platform, key: str, *, operation: str = "push_result", order: str = "", **payload: Any
) -> list[UUID]:
    """Queue a message in a transaction of its own."""
    with platform.db.transaction() as session:
        return queue_message(
            session, platform, operation, payload, idempotency_key=key, ordering_key=order
        )


def messages(platform: Platform) -> Sequence[OutboxMessage]:
    """Return all messages in the order of their making."""
    with platform.db.reading() as session:
        return session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at)).all()


def event_types(platform: Platform) -> list[str]:
    """Return the types of all events so far."""
    with platform.db.reading() as session:
        return list(session.scalars(select(Event.event_type).order_by(Event.number)))


def connection_now(platform: Platform, connection: Connection) -> Connection:
    """Return a connection as it is stored now."""
    with platform.db.reading() as session:
        return session.get_one(Connection, connection.id)


def let_time_pass(platform: Platform) -> None:
    """Make all waiting messages due, and all leases run out."""
    with platform.db.transaction() as session:
        now = database_now(session)
        session.execute(update(OutboxMessage).values(due_at=now))
        leased = update(OutboxMessage).where(OutboxMessage.state == "leased")
        session.execute(leased.values(leased_until=now))


def deliver(platform: Platform, connection: Connection) -> None:
    """Send what is due."""
    deliver_messages(platform, connection.id)
