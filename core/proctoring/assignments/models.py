"""The table of assignments."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.db import Base


class ProctorAssignment(Base):
    """The one proctor who looks after a session at present; the audit trail has those before."""

    __tablename__ = "proctor_assignments"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"), primary_key=True)
    proctor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    assigned_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
