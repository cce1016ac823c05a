"""Tables of the plugins' states."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from examhall.core.attempts.models import RowNumber
from examhall.core.db import Base


class PluginState(Base):
    """What an admin decided about a plugin; no row means enabled with default configuration.

    `revision` comes from one counter for all plugins: a process that has seen the highest one
    knows everything.
    """

    __tablename__ = "plugin_states"

    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[int] = mapped_column(index=True)
    paused_until: Mapped[datetime | None]
    updated_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    updated_at: Mapped[datetime]


class PluginFailure(Base):
    """A plugin call that raised, hung or returned the wrong shape."""

    __tablename__ = "plugin_failures"
    __table_args__ = (Index("ix_plugin_failures_plugin", "kind", "key", "id"),)

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(30))
    key: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(50))
    operation: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(20))
    message: Mapped[str] = mapped_column(String(2000))
    at: Mapped[datetime]
