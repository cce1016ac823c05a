"""Tell that something happened: the row is written with the change that it tells of."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ARRAY, String, bindparam, column, func, select
from sqlalchemy.orm import Session

from examhall.core.db import database_now
from examhall.core.events.base import DomainEvent
from examhall.core.events.models import Event, EventDelivery

ROUTING = "*"
"""The key of the delivery row that every new event gets: it still has to be sent on its ways."""


def emit(session: Session, event: DomainEvent) -> None:
    """Write an event in the caller's transaction; workers deliver it after the commit."""
    emit_all(session, [event])


def emit_all(session: Session, events: Sequence[DomainEvent]) -> None:
    """Write events in the caller's transaction, in their order.

    On PostgreSQL events of one subject wait for each other's transactions, so that their numbers
    rise in the order in which they become visible. On SQLite all writers do.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Always in the same order, so that two transactions cannot wait for each other.
        subjects = sorted({f"event:{event.subject}" for event in events})
        session.execute(_LOCK_SUBJECTS, {"subjects": subjects}).all()
    now = database_now(session)
    rows = [
        Event(
            event_type=event.event_type,
            topic=event.topic.value,
            subject=event.subject,
            user_id=event.user_id,
            exam_id=event.exam_id,
            course_id=event.course_id,
            data=event.metadata(),
            at=now,
        )
        for event in events
    ]
    session.add_all(rows)
    session.flush()
    session.add_all(
        EventDelivery(event_number=row.number, sink_key=ROUTING, due_at=now) for row in rows
    )


_GIVEN = (
    func.unnest(bindparam("subjects", type_=ARRAY(String())))
    .table_valued(column("subject", String()), name="given")
    .render_derived()
)
_ORDERED = select(_GIVEN.c.subject).order_by(_GIVEN.c.subject).subquery("ordered")
_LOCK_SUBJECTS = select(func.pg_advisory_xact_lock(func.hashtextextended(_ORDERED.c.subject, 0)))
