"""Hear from partners: verify, store as it came, answer; act on it in a job, once."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from examhall.core.contracts.provider import InboundEvent, ProviderError, TransientError
from examhall.core.db import after_commit, database_now
from examhall.core.errors import ForbiddenError, NotFoundError, PluginError
from examhall.core.events.operations import emit
from examhall.core.integrations.events import MessageDelivered, MessageDied, PartnerEventReceived
from examhall.core.integrations.models import Connection, InboxMessage, OutboxMessage
from examhall.core.integrations.providers import call_provider, configure_provider, redacted
from examhall.core.integrations.queries import find_connection

if TYPE_CHECKING:
    from examhall.core.platform import Platform

log = logging.getLogger(__name__)

MOST_TRIES = 5
ACKNOWLEDGED = "message.acknowledged"
REJECTED = "message.rejected"


def receive_webhook(
    platform: Platform, connection_id: UUID, headers: Mapping[str, str], raw: bytes
) -> bool:
    """Store a partner's call that its provider knows as genuine; say whether it is new.

    A call that failed before counts as new.

    Raises NotFoundError for an unknown or disabled connection, ForbiddenError for a call that is
    not genuine.
    """
    with platform.db.reading() as session:
        connection = find_connection(session, connection_id)
    if connection.state == "disabled":
        raise NotFoundError("There is no such connection.")
    provider = configure_provider(platform, connection)
    genuine = call_provider(
        platform, provider, connection_id, "verify_webhook", dict(headers), raw, expect=bool
    )
    if not genuine:
        raise ForbiddenError("The call is not signed as agreed.")
    with platform.db.transaction() as session:
        key = "raw:" + sha256(raw).hexdigest()
        now = database_now(session)
        message_id = _store(session, connection_id, key, raw, "stored", now)
        if message_id is not None:
            after_commit(session, lambda: platform.queue.enqueue("apply_inbox", str(message_id)))
    return message_id is not None


def apply_message(platform: Platform, message_id: UUID) -> None:
    """Act on a stored call: each of its events once, whatever was told before."""
    with platform.db.reading() as session:
        message = session.get(InboxMessage, message_id)
        if message is None or message.state != "stored":
            return
        connection = find_connection(session, message.connection_id)
    provider = configure_provider(platform, connection)
    try:
        events = call_provider(
            platform,
            provider,
            connection.id,
            "parse_webhook",
            message.raw,
            expect=list[InboundEvent],
        )
        with platform.db.transaction() as session:
            _apply_events(session, connection, message_id, events)
    except (ProviderError, PluginError) as error:
        again = isinstance(error, TransientError | PluginError)
        _note_failure(platform, message_id, redacted(provider, error), again)


def _apply_events(
    session: Session, connection: Connection, message_id: UUID, events: list[InboundEvent]
) -> None:
    message = session.scalar(
        select(InboxMessage).where(InboxMessage.id == message_id).with_for_update()
    )
    if message is None or message.state != "stored":
        return
    now = database_now(session)
    for event in events:
        raw = json.dumps({"event": event.event_type, "data": dict(event.data)}).encode()
        if _store(session, connection.id, _event_key(event), raw, "applied", now) is not None:
            _apply_event(session, connection, event, now)
    message.state = "applied"
    message.applied_at = now


def _event_key(event: InboundEvent) -> str:
    key = "event:" + event.dedupe_key
    return key if len(key) <= 200 else "hash:" + sha256(key.encode()).hexdigest()


def _apply_event(
    session: Session, connection: Connection, event: InboundEvent, now: datetime
) -> None:
    if event.event_type in {ACKNOWLEDGED, REJECTED}:
        _settle_message(session, connection, event, now)
    emit(
        session,
        PartnerEventReceived(
            subject=f"connection:{connection.id}",
            connection_id=str(connection.id),
            provider=connection.provider_key,
            name=event.event_type[:100],
            dedupe_key=event.dedupe_key,
            data=dict(event.data),
        ),
    )


def _settle_message(
    session: Session, connection: Connection, event: InboundEvent, now: datetime
) -> None:
    """Take a partner's late answer to a message that awaits it.

    A fast partner answers before its first answer to the sending itself was noted, or after a try
    that seemed to fail: a message that it names by our key is settled then, too.
    """
    key, remote_id = event.data.get("idempotency_key"), event.data.get("remote_id")
    taken = event.event_type == ACKNOWLEDGED
    reason = str(event.data.get("reason", "rejected"))[:1000]
    settled = session.scalars(
        update(OutboxMessage)
        .where(
            OutboxMessage.connection_id == connection.id,
            or_(
                (OutboxMessage.idempotency_key == str(key or ""))
                & OutboxMessage.state.in_(("pending", "leased", "awaiting_ack")),
                (OutboxMessage.remote_id == str(remote_id or ""))
                & (OutboxMessage.remote_id != "")
                & (OutboxMessage.state == "awaiting_ack"),
            ),
        )
        .values(
            state="delivered" if taken else "dead",
            leased_until=None,
            delivered_at=now if taken else None,
            last_error="" if taken else reason,
        )
        .returning(OutboxMessage)
    )
    for message in settled.all():
        names: dict[str, Any] = {
            "subject": f"connection:{connection.id}",
            "connection_id": str(connection.id),
            "provider": connection.provider_key,
            "message_id": str(message.id),
            "operation": message.operation,
        }
        emit(
            session,
            MessageDelivered(**names) if taken else MessageDied(**names, reason=reason),
        )


def _store(
    session: Session, connection_id: UUID, key: str, raw: bytes, state: str, now: datetime
) -> UUID | None:
    """Write a row unless there is one with this key; return its id, None for a duplicate.

    One that failed is tried anew when the partner sends it again: nobody else could mend it.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    written: UUID | None = session.scalar(
        dialect.insert(InboxMessage)
        .values(
            id=uuid4(),
            connection_id=connection_id,
            dedupe_key=key,
            raw=raw,
            state=state,
            received_at=now,
            applied_at=now if state == "applied" else None,
        )
        .on_conflict_do_update(
            index_elements=[InboxMessage.connection_id, InboxMessage.dedupe_key],
            set_={"state": state, "tries": 0, "received_at": now},
            where=InboxMessage.state == "failed",
        )
        .returning(InboxMessage.id)
    )
    return written


def _note_failure(platform: Platform, message_id: UUID, reason: str, again: bool) -> None:
    log.warning("inbox message %s: %s", message_id, reason)
    with platform.db.transaction() as session:
        message = session.scalar(
            select(InboxMessage).where(InboxMessage.id == message_id).with_for_update()
        )
        if message is None or message.state != "stored":
            return
        message.tries += 1
        message.last_error = reason[:1000]
        if not again or message.tries >= MOST_TRIES:
            message.state = "failed"
