"""Tell that something happened: the row is written with the change that it tells of."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.db import database_now
from examhall.core.events.base import DomainEvent
from examhall.core.events.models import Event, EventDelivery

ROUTING = "*"
"""The key of the delivery row that every new event gets: it still has to be sent on its ways."""


def emit(session: Session, event: DomainEvent) -> None:
    """Write an event in the caller's transaction; workers deliver it after the commit.

    On PostgreSQL events of one subject wait for each other's transactions, so that their numbers
    rise in the order in which they become visible. On SQLite all writers do.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = func.hashtextextended(f"event:{event.subject}", 0)
        session.execute(select(func.pg_advisory_xact_lock(lock)))
    now = database_now(session)
    row = Event(
        event_type=event.event_type,
        topic=event.topic.value,
        subject=event.subject,
        user_id=event.user_id,
        exam_id=event.exam_id,
        course_id=event.course_id,
        data=event.metadata(),
        at=now,
    )
    session.add(row)
    session.flush()
    session.add(EventDelivery(event_number=row.number, sink_key=ROUTING, due_at=now))
