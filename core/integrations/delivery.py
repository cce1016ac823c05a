"""Send the outbox: each message until the partner has it, a person looks at it, or it is dead.

A message is leased in one transaction, sent outside of any, and settled in another. The lease is
short and kept alive while the call runs, so that a killed worker's message is sent again within
seconds; the partner knows it by its idempotency key.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from examhall.core.contracts.provider import (
    Acknowledgement,
    AuthFailedError,
    ConfigError,
    OutboundMessage,
    PermanentError,
    Provider,
    TransientError,
)
from examhall.core.db import database_now
from examhall.core.errors import InvalidError, PluginError, SettingsError
from examhall.core.events.operations import emit
from examhall.core.integrations.events import ConnectionPaused, MessageDelivered, MessageDied
from examhall.core.integrations.models import Connection, OutboxMessage
from examhall.core.integrations.providers import call_provider, configure_provider, redacted
from examhall.core.integrations.queries import is_due

if TYPE_CHECKING:
    from examhall.core.platform import Platform

log = logging.getLogger(__name__)

MOST_TRIES = 12
LEASE_SECONDS = 10.0
RENEW_SECONDS = 3.0
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 900.0
LONGEST_WISH_SECONDS = 86400.0
FAILURES_IN_A_RUN = 3

_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Leased:
    """A message that this worker sends now, with its provider."""

    id: UUID
    connection_id: UUID
    provider: Provider
    message: OutboundMessage
    ordering_key: str


def deliver_messages(platform: Platform, connection_id: UUID) -> None:
    """Send what is due to one partner; stop for now after some failures in a row."""
    failures = 0
    while failures < FAILURES_IN_A_RUN:
        leased = _lease_next(platform, connection_id)
        if leased is None:
            return
        failures = 0 if _deliver(platform, leased) else failures + 1


def _lease_next(platform: Platform, connection_id: UUID) -> Leased | None:
    """Return the next message whose turn it is, None where there is none that could be sent."""
    provider = _provider(platform, connection_id)
    if provider is None:
        return None
    digest = platform.plugins.config_digest(provider)
    while True:
        with platform.db.transaction() as session:
            now = database_now(session)
            row = session.scalar(
                select(OutboxMessage)
                .join(Connection, Connection.id == OutboxMessage.connection_id)
                .where(Connection.id == connection_id, Connection.state == "enabled", is_due(now))
                .order_by(OutboxMessage.created_at, OutboxMessage.id)
                .limit(1)
                .with_for_update(skip_locked=True, of=OutboxMessage)
            )
            if row is None:
                return None
            row.state = "leased"
            row.tries += 1
            row.leased_until = now + timedelta(seconds=LEASE_SECONDS)
            row.provider_version = provider.version
            row.config_digest = digest
            leased = _describe(row, provider)
        if leased.message.attempt <= MOST_TRIES:
            return leased
        # Nobody put it back after its last try: it may be what ends the workers.
        _bury(platform, leased, f"given up: its worker ended in the last of {MOST_TRIES} tries")


def _describe(row: OutboxMessage, provider: Provider) -> Leased:
    message = OutboundMessage(
        id=str(row.id),
        operation=row.operation,
        payload=row.payload,
        idempotency_key=row.idempotency_key,
        attempt=row.tries,
    )
    return Leased(row.id, row.connection_id, provider, message, row.ordering_key)


def _provider(platform: Platform, connection_id: UUID) -> Provider | None:
    """Return a working connection's provider; pause a connection that it does not fit any more."""
    with platform.db.reading() as session:
        connection = session.get(Connection, connection_id)
    if connection is None or connection.state != "enabled":
        return None
    try:
        return configure_provider(platform, connection)
    except PluginError as error:
        log.warning("connection %s has to wait: %s", connection_id, error)
    except (InvalidError, SettingsError) as error:
        with platform.db.transaction() as session:
            pause_connection(session, connection_id, connection.provider_key, error.message)
    return None


def _deliver(platform: Platform, leased: Leased) -> bool:
    """Send one message and note what came of it; say whether the partner took it."""
    try:
        with _lease_kept(platform, leased):
            answer = call_provider(
                platform,
                leased.provider,
                leased.connection_id,
                "deliver",
                leased.message,
                expect=Acknowledgement,
            )
    except (AuthFailedError, ConfigError) as error:
        _pause(platform, leased, redacted(leased.provider, error))
        return False
    except PermanentError as error:
        _bury(platform, leased, redacted(leased.provider, error))
        return False
    except (TransientError, PluginError) as error:
        _put_back(platform, leased, error)
        return False
    _finish(platform, leased, answer)
    return True


@contextmanager
def _lease_kept(platform: Platform, leased: Leased) -> Iterator[None]:
    """Prolong the lease every few seconds until the call is over."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            with platform.db.transaction() as session:
                until = database_now(session) + timedelta(seconds=LEASE_SECONDS)
                _change(session, leased, {"leased_until": until})

    thread = threading.Thread(target=renew, name="examhall-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _change(session: Session, leased: Leased, changes: Mapping[str, Any]) -> bool:
    """Change the message if this worker still has it; say whether it does."""
    done = session.scalar(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == leased.id,
            OutboxMessage.state == "leased",
            OutboxMessage.tries == leased.message.attempt,
        )
        .values(**changes)
        .returning(OutboxMessage.id)
    )
    if done is None:
        log.warning("message %s is no longer this worker's", leased.id)
    return done is not None


def _finish(platform: Platform, leased: Leased, answer: Acknowledgement) -> None:
    with platform.db.transaction() as session:
        changes = {
            "state": "awaiting_ack" if answer.awaiting else "delivered",
            "remote_id": answer.remote_id[:300],
            "delivered_at": database_now(session),
            "leased_until": None,
            "last_error": "",
        }
        if _change(session, leased, changes) and not answer.awaiting:
            emit(session, MessageDelivered(**_names(leased)))


def _bury(platform: Platform, leased: Leased, reason: str) -> None:
    log.warning("message %s is dead: %s", leased.id, reason)
    with platform.db.transaction() as session:
        changes = {"state": "dead", "leased_until": None, "last_error": reason[:1000]}
        if _change(session, leased, changes):
            emit(session, MessageDied(**_names(leased), reason=reason))


def _put_back(platform: Platform, leased: Leased, error: TransientError | PluginError) -> None:
    """Have the message sent again later: full jitter, not before the partner's own wish."""
    reason = redacted(leased.provider, error)
    if leased.message.attempt >= MOST_TRIES:
        _bury(platform, leased, f"given up after {MOST_TRIES} tries: {reason}")
        return
    wish = getattr(error, "retry_after", None) or 0.0
    seconds = backoff(leased.message.attempt, wish)
    log.info("message %s: again in %.1f s: %s", leased.id, seconds, reason)
    with platform.db.transaction() as session:
        now = database_now(session)
        changes = {
            "state": "pending",
            "leased_until": None,
            "due_at": now + timedelta(seconds=seconds),
            "last_error": reason[:1000],
        }
        _change(session, leased, changes)
        if wish:
            _hold_back(session, leased.connection_id, now + timedelta(seconds=min(wish, seconds)))


def _hold_back(session: Session, connection_id: UUID, until: Any) -> None:
    """Ask nothing of a partner before the time that it named."""
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.connection_id == connection_id,
            OutboxMessage.state == "pending",
            OutboxMessage.due_at < until,
        )
        .values(due_at=until)
    )


def backoff(tries: int, wish: float = 0.0) -> float:
    """Return the seconds to wait after so many tries: anything up to a doubling limit.

    `wish`, the partner's Retry-After, is the least (up to a day).
    """
    limit = min(FIRST_WAIT_SECONDS * 2**tries, LONGEST_WAIT_SECONDS)
    return min(wish, LONGEST_WISH_SECONDS) + _random.uniform(0, limit)


def _pause(platform: Platform, leased: Leased, reason: str) -> None:
    """Pause the connection; its message waits and does not count as tried."""
    log.warning("connection %s is paused: %s", leased.connection_id, reason)
    with platform.db.transaction() as session:
        now = database_now(session)
        _change(
            session,
            leased,
            {
                "state": "pending",
                "tries": leased.message.attempt - 1,
                "leased_until": None,
                "due_at": now,
                "last_error": reason[:1000],
            },
        )
        pause_connection(session, leased.connection_id, leased.provider.key, reason)


def pause_connection(session: Session, connection_id: UUID, provider: str, reason: str) -> None:
    """Stop sending through a connection until an admin has looked at it."""
    paused = session.scalar(
        update(Connection)
        .where(Connection.id == connection_id, Connection.state == "enabled")
        .values(state="paused", pause_reason=reason[:500], updated_at=database_now(session))
        .returning(Connection.id)
    )
    if paused is not None:
        emit(
            session,
            ConnectionPaused(
                subject=f"connection:{connection_id}",
                connection_id=str(connection_id),
                provider=provider,
                reason=reason,
            ),
        )


def _names(leased: Leased) -> dict[str, Any]:
    return {
        "subject": f"connection:{leased.connection_id}",
        "connection_id": str(leased.connection_id),
        "provider": leased.provider.key,
        "message_id": str(leased.id),
        "operation": leased.message.operation,
    }
