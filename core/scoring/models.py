"""Tables of scores; a regrade adds a version and never overwrites one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from examhall.core.attempts.models import RowNumber
from examhall.core.db import Base


class ScoreRecord(Base):
    """One scoring of an attempt, with the scorer that made it.

    `digest` is the sha256 over all that it says: scoring again with the same end makes no version.
    """

    __tablename__ = "scores"
    __table_args__ = (
        UniqueConstraint("attempt_id", "version", name="uq_scores_attempt_version"),
        CheckConstraint("version >= 1", name="version_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    version: Mapped[int]
    points: Mapped[Decimal] = mapped_column(Numeric(14, 6))
    max_points: Mapped[Decimal] = mapped_column(Numeric(14, 6))
    complete: Mapped[bool]
    grade_label: Mapped[str] = mapped_column(String(100), default="")
    passed: Mapped[bool | None]
    reason: Mapped[str] = mapped_column(String(500), default="")
    scorer_key: Mapped[str] = mapped_column(String(100))
    scorer_version: Mapped[str] = mapped_column(String(50))
    config_digest: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]

    items: Mapped[list[ItemScoreRecord]] = relationship(back_populates="score")


class ItemScoreRecord(Base):
    """The score of one item in one scoring, for the response of `response_revision` (0: none)."""

    __tablename__ = "item_scores"
    __table_args__ = (UniqueConstraint("score_id", "item_id", name="uq_item_scores_score_item"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    score_id: Mapped[UUID] = mapped_column(ForeignKey("scores.id"))
    item_id: Mapped[UUID] = mapped_column(ForeignKey("attempt_items.id"))
    fraction: Mapped[Decimal | None] = mapped_column(Numeric(20, 12))
    points: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    max_points: Mapped[Decimal] = mapped_column(Numeric(14, 6))
    state: Mapped[str] = mapped_column(String(20))
    needs_manual: Mapped[bool] = mapped_column(default=False)
    feedback: Mapped[str] = mapped_column(default="")
    parts: Mapped[list[Any]] = mapped_column(default=list)
    plugin_key: Mapped[str] = mapped_column(String(100))
    plugin_version: Mapped[str] = mapped_column(String(50))
    config_digest: Mapped[str] = mapped_column(String(64))
    response_revision: Mapped[int] = mapped_column(default=0)
    marked_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    comment: Mapped[str] = mapped_column(default="")
    certainty: Mapped[int | None]

    score: Mapped[ScoreRecord] = relationship(back_populates="items")


class Mark(Base):
    """A mark that a person gave for one response; the one that counts stands in the scores.

    `criteria` are the chosen levels of the rubric: key of the criterion to key of the level.
    """

    __tablename__ = "marks"
    __table_args__ = (
        Index("ix_marks_item", "item_id", "id"),
        CheckConstraint("fraction between 0 and 1", name="fraction_is_share"),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    item_id: Mapped[UUID] = mapped_column(ForeignKey("attempt_items.id"))
    response_revision: Mapped[int]
    marker_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    fraction: Mapped[Decimal] = mapped_column(Numeric(20, 12))
    criteria: Mapped[dict[str, Any]] = mapped_column(default=dict)
    comment: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class Outcome(Base):
    """The result that was released to the candidate and to providers."""

    __tablename__ = "outcomes"
    __table_args__ = (UniqueConstraint("attempt_id", "number", name="uq_outcomes_attempt_number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    number: Mapped[int]
    score_id: Mapped[UUID] = mapped_column(ForeignKey("scores.id"))
    released_by: Mapped[str] = mapped_column(String(80))
    released_at: Mapped[datetime]

    score: Mapped[ScoreRecord] = relationship()
