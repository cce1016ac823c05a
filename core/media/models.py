"""Tables of files: what authors put into questions, and what candidates hand in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.db import Base


class Named:
    """What content and pages write to name a file."""

    sha256: Mapped[str]

    @property
    def reference(self) -> str:
        """What content and responses write: `media:<sha256>`."""
        return f"media:{self.sha256}"

    @property
    def address(self) -> str:
        """Where a page finds it."""
        return f"/media/{self.sha256}"


class MediaRecord(Named, Base):
    """A picture, recording or document of questions; its bytes lie in an evidence store."""

    __tablename__ = "media_files"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    content_type: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200), default="")
    store: Mapped[str] = mapped_column(String(100))
    store_key: Mapped[str] = mapped_column(String(500))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]


class AttemptFile(Named, Base):
    """A file that a candidate chose or recorded for one item; its bytes lie in an evidence store.

    Whether it is part of the answer, the item's response says.
    """

    __tablename__ = "attempt_files"
    __table_args__ = (
        UniqueConstraint("item_id", "sha256", name="uq_attempt_files_item_sha256"),
        Index("ix_attempt_files_sha256", "sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempts.id"), index=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("attempt_items.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    content_type: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200), default="")
    store: Mapped[str] = mapped_column(String(100))
    store_key: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime]
