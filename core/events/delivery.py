"""Bring events to the sinks and to the hook: at least once, in order per subject.

Each new event is first sent on its ways: it gets a delivery row for every enabled sink, and one for
the hook. Then each sink's rows are delivered by whoever holds the sink's lease; a row goes when the
sink has taken the event. A failing event holds back later ones of its subject and no others.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, and_, delete, insert, select, update
from sqlalchemy.orm import Session, aliased

from examhall.core.contracts.base import Kind
from examhall.core.contracts.services import EventEnvelope, EventSink
from examhall.core.db import database_now
from examhall.core.errors import PluginError
from examhall.core.events.models import Event, EventDelivery
from examhall.core.events.operations import ROUTING
from examhall.core.leases import release_lease, take_lease
from examhall.core.registry.descriptions import PluginStatus

if TYPE_CHECKING:
    from examhall.core.platform import Platform

log = logging.getLogger(__name__)

HOOK = "@hook"
BATCH = 200
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 300.0
UNUSABLE_WAIT_SECONDS = 15.0
FAILURES_IN_A_RUN = 3
LEASE_MARGIN_SECONDS = 20.0

Send = Callable[[Sequence[EventEnvelope]], None]


def has_due_events(session: Session) -> bool:
    """Say whether anything waits to be delivered now."""
    due = select(EventDelivery.event_number).where(EventDelivery.due_at <= database_now(session))
    return session.execute(due.limit(1)).first() is not None


def deliver_events(platform: Platform) -> None:
    """Deliver everything that is due."""
    while route_events(platform) == BATCH:
        pass
    with platform.db.reading() as session:
        waiting = select(EventDelivery.sink_key).where(EventDelivery.sink_key != ROUTING)
        keys = session.scalars(waiting.distinct().order_by(EventDelivery.sink_key)).all()
    for key in keys:
        _deliver_alone(platform, key)


def route_events(platform: Platform) -> int:
    """Give a batch of new events their delivery rows; return how many there were."""
    sinks = _sink_keys(platform)
    with platform.db.transaction() as session:
        # Not SKIP LOCKED: a second router has to wait, or it would send a later event first.
        numbers = session.scalars(
            select(EventDelivery.event_number)
            .where(EventDelivery.sink_key == ROUTING)
            .order_by(EventDelivery.event_number)
            .limit(BATCH)
            .with_for_update()
        ).all()
        if not numbers:
            return 0
        now = database_now(session)
        session.execute(
            insert(EventDelivery),
            [
                {"event_number": number, "sink_key": key, "tries": 0, "due_at": now}
                for number in numbers
                for key in (*sinks, HOOK)
            ],
        )
        session.execute(
            delete(EventDelivery).where(
                EventDelivery.sink_key == ROUTING, EventDelivery.event_number.in_(numbers)
            )
        )
    return len(numbers)


def _sink_keys(platform: Platform) -> list[str]:
    """Return the sinks that are switched on; one that is paused gets its events later."""
    return [
        plugin.key
        for plugin in platform.plugins.describe()
        if plugin.kind == Kind.EVENT_SINK and plugin.status is not PluginStatus.DISABLED
    ]


def _deliver_alone(platform: Platform, key: str) -> None:
    """Deliver one sink's events, unless somebody else does."""
    holder = uuid4().hex
    lease = f"events:{key}"
    seconds = platform.settings.plugin_time_limit * FAILURES_IN_A_RUN + LEASE_MARGIN_SECONDS
    while True:
        with platform.db.transaction() as session:
            if not take_lease(session, lease, holder, seconds):
                return
            batch = session.execute(_due(session, key)).all()
        if not batch or not _deliver_batch(platform, key, [(row[0], row[1]) for row in batch]):
            break
    with platform.db.transaction() as session:
        release_lease(session, lease, holder)


def _due(session: Session, key: str) -> Select[Event, int]:
    """Select events whose time has come and whose subject has none that waits before them."""
    now = database_now(session)
    waiting, its_event = aliased(EventDelivery), aliased(Event)
    held_back = (
        select(waiting.event_number)
        .join(its_event, its_event.number == waiting.event_number)
        .where(
            waiting.sink_key == key,
            waiting.due_at > now,
            waiting.event_number < Event.number,
            its_event.subject == Event.subject,
        )
        .exists()
    )
    return (
        select(Event, EventDelivery.tries)
        .join(EventDelivery, EventDelivery.event_number == Event.number)
        .where(EventDelivery.sink_key == key, EventDelivery.due_at <= now, ~held_back)
        .order_by(Event.number)
        .limit(BATCH)
    )


def _deliver_batch(platform: Platform, key: str, batch: list[tuple[Event, int]]) -> bool:
    """Deliver events in order; say whether to go on with the next batch.

    New events go together. When that failed, each goes alone, so that one that the sink cannot
    take does not stop the others.
    """
    send = _sender(platform, key)
    if send is None:
        _postpone(platform, key, [event for event, _ in batch], UNUSABLE_WAIT_SECONDS, "")
        return False
    if all(tries == 0 for _, tries in batch):
        return _try(platform, key, send, [event for event, _ in batch], 0)
    failures = 0
    held_back: set[str] = set()
    lease_is_safe_until = time.monotonic() + platform.settings.plugin_time_limit
    for event, tries in batch:
        if time.monotonic() > lease_is_safe_until:
            break
        if event.subject in held_back:
            continue
        if not _try(platform, key, send, [event], tries):
            held_back.add(event.subject)
            failures += 1
        if failures >= FAILURES_IN_A_RUN:
            return False
    return True


def _try(platform: Platform, key: str, send: Send, events: list[Event], tries: int) -> bool:
    try:
        send([to_envelope(event) for event in events])
    except PluginError as error:
        wait = min(FIRST_WAIT_SECONDS * 2**tries, LONGEST_WAIT_SECONDS)
        log.warning("event sink %s failed, again in %.0f s: %s", key, wait, error)
        _postpone(platform, key, events, wait, str(error))
        return False
    with platform.db.transaction() as session:
        session.execute(delete(EventDelivery).where(_rows(key, events)))
    return True


def _postpone(
    platform: Platform, key: str, events: list[Event], seconds: float, reason: str
) -> None:
    with platform.db.transaction() as session:
        changes: dict[str, Any] = {
            "due_at": database_now(session) + timedelta(seconds=seconds),
            "last_error": reason[:500],
        }
        if reason:
            changes["tries"] = EventDelivery.tries + 1
        session.execute(update(EventDelivery).where(_rows(key, events)).values(changes))


def _rows(key: str, events: list[Event]) -> ColumnElement[bool]:
    numbers = [event.number for event in events]
    return and_(EventDelivery.sink_key == key, EventDelivery.event_number.in_(numbers))


def _sender(platform: Platform, key: str) -> Send | None:
    """Return how to deliver to a sink or to the hook; None while the sink cannot be used."""
    plugins = platform.plugins
    if key == HOOK:

        def tell(events: Sequence[EventEnvelope]) -> None:
            for event in events:
                plugins.notify("examhall_event", event=event)

        return tell
    sink = plugins.find(Kind.EVENT_SINK, key)
    if not isinstance(sink, EventSink):
        return None
    return lambda events: plugins.call(sink, "emit", events)


def to_envelope(event: Event) -> EventEnvelope:
    """Return an event as sinks and hooks get it."""
    return EventEnvelope(
        event_id=str(event.event_id),
        event_type=event.event_type,
        topic=event.topic,
        timestamp=event.at,
        subject=event.subject,
        user_id=str(event.user_id) if event.user_id else None,
        exam_id=str(event.exam_id) if event.exam_id else None,
        course_id=event.course_id or None,
        metadata=event.data,
    )
