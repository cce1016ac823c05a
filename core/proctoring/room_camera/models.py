"""The table of phones that were asked to be room cameras."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.db import Base


class RoomCamera(Base):
    """A code that was shown, and the phone that joined with it, if one did.

    Neither the code nor the phone's own token is kept, only their sha256. `ended_at` is when the
    phone left or another took its place. `clock_offset` are the seconds that the phone's clock is
    behind the server's.
    """

    __tablename__ = "room_cameras"
    __table_args__ = (Index("ix_room_cameras_session", "session_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("proctoring_sessions.id"))
    pairing_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]
    device_sha256: Mapped[str | None] = mapped_column(String(64), unique=True)
    clock_offset: Mapped[float | None]
    last_seen_at: Mapped[datetime | None]
    last_frame_at: Mapped[datetime | None]
    last_frame_sha256: Mapped[str] = mapped_column(String(64), default="")
    ended_at: Mapped[datetime | None]
