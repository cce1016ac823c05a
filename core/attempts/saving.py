"""Saving responses: a batch of operations of many attempts in a few statements.

What becomes of an operation (`SaveResult.state`):
- `saved`: it counts. So while the attempt runs or is paused, and for the drain time after the
  deadline.
- `conflict`: it counts too, but was written on top of an older revision; the other one is kept.
- `quarantined`: too late (after the drain time, or after the attempt was handed in). It is kept
  and shown to a person, and does not count.
A replay of an operation gets the answer of the first time. An operation that comes after a newer
one of the same tab (a delayed retry) is kept as `superseded` and answered as saved: it must not
replace the newer response. An item that a check has ended takes nothing any more. Whatever is wrong
with one operation is its own result's `error`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.receipts import renew_receipt
from examhall.core.attempts.responses import SaveOperation, SaveReport, SaveResult
from examhall.core.attempts.save_store import SaveStore
from examhall.core.attempts.states import NOT_STARTED, AttemptState
from examhall.core.attempts.timing import running_clock
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ExamhallError,
    ItemFinishedError,
    LeaseLostError,
    NotFoundError,
)

SEEN_SECONDS = 15
"""How exactly `last_seen_at` is kept: writing it with every save would double the work."""

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
    is_finished: bool


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
    store = SaveStore(session)
    batch = _read(store, operations, drain_seconds)
    results = [_save(batch, operation) for operation in operations]
    _write(store, batch)
    for attempt_id in batch.late:
        renew_receipt(session, attempt_id)
    return SaveReport(results, list(batch.late))


def _read(store: SaveStore, operations: Sequence[SaveOperation], drain_seconds: int) -> _Batch:
    """Lock the attempts, always in the same order, then read what the operations need."""
    attempts, now = store.lock_attempts({operation.attempt_id for operation in operations})
    items = store.read_items({operation.item_id for operation in operations})
    known = store.read_known({(one.attempt_id, one.operation_id) for one in operations})
    return _Batch(
        now=now,
        drain=timedelta(seconds=drain_seconds),
        attempts={row.id: row for row in attempts},
        items={
            row.id: _Item(
                row.attempt_id,
                row.revision or 0,
                row.client_sequence or 0,
                row.lease_id or "",
                bool(row.is_finished),
            )
            for row in items
        },
        known={(row.attempt_id, row.operation_id): row._asdict() for row in known},
    )


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
    if not takes_responses(attempt, batch.now, batch.drain):
        return "quarantined"
    if operation.lease_id != attempt.lease_id:
        raise LeaseLostError("The attempt was taken over in another window.")
    is_current = operation.base_revision == item.revision
    same_tab = item.lease_id == operation.lease_id
    if not is_current and same_tab and operation.client_sequence < item.client_sequence:
        return "superseded"
    if item.is_finished:
        raise ItemFinishedError("This question is finished: its answer counts as it is.")
    return "saved" if is_current else "conflict"


def takes_responses(attempt: Row[Any] | Attempt, now: datetime, drain: timedelta) -> bool:
    """Say whether a response still counts in the attempt's present state."""
    if attempt.state in _ALWAYS_TAKEN:
        return True
    running = attempt.state in {AttemptState.IN_PROGRESS, AttemptState.DRAINING}
    timed_out = attempt.state == AttemptState.SUBMITTED and attempt.submitted_by == "deadline"
    if not running and not timed_out:
        return False
    return attempt.deadline_at is None or now <= attempt.deadline_at + drain


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


def _write(store: SaveStore, batch: _Batch) -> None:
    if batch.revisions:
        store.add_revisions(batch.revisions)
    if batch.responses:
        store.replace_responses(list(batch.responses.values()))
    oldest = batch.now - timedelta(seconds=SEEN_SECONDS)
    touched = {row["attempt_id"] for row in batch.revisions}
    unseen = {one for one in touched if (batch.attempts[one].last_seen_at or oldest) <= oldest}
    if unseen:
        store.note_seen(unseen, batch.now)
