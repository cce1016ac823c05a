"""Saving responses: a batch of operations of many attempts in a few statements.

What becomes of an operation (`SaveResult.state`):
- `saved`: it counts. So while the attempt runs or is paused, and for the drain time after the
  deadline.
- `conflict`: it counts too, but was written on top of an older revision; the other one is kept.
- `quarantined`: too late (after the drain time, or after the attempt was handed in). It is kept
  and shown to a person, and does not count.
A replay of an operation gets the answer of the first time. An operation that comes after a newer
one of the same tab (a delayed retry) is kept as `superseded` and answered as saved: it must not
replace the newer response. Whatever is wrong with one operation is its own result's `error`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord, ResponseRevision
from examhall.core.attempts.receipts import renew_receipt
from examhall.core.attempts.responses import SaveOperation, SaveReport, SaveResult
from examhall.core.attempts.states import NOT_STARTED, AttemptState
from examhall.core.attempts.timing import running_clock
from examhall.core.db import database_now
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ExamhallError,
    LeaseLostError,
    NotFoundError,
)

SEEN_SECONDS = 15
"""How exactly `last_seen_at` is kept: writing it with every save would double the work."""

_ATTEMPTS: Table = Attempt.__table__  # type: ignore[assignment]
_ITEMS: Table = AttemptItem.__table__  # type: ignore[assignment]
_RESPONSES: Table = ResponseRecord.__table__  # type: ignore[assignment]
_REVISIONS: Table = ResponseRevision.__table__  # type: ignore[assignment]

_ALWAYS_TAKEN = frozenset({AttemptState.PAUSED, AttemptState.REOPENED})
_NEVER_BEGUN = NOT_STARTED | {
    AttemptState.DECLINED,
    AttemptState.EXPIRED,
    AttemptState.CANCELLED,
}


@dataclass(slots=True)
class _Item:
    """An item's current response, as far as a new one needs it."""

    attempt_id: UUID
    revision: int
    client_sequence: int
    lease_id: str


@dataclass(slots=True)
class _Batch:
    now: datetime
    drain: timedelta
    attempts: Mapping[UUID, Row[Any]]
    items: Mapping[UUID, _Item]
    known: dict[tuple[UUID, UUID], Mapping[str, Any]]
    revisions: list[dict[str, Any]] = field(default_factory=list)
    responses: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    late: dict[UUID, None] = field(default_factory=dict)


def save_responses(
    session: Session, operations: Sequence[SaveOperation], *, drain_seconds: int
) -> SaveReport:
    """Save a batch; the attempts stay locked until the caller's transaction ends."""
    batch = _read(session, operations, drain_seconds)
    results = [_save(batch, operation) for operation in operations]
    _write(session, batch)
    for attempt_id in batch.late:
        renew_receipt(session, attempt_id)
    return SaveReport(results, list(batch.late))


def _read(session: Session, operations: Sequence[SaveOperation], drain_seconds: int) -> _Batch:
    """Lock the attempts, always in the same order, then read what the operations need."""
    a, i, r = _ATTEMPTS.c, _ITEMS.c, _RESPONSES.c
    ids = sorted({operation.attempt_id for operation in operations})
    attempts = session.execute(
        select(
            a.id,
            a.user_id,
            a.state,
            a.submitted_by,
            a.deadline_at,
            a.deadline_version,
            a.lease_id,
            a.last_seen_at,
        )
        .where(a.id.in_(ids))
        .order_by(a.id)
        .with_for_update(key_share=True)
    ).all()
    items = session.execute(
        select(i.id, i.attempt_id, r.revision, r.client_sequence, r.lease_id)
        .join_from(_ITEMS, _RESPONSES, r.item_id == i.id, isouter=True)
        .where(i.id.in_({operation.item_id for operation in operations}))
    ).all()
    return _Batch(
        now=database_now(session),
        drain=timedelta(seconds=drain_seconds),
        attempts={row.id: row for row in attempts},
        items={
            row.id: _Item(
                row.attempt_id, row.revision or 0, row.client_sequence or 0, row.lease_id or ""
            )
            for row in items
        },
        known=_read_known(session, operations),
    )


def _read_known(
    session: Session, operations: Sequence[SaveOperation]
) -> dict[tuple[UUID, UUID], Mapping[str, Any]]:
    v = _REVISIONS.c
    rows = session.execute(
        select(
            v.attempt_id, v.operation_id, v.item_id, v.kind, v.revision, v.raw, v.saved_at
        ).where(
            tuple_(v.attempt_id, v.operation_id).in_(
                [(operation.attempt_id, operation.operation_id) for operation in operations]
            )
        )
    )
    return {(row.attempt_id, row.operation_id): row._mapping for row in rows}


def _save(batch: _Batch, operation: SaveOperation) -> SaveResult:
    """Decide about one operation and note what has to be written."""
    try:
        attempt, item = _find(batch, operation)
        known = batch.known.get((operation.attempt_id, operation.operation_id))
        if known is not None:
            _check_replay(operation, known)
            return _result(batch, operation, known)
        kind = _judge(batch, attempt, item, operation)
    except ExamhallError as error:
        return SaveResult(operation.item_id, operation.operation_id, error=error)
    row = _revision_row(batch, item, operation, kind)
    batch.revisions.append(row)
    batch.known[operation.attempt_id, operation.operation_id] = row
    if row["revision"] is not None:
        _replace_response(batch, item, row)
        if attempt.state == AttemptState.SUBMITTED:
            batch.late[attempt.id] = None
    return _result(batch, operation, row)


def _find(batch: _Batch, operation: SaveOperation) -> tuple[Row[Any], _Item]:
    attempt = batch.attempts.get(operation.attempt_id)
    if attempt is None or attempt.user_id != operation.user_id:
        raise NotFoundError("There is no such attempt.")
    if attempt.state in _NEVER_BEGUN:
        raise ClosedError("The attempt has not been started.", state=attempt.state)
    item = batch.items.get(operation.item_id)
    if item is None or item.attempt_id != attempt.id:
        raise NotFoundError("The attempt has no such item.")
    return attempt, item


def _check_replay(operation: SaveOperation, known: Mapping[str, Any]) -> None:
    """A reused id for something else is a client's mistake that must not swallow a response."""
    if known["item_id"] != operation.item_id or known["raw"] != operation.raw:
        raise ConflictError(
            "This operation_id was used for another response.",
            operation_id=str(operation.operation_id),
        )


def _judge(batch: _Batch, attempt: Row[Any], item: _Item, operation: SaveOperation) -> str:
    """Return the kind of revision that the operation becomes."""
    if not _is_taken(batch, attempt):
        return "quarantined"
    if operation.lease_id != attempt.lease_id:
        raise LeaseLostError("The attempt was taken over in another window.")
    if operation.base_revision == item.revision:
        return "saved"
    same_tab = item.lease_id == operation.lease_id
    if same_tab and operation.client_sequence < item.client_sequence:
        return "superseded"
    return "conflict"


def _is_taken(batch: _Batch, attempt: Row[Any]) -> bool:
    """Say whether a response still counts in the attempt's present state."""
    if attempt.state in _ALWAYS_TAKEN:
        return True
    running = attempt.state in {AttemptState.IN_PROGRESS, AttemptState.DRAINING}
    timed_out = attempt.state == AttemptState.SUBMITTED and attempt.submitted_by == "deadline"
    if not running and not timed_out:
        return False
    return attempt.deadline_at is None or batch.now <= attempt.deadline_at + batch.drain


def _revision_row(
    batch: _Batch, item: _Item, operation: SaveOperation, kind: str
) -> dict[str, Any]:
    counts = kind in {"saved", "conflict"}
    return {
        "attempt_id": operation.attempt_id,
        "item_id": operation.item_id,
        "operation_id": operation.operation_id,
        "client_sequence": operation.client_sequence,
        "lease_id": operation.lease_id,
        "base_revision": operation.base_revision,
        "revision": item.revision + 1 if counts else None,
        "kind": kind,
        "raw": operation.raw,
        "saved_at": batch.now,
    }


def _replace_response(batch: _Batch, item: _Item, row: Mapping[str, Any]) -> None:
    item.revision = row["revision"]
    item.client_sequence = row["client_sequence"]
    item.lease_id = row["lease_id"]
    batch.responses[row["item_id"]] = {
        "item_id": row["item_id"],
        "attempt_id": row["attempt_id"],
        "revision": row["revision"],
        "raw": row["raw"],
        "saved_at": row["saved_at"],
        "client_sequence": row["client_sequence"],
        "lease_id": row["lease_id"],
        "conflict": row["kind"] == "conflict",
    }


def _result(batch: _Batch, operation: SaveOperation, row: Mapping[str, Any]) -> SaveResult:
    attempt = batch.attempts[operation.attempt_id]
    revision = row["revision"] or batch.items[operation.item_id].revision
    return SaveResult(
        item_id=operation.item_id,
        operation_id=operation.operation_id,
        state="saved" if row["kind"] == "superseded" else row["kind"],
        revision=revision,
        saved_at=row["saved_at"],
        clock=running_clock(
            batch.now, attempt.state, attempt.deadline_at, attempt.deadline_version
        ),
    )


def _write(session: Session, batch: _Batch) -> None:
    if batch.revisions:
        session.execute(insert(_REVISIONS), batch.revisions)
    if batch.responses:
        # Ordered like the locks, though the locks alone keep two writers apart.
        rows = sorted(batch.responses.values(), key=lambda row: row["item_id"])
        session.execute(_upsert(session.get_bind().dialect.name), rows)
    oldest = batch.now - timedelta(seconds=SEEN_SECONDS)
    touched = {row["attempt_id"] for row in batch.revisions}
    unseen = [
        attempt_id
        for attempt_id in sorted(touched)
        if (batch.attempts[attempt_id].last_seen_at or oldest) <= oldest
    ]
    if unseen:
        session.execute(
            update(_ATTEMPTS).where(_ATTEMPTS.c.id.in_(unseen)).values(last_seen_at=batch.now)
        )


def _upsert(dialect: str) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(_RESPONSES)
    fields = ("revision", "raw", "saved_at", "client_sequence", "lease_id", "conflict")
    return statement.on_conflict_do_update(
        index_elements=["item_id"], set_={name: statement.excluded[name] for name in fields}
    )
