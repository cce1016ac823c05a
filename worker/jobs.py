"""All jobs by name: plain functions with ids as arguments. Each may run twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from examhall.core.events.delivery import deliver_events
from examhall.core.integrations.delivery import deliver_messages
from examhall.core.integrations.inbox import apply_message
from examhall.core.platform import Platform


def deliver_outbox(platform: Platform, connection_id: str) -> None:
    """Send what is due to one partner."""
    deliver_messages(platform, UUID(connection_id))


def apply_inbox(platform: Platform, message_id: str) -> None:
    """Act on something that a partner told us."""
    apply_message(platform, UUID(message_id))


def emit_events(platform: Platform) -> None:
    """Bring domain events to their sinks."""
    deliver_events(platform)


JOBS: Mapping[str, Callable[..., Any]] = {
    "deliver_outbox": deliver_outbox,
    "apply_inbox": apply_inbox,
    "emit_events": emit_events,
}
