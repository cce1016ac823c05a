"""Rows about plugins: what admins decided, what failed. Every change has a new revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from examhall.core.db import database_now
from examhall.core.registry.models import PluginFailure, PluginState

HOOKS = "hooks"
"""Stands where a kind does, for the plain hooks of an entry point (its name is the key)."""

_CHANGE_LOCK = 7_201_801


@dataclass(frozen=True, slots=True)
class StoredState:
    """What is stored about one plugin."""

    enabled: bool = True
    config: Mapping[str, Any] = field(default_factory=dict)
    paused_until: datetime | None = None


def get_fingerprint(session: Session) -> tuple[int, int]:
    """Return what changes with every change of any state.

    Not the highest revision alone: of two transactions the one with the lower number may be
    committed last.
    """
    count, total = session.execute(
        select(func.count(), func.coalesce(func.sum(PluginState.revision), 0))
    ).one()
    return int(count), int(total)


def list_states(session: Session) -> dict[tuple[str, str], StoredState]:
    """Return all stored states by kind and key."""
    rows = session.scalars(select(PluginState))
    return {
        (row.kind, row.key): StoredState(row.enabled, row.config, row.paused_until) for row in rows
    }


def get_state(session: Session, kind: str, key: str) -> StoredState:
    """Return one stored state, the default where nobody decided anything."""
    row = session.get(PluginState, (kind, key), populate_existing=True)
    return StoredState(row.enabled, row.config, row.paused_until) if row else StoredState()


def write_state(
    session: Session, kind: str, key: str, changes: Mapping[str, Any], by: UUID | None = None
) -> None:
    """Change `enabled`, `config` or `paused_until` of a plugin."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _CHANGE_LOCK})
    now = database_now(session)
    row = session.get(PluginState, (kind, key), populate_existing=True)
    if row is None:
        row = PluginState(kind=kind, key=key, enabled=True, config={})
        session.add(row)
    for name, value in changes.items():
        setattr(row, name, value)
    with session.no_autoflush:
        highest = session.scalar(select(func.max(PluginState.revision))) or 0
    row.revision = highest + 1
    row.updated_at = now
    if by is not None:
        row.updated_by = by
    session.flush()


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that raised (`error`), hung (`timeout`) or returned the wrong shape (`shape`)."""

    kind: str
    key: str
    version: str
    operation: str
    reason: str
    message: str


def list_failures(
    session: Session, kind: str, key: str, *, limit: int = 20
) -> Sequence[PluginFailure]:
    """Return the latest failures of a plugin, newest first."""
    wanted = select(PluginFailure).where(PluginFailure.kind == kind, PluginFailure.key == key)
    return session.scalars(wanted.order_by(PluginFailure.id.desc()).limit(limit)).all()


def count_failures(session: Session, since: datetime) -> dict[tuple[str, str], int]:
    """Count the failures of every plugin since a moment."""
    rows = session.execute(
        select(PluginFailure.kind, PluginFailure.key, func.count())
        .where(PluginFailure.at >= since)
        .group_by(PluginFailure.kind, PluginFailure.key)
    )
    return {(kind, key): int(count) for kind, key, count in rows}
