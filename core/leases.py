"""Leases in the database: one holder at a time over all processes, given up by time if it dies."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import String, delete, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from examhall.core.db import Base, database_now


class Lease(Base):
    """Who may do something alone, and until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    expires_at: Mapped[datetime]


def take_lease(session: Session, name: str, holder: str, seconds: float) -> bool:
    """Take a lease that nobody holds, or prolong one's own; say whether `holder` has it now."""
    now = database_now(session)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = {"holder": holder, "expires_at": now + timedelta(seconds=seconds)}
    statement = (
        dialect.insert(Lease)
        .values(name=name, **values)
        .on_conflict_do_update(
            index_elements=[Lease.name],
            set_=values,
            where=or_(Lease.expires_at <= now, Lease.holder == holder),
        )
        .returning(Lease.name)
    )
    return session.scalar(statement) is not None


def release_lease(session: Session, name: str, holder: str) -> None:
    """Give a lease back, unless somebody else has it by now."""
    session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))
