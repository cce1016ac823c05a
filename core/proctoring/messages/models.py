"""The table of messages between candidates and proctors."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.db import Base


class ProctorMessage(Base):
    """One message of a session's conversation; an announcement has a row in each session.

    `operation_id` comes from the device that wrote it: sent twice, it is one message. `read_at` is
    when the other side first saw it, `acknowledged_at` when a candidate confirmed a warning.
    """

    __tablename__ = "proctor_messages"
    __table_args__ = (
        UniqueConstraint("session_id", "operation_id", name="uq_proctor_messages_operation"),
        CheckConstraint("sender in ('proctor','candidate')", name="sender_known"),
        CheckConstraint("kind in ('message','warning','announcement')", name="kind_known"),
        CheckConstraint("sender = 'proctor' or kind = 'message'", name="kind_of_candidates"),
        Index("ix_proctor_messages_session", "session_id", "sent_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    operation_id: Mapped[UUID]
    sender: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str] = mapped_column(String(1000))
    sent_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
