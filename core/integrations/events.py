"""What happens with partners, as domain events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from examhall.core.events.base import DomainEvent, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPaused(DomainEvent):
    """A partner refused our credentials, or the configuration cannot work."""

    event_type: ClassVar[str] = "connection.paused"
    topic: ClassVar[Topic] = Topic.PROVIDER

    connection_id: str
    provider: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelivered(DomainEvent):
    """A partner has taken a message."""

    event_type: ClassVar[str] = "message.delivered"
    topic: ClassVar[Topic] = Topic.PROVIDER

    connection_id: str
    provider: str
    message_id: str
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDied(DomainEvent):
    """A message could not be delivered and waits for a person."""

    event_type: ClassVar[str] = "message.died"
    topic: ClassVar[Topic] = Topic.PROVIDER

    connection_id: str
    provider: str
    message_id: str
    operation: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerEventReceived(DomainEvent):
    """A partner told us something; `name` and `data` are the partner's own."""

    event_type: ClassVar[str] = "partner.event_received"
    topic: ClassVar[Topic] = Topic.PROVIDER

    connection_id: str
    provider: str
    name: str
    dedupe_key: str
    data: dict[str, Any]
