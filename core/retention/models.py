"""Tables of keeping and removing: receipts are only ever added to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.db import Base


class SessionHold(Base):
    """A session whose evidence is kept until somebody lifts the hold; the audit trail has both."""

    __tablename__ = "session_holds"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    placed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    placed_at: Mapped[datetime]


class PurgeReceipt(Base):
    """What was removed of a session: how many pieces of evidence, and what proves which they were.

    `chain_head` and `manifest_digest` are those of the sealed session: the links of the chain stay,
    so that a copy kept elsewhere can still be compared with them.
    """

    __tablename__ = "purge_receipts"
    __table_args__ = (
        CheckConstraint("reason in ('retention','erasure')", name="reason_known"),
        Index("ix_purge_receipts_session", "session_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    reason: Mapped[str] = mapped_column(String(20))
    count: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    chain_length: Mapped[int]
    chain_head: Mapped[str] = mapped_column(String(64))
    manifest_digest: Mapped[str] = mapped_column(String(64), default="")
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]


class ErasureReceipt(Base):
    """That a person was erased: `removed` counts what went, by what it was."""

    __tablename__ = "erasure_receipts"
    __table_args__ = (Index("ix_erasure_receipts_user", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    pseudonym: Mapped[str] = mapped_column(String(200))
    removed: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]


class ObjectDeletion(Base):
    """An object that is being taken out of an evidence store, or was a short while ago.

    Objects are shared by content. Whoever stores the same bytes at the same moment finds this row
    after their commit, waits for `done`, and stores them once more. What is not done when a process
    ends is gone on with by the next one.
    """

    __tablename__ = "object_deletions"
    __table_args__ = (Index("ix_object_deletions_at", "at"),)

    store: Mapped[str] = mapped_column(String(100), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    store_key: Mapped[str] = mapped_column(String(500))
    done: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
