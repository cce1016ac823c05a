"""The table of steps: every check and every next try of an item. It is only ever added to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.attempts.models import RowNumber
from examhall.core.db import Base


class ItemStep(Base):
    """A check of the response of `response_revision`, or the start of the next try.

    What the candidate was told is kept with it: verdict, feedback, hint, and with `fraction` what
    the item had earned by then. The score of an attempt does not come from here but from the
    responses of these revisions, scored anew: so a changed key counts for all tries.
    """

    __tablename__ = "item_steps"
    __table_args__ = (
        UniqueConstraint("item_id", "number", name="uq_item_steps_item_number"),
        UniqueConstraint("attempt_id", "operation_id", name="uq_item_steps_operation"),
        Index("ix_item_steps_attempt", "attempt_id", "id"),
        CheckConstraint("kind in ('check','try_again')", name="kind_known"),
        CheckConstraint("certainty between 1 and 3", name="certainty_known"),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    item_id: Mapped[UUID] = mapped_column(ForeignKey("attempt_items.id"))
    number: Mapped[int]
    operation_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    verdict: Mapped[str] = mapped_column(String(20), default="")
    try_number: Mapped[int] = mapped_column(default=0)
    tries_left: Mapped[int] = mapped_column(default=0)
    response_revision: Mapped[int]
    raw_fraction: Mapped[Decimal | None] = mapped_column(Numeric(20, 12))
    fraction: Mapped[Decimal | None] = mapped_column(Numeric(20, 12))
    penalty: Mapped[Decimal] = mapped_column(Numeric(20, 12))
    certainty: Mapped[int | None]
    feedback: Mapped[str] = mapped_column(default="")
    hint: Mapped[str] = mapped_column(default="")
    kept: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
