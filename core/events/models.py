"""Tables of domain events."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.attempts.models import RowNumber
from examhall.core.db import Base


class Event(Base):
    """One thing that happened."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("event_id", name="uq_events_event_id"),
        Index("ix_events_subject", "subject", "number"),
    )

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    event_id: Mapped[UUID] = mapped_column(default=uuid4)
    event_type: Mapped[str] = mapped_column(String(100))
    topic: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[UUID | None]
    exam_id: Mapped[UUID | None]
    course_id: Mapped[str] = mapped_column(String(100), default="")
    data: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    at: Mapped[datetime]


class EventDelivery(Base):
    """An event that still has to go to a sink; the row goes when the sink has it."""

    __tablename__ = "event_deliveries"
    __table_args__ = (Index("ix_event_deliveries_sink", "sink_key", "event_number"),)

    event_number: Mapped[int] = mapped_column(
        RowNumber, ForeignKey("events.number"), primary_key=True
    )
    sink_key: Mapped[str] = mapped_column(String(100), primary_key=True)
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    last_error: Mapped[str] = mapped_column(String(500), default="")
