"""The table of the audit chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.attempts.models import RowNumber
from examhall.core.db import Base


class AuditEntry(Base):
    """One action. `link_hash` is empty until the sealing job has chained the entry.

    `link_mac` is the HMAC-SHA256 of the hash with a key that is not in the database.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_object", "object_type", "object_id"),
        Index("ix_audit_entries_link", "link_number", unique=True),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(100))
    object_type: Mapped[str] = mapped_column(String(60))
    object_id: Mapped[str] = mapped_column(String(100))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    address: Mapped[str] = mapped_column(String(60), default="")
    link_number: Mapped[int | None] = mapped_column(RowNumber)
    link_hash: Mapped[str] = mapped_column(String(64), default="")
    link_mac: Mapped[str] = mapped_column(String(64), default="")
