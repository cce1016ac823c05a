"""What happens to accounts, as domain events; the subject is `user:<id>`, `user_id` theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from examhall.core.events.base import DomainEvent, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(DomainEvent):
    """An account was made."""

    event_type: ClassVar[str] = "user.created"
    topic: ClassVar[Topic] = Topic.USER

    login: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged(DomainEvent):
    """An account's name, e-mail or use was changed; `changed` names what."""

    event_type: ClassVar[str] = "user.changed"
    topic: ClassVar[Topic] = Topic.USER

    changed: list[str]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted(DomainEvent):
    """A person got a role, for everything or for `exam_id`."""

    event_type: ClassVar[str] = "role.granted"
    topic: ClassVar[Topic] = Topic.USER

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked(DomainEvent):
    """A person lost a role."""

    event_type: ClassVar[str] = "role.revoked"
    topic: ClassVar[Topic] = Topic.USER

    role: str
