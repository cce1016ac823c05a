"""Tables of the review. Decisions are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.db import Base

MOST_TEXT = 4000


class Decision(Base):
    """What one person concluded about a session in one round.

    `incidents` holds those that count as they were then: what the candidate is shown must not
    change when rules or weights do.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("session_id", "round", name="uq_decisions_session_round"),
        CheckConstraint("round in ('first','second','appeal')", name="round_known"),
        CheckConstraint(
            "outcome in ('no_concern','inconclusive','minor','concern','void_proposed')",
            name="outcome_known",
        ),
        CheckConstraint("reason <> ''", name="reason_given"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    round: Mapped[str] = mapped_column(String(10))
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(MOST_TEXT))
    incidents: Mapped[list[Any]]
    reviewer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class Appeal(Base):
    """The candidate's objection to a decision, at most one a session."""

    __tablename__ = "appeals"
    __table_args__ = (
        UniqueConstraint("session_id", name="uq_appeals_session"),
        CheckConstraint("state in ('open','decided')", name="state_known"),
        CheckConstraint("comment <> ''", name="comment_given"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    comment: Mapped[str] = mapped_column(String(MOST_TEXT))
    state: Mapped[str] = mapped_column(String(10), default="open")
    at: Mapped[datetime]
