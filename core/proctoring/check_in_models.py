"""The table of photos that are taken at the check-in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.db import Base


class CheckInPhoto(Base):
    """A photo of the candidate's face or identity document; the highest number is the one in use.

    `sha256` names the evidence of the session that has its bytes.
    """

    __tablename__ = "check_in_photos"
    __table_args__ = (
        UniqueConstraint("session_id", "kind", "number", name="uq_check_in_photos_number"),
        CheckConstraint("kind in ('face','document')", name="kind_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    kind: Mapped[str] = mapped_column(String(20))
    number: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
