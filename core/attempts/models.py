"""Tables of attempts. The ledger, the revisions and the transitions are only ever added to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from examhall.core.db import Base
from examhall.core.exams.models import ExamVersion, Registration

RowNumber = BigInteger().with_variant(Integer(), "sqlite")

_OPEN = (
    "state in ('created','checking_in','awaiting_authorization','authorized','in_progress',"
    "'paused','draining','reopened')"
)


class Attempt(Base):
    """One sitting. The three states are changed by their machines alone.

    `deadline_at` is when the sweep acts: before the start the attempt expires, afterwards it is
    submitted. In a pause, while the clock stands still, it is the hard close alone. `scoring` is
    the scorer with its settings that a regrade put in the place of the exam version's.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("registration_id", "number", name="uq_attempts_registration_number"),
        Index(
            "uq_attempts_one_open",
            "registration_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_attempts_state_deadline", "state", "deadline_at"),
        Index("ix_attempts_grading", "grading_state"),
        Index("ix_attempts_user", "user_id"),
        Index("ix_attempts_exam", "exam_id"),
        CheckConstraint(
            "state in ('created','checking_in','awaiting_authorization','authorized',"
            "'in_progress','paused','draining','submitted','reopened','declined','expired',"
            "'cancelled','terminated','voided')",
            name="state_known",
        ),
        CheckConstraint(
            "grading_state in ('pending','auto','manual','graded','released')",
            name="grading_state_known",
        ),
        CheckConstraint(
            "review_state in ('not_required','queued','second_review','decided','appealed',"
            "'final')",
            name="review_state_known",
        ),
        CheckConstraint(
            "state not in ('in_progress','paused','draining','submitted')"
            " or started_at is not null",
            name="running_has_start",
        ),
        CheckConstraint(
            "state <> 'submitted' or submitted_at is not null", name="submitted_has_time"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    exam_id: Mapped[UUID] = mapped_column(ForeignKey("exams.id"))
    exam_version_id: Mapped[UUID] = mapped_column(ForeignKey("exam_versions.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(30), default="created")
    grading_state: Mapped[str] = mapped_column(String(20), default="pending")
    review_state: Mapped[str] = mapped_column(String(20), default="not_required")
    seed: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    submitted_by: Mapped[str] = mapped_column(String(20), default="")
    deadline_at: Mapped[datetime | None]
    deadline_version: Mapped[int] = mapped_column(default=0)
    lease_id: Mapped[str] = mapped_column(String(64), default="")
    lease_version: Mapped[int] = mapped_column(default=0)
    last_seen_at: Mapped[datetime | None]
    flagged: Mapped[list[Any]] = mapped_column(default=list)
    scoring: Mapped[dict[str, Any] | None]

    registration: Mapped[Registration] = relationship()
    exam_version: Mapped[ExamVersion] = relationship()
    items: Mapped[list[AttemptItem]] = relationship(
        back_populates="attempt", order_by="AttemptItem.position"
    )


class AttemptItem(Base):
    """A candidate's edition of an item; `secret` never leaves the server."""

    __tablename__ = "attempt_items"
    __table_args__ = (UniqueConstraint("attempt_id", "position", name="uq_attempt_items_position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    exam_version_item_id: Mapped[UUID] = mapped_column(ForeignKey("exam_version_items.id"))
    position: Mapped[int]
    section: Mapped[str] = mapped_column(String(300), default="")
    points: Mapped[Decimal] = mapped_column(Numeric(12, 4))
    type: Mapped[str] = mapped_column(String(100))
    plugin_version: Mapped[str] = mapped_column(String(50))
    public: Mapped[dict[str, Any]]
    secret: Mapped[dict[str, Any]]

    attempt: Mapped[Attempt] = relationship(back_populates="items")


class AttemptTransition(Base):
    """A change of one of the three states, with who made it and why."""

    __tablename__ = "attempt_transitions"
    __table_args__ = (Index("ix_attempt_transitions_attempt", "attempt_id", "id"),)

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    machine: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(String(30))
    target: Mapped[str] = mapped_column(String(30))
    actor: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[datetime]


class TimeLedgerEntry(Base):
    """Seconds given to or kept from an attempt (positive extends the deadline)."""

    __tablename__ = "time_ledger"
    __table_args__ = (
        Index("ix_time_ledger_attempt", "attempt_id", "id"),
        CheckConstraint(
            "kind in ('base','multiplier','fixed','pause','grant','hard_close')", name="kind_known"
        ),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    kind: Mapped[str] = mapped_column(String(20))
    seconds: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    reason: Mapped[str] = mapped_column(String(500), default="")
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]


class ResponseRecord(Base):
    """The response that counts for one item: the newest accepted revision.

    `conflict` says that it was written without knowledge of the revision before it, which is kept.
    """

    __tablename__ = "responses"
    __table_args__ = (CheckConstraint("revision >= 1", name="revision_positive"),)

    item_id: Mapped[UUID] = mapped_column(ForeignKey("attempt_items.id"), primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"), index=True)
    revision: Mapped[int]
    raw: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
    client_sequence: Mapped[int] = mapped_column(BigInteger, default=0)
    lease_id: Mapped[str] = mapped_column(String(64), default="")
    conflict: Mapped[bool] = mapped_column(default=False)


class ResponseRevision(Base):
    """Every response that ever arrived; `kind` says what became of it.

    `superseded` came after a newer one of the same tab, `quarantined` too late: both are kept and
    neither counts.
    """

    __tablename__ = "response_revisions"
    __table_args__ = (
        UniqueConstraint("attempt_id", "operation_id", name="uq_response_revisions_operation"),
        UniqueConstraint("item_id", "revision", name="uq_response_revisions_item_revision"),
        CheckConstraint(
            "kind in ('saved','conflict','superseded','quarantined')", name="kind_known"
        ),
        CheckConstraint(
            "(kind in ('saved','conflict')) = (revision is not null)",
            name="accepted_has_revision",
        ),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    item_id: Mapped[UUID] = mapped_column(ForeignKey("attempt_items.id"))
    operation_id: Mapped[UUID]
    client_sequence: Mapped[int] = mapped_column(BigInteger)
    lease_id: Mapped[str] = mapped_column(String(64), default="")
    base_revision: Mapped[int]
    revision: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(20), default="saved")
    raw: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]


class Receipt(Base):
    """What a submission was: `digest` is the sha256 over the saved revisions in `payload`."""

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("attempt_id", "number", name="uq_receipts_attempt_number"),
        Index("ix_receipts_digest", "digest"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"))
    number: Mapped[int] = mapped_column(default=1)
    digest: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    issued_at: Mapped[datetime]
