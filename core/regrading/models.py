"""Tables of regrades: what was asked for, and what it would change for each attempt."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.db import Base

_OPEN = "state in ('counting','ready','releasing')"


class RegradeRun(Base):
    """A regrade of an exam: counted slice by slice, looked at by a person, released or discarded.

    `replacements` say which question is scored by which of its versions; `scoring` is the scorer
    with its settings that counts instead of the exam version's, NULL where that stays.
    """

    __tablename__ = "regrade_runs"
    __table_args__ = (
        CheckConstraint(
            "state in ('counting','ready','releasing','released','discarded')", name="state_known"
        ),
        Index("ix_regrade_runs_exam", "exam_id", "created_at"),
        Index(
            "uq_regrade_runs_one_open",
            "exam_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    exam_id: Mapped[UUID] = mapped_column(ForeignKey("exams.id"))
    state: Mapped[str] = mapped_column(String(20), default="counting")
    reason: Mapped[str] = mapped_column(String(500), default="")
    replacements: Mapped[list[Any]] = mapped_column(default=list)
    scoring: Mapped[dict[str, Any] | None]
    slices: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    progressed_at: Mapped[datetime]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]


class RegradeAttempt(Base):
    """What a regrade makes of one attempt.

    `waiting` is not counted yet. `same` and `changed` wait for the release and become `kept` and
    `released`. `refused` and `stale` are left alone, for the reason given: `stale` ones changed
    after they were counted.
    """

    __tablename__ = "regrade_attempts"
    __table_args__ = (
        CheckConstraint(
            "state in ('waiting','same','changed','refused','kept','released','stale')",
            name="state_known",
        ),
        Index("ix_regrade_attempts_slice", "run_id", "slice", "state"),
        Index("ix_regrade_attempts_state", "run_id", "state"),
        Index("ix_regrade_attempts_attempt", "attempt_id"),
    )

    run_id: Mapped[UUID] = mapped_column(ForeignKey("regrade_runs.id"), primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"), primary_key=True)
    slice: Mapped[int]
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    reason: Mapped[str] = mapped_column(String(500), default="")
    base_score_id: Mapped[UUID | None] = mapped_column(ForeignKey("scores.id"))
    score_id: Mapped[UUID | None] = mapped_column(ForeignKey("scores.id"))
    old_points: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    new_points: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    old_max_points: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    new_max_points: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    old_grade: Mapped[str] = mapped_column(String(100), default="")
    new_grade: Mapped[str] = mapped_column(String(100), default="")
    old_passed: Mapped[bool | None]
    new_passed: Mapped[bool | None]
    new_complete: Mapped[bool | None]


class RegradeItem(Base):
    """An item of an attempt whose result a regrade changes."""

    __tablename__ = "regrade_items"
    __table_args__ = (Index("ix_regrade_items_attempt", "run_id", "attempt_id"),)

    run_id: Mapped[UUID] = mapped_column(ForeignKey("regrade_runs.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("attempt_items.id"), primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    old_fraction: Mapped[Decimal | None] = mapped_column(Numeric(20, 12))
    new_fraction: Mapped[Decimal | None] = mapped_column(Numeric(20, 12))
    old_points: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    new_points: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    old_state: Mapped[str] = mapped_column(String(20))
    new_state: Mapped[str] = mapped_column(String(20))
