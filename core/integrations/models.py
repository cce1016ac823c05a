"""Tables of integrations."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from examhall.core.db import Base


class Connection(Base):
    """A partner system that an admin set up; secrets inside `config` are encrypted."""

    __tablename__ = "connections"
    __table_args__ = (
        CheckConstraint("state in ('enabled','disabled','paused')", name="state_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    provider_key: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(200))
    config: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(20), default="enabled")
    pause_reason: Mapped[str] = mapped_column(String(500), default="")
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class OutboxMessage(Base):
    """Something to tell a partner, written with the change that it tells of."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        UniqueConstraint("connection_id", "idempotency_key", name="uq_outbox_idempotency"),
        CheckConstraint(
            "state in ('pending','leased','delivered','awaiting_ack','dead')", name="state_known"
        ),
        Index("ix_outbox_due", "state", "due_at"),
        Index("ix_outbox_order", "connection_id", "ordering_key", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connections.id"))
    operation: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    idempotency_key: Mapped[str] = mapped_column(String(200))
    ordering_key: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(20), default="pending")
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(1000), default="")
    remote_id: Mapped[str] = mapped_column(String(300), default="")
    provider_version: Mapped[str] = mapped_column(String(50), default="")
    config_digest: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]

    connection: Mapped[Connection] = relationship()


class InboxMessage(Base):
    """Something a partner told us, stored as it came before it is acted on."""

    __tablename__ = "inbox_messages"
    __table_args__ = (
        UniqueConstraint("connection_id", "dedupe_key", name="uq_inbox_dedupe"),
        CheckConstraint("state in ('stored','applied','ignored','failed')", name="state_known"),
        Index("ix_inbox_state", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connections.id"))
    dedupe_key: Mapped[str] = mapped_column(String(200))
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(20), default="stored")
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(1000), default="")
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]


class Cursor(Base):
    """How far a partner's stream was read; saved with the records that were read."""

    __tablename__ = "cursors"

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connections.id"), primary_key=True)
    stream: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(String(1000))
    updated_at: Mapped[datetime]
