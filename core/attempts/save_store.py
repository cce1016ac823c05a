"""The statements of saving: few, constant, each for a whole batch.

A statement that does not change with the number of its rows is parsed once, by SQLAlchemy, by the
driver and by the server: this halves what a save costs. PostgreSQL gets arrays and one JSON
document for all rows; SQLite, which has no arrays, gets lists and one call with many rows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Select,
    Table,
    TextClause,
    Uuid,
    and_,
    any_,
    bindparam,
    column,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord, ResponseRevision
from examhall.core.attempts.modes.course import ItemState
from examhall.core.db import UTCDateTime, database_now
from examhall.core.tries.models import ItemStep

_ATTEMPTS: Table = Attempt.__table__  # type: ignore[assignment]
_ITEMS: Table = AttemptItem.__table__  # type: ignore[assignment]
_RESPONSES: Table = ResponseRecord.__table__  # type: ignore[assignment]
_REVISIONS: Table = ResponseRevision.__table__  # type: ignore[assignment]

_a, _i, _r, _v = _ATTEMPTS.c, _ITEMS.c, _RESPONSES.c, _REVISIONS.c

_SELECT_ATTEMPTS = (
    select(
        _a.id,
        _a.user_id,
        _a.state,
        _a.submitted_by,
        _a.deadline_at,
        _a.deadline_version,
        _a.lease_id,
        _a.last_seen_at,
    )
    .order_by(_a.id)
    .with_for_update(key_share=True)
)
_FINISHED = (
    select(ItemStep.id)
    .where(ItemStep.item_id == _i.id)
    .where(and_(*(ItemStep.state != str(state) for state in ItemState if state.is_active)))
    .exists()
)
_SELECT_ITEMS = select(
    _i.id,
    _i.attempt_id,
    _r.revision,
    _r.client_sequence,
    _r.lease_id,
    _FINISHED.label("is_finished"),
).join_from(_ITEMS, _RESPONSES, _r.item_id == _i.id, isouter=True)
_SELECT_KNOWN = select(
    _v.attempt_id, _v.operation_id, _v.item_id, _v.kind, _v.revision, _v.raw, _v.saved_at
)

_RESPONSE_FIELDS = ("revision", "raw", "saved_at", "client_sequence", "lease_id", "conflict")
_REVISION_NAMES = (
    "attempt_id",
    "item_id",
    "operation_id",
    "client_sequence",
    "lease_id",
    "base_revision",
    "revision",
    "kind",
    "raw",
    "saved_at",
)
_RESPONSE_NAMES = ("item_id", "attempt_id", *_RESPONSE_FIELDS)

Keys = Collection[tuple[UUID, UUID]]
Rows = Sequence[Mapping[str, Any]]


class SaveStore:
    """Reads and writes batches in a transaction that the caller holds."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connection = session.connection()
        self._is_postgresql = self._connection.dialect.name == "postgresql"

    def lock_attempts(self, ids: Collection[UUID]) -> tuple[Sequence[Any], datetime]:
        """Return the attempts, locked in the order of their ids, and the database's time then."""
        if not self._is_postgresql:
            rows = self._connection.execute(_ATTEMPTS_IN, {"ids": list(ids)}).all()
            return rows, database_now(self._session)
        rows = self._connection.execute(_ATTEMPTS_ANY, {"ids": list(ids)}).all()
        return rows, rows[0].now if rows else database_now(self._session)

    def read_items(self, ids: Collection[UUID]) -> Sequence[Any]:
        """Return items with the revision, sequence and lease of their response, None without.

        `is_finished` tells those that a check has ended.
        """
        statement = _ITEMS_ANY if self._is_postgresql else _ITEMS_IN
        return self._connection.execute(statement, {"ids": list(ids)}).all()

    def read_known(self, keys: Keys) -> Sequence[Any]:
        """Return the revisions that operations made before, by attempt and operation."""
        if self._is_postgresql:
            attempts, operations = zip(*keys, strict=True)
            values: dict[str, Any] = {"attempts": list(attempts), "operations": list(operations)}
            return self._connection.execute(_KNOWN_UNNEST, values).all()
        return self._connection.execute(_KNOWN_IN, {"keys": list(keys)}).all()

    def add_revisions(self, rows: Rows) -> None:
        """Insert revisions."""
        if self._is_postgresql:
            self._connection.execute(_INSERT_REVISIONS, {"rows": _document(rows)})
        else:
            self._connection.execute(_INSERT_EACH_REVISION, list(rows))

    def replace_responses(self, rows: Rows) -> None:
        """Insert or replace responses; one row an item."""
        if self._is_postgresql:
            self._connection.execute(_UPSERT_RESPONSES, {"rows": _document(rows)})
        else:
            self._connection.execute(_UPSERT_EACH_RESPONSE, list(rows))

    def note_seen(self, ids: Collection[UUID], now: datetime) -> None:
        """Write down when the attempts were last heard of."""
        self._connection.execute(
            update(_ATTEMPTS).where(_a.id.in_(list(ids))).values(last_seen_at=now)
        )


def _document(rows: Rows) -> str:
    """Return rows as one JSON array, for `jsonb_to_recordset`."""
    return json.dumps(list(rows), default=_plain, allow_nan=False)


def _plain(value: object) -> str:
    if isinstance(value, UUID | datetime):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _from_document(table: Table, names: Sequence[str], conflict: str = "") -> TextClause:
    """Return an insert of all rows of the JSON array `rows`."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    types = ", ".join(f"{name} {table.c[name].type.compile(dialect)}" for name in names)
    columns = ", ".join(names)
    return text(
        f"insert into {table.name} ({columns}) select {columns} "  # noqa: S608 - names of columns
        f"from jsonb_to_recordset(cast(:rows as jsonb)) as given({types}){conflict}"
    )


def _each_upsert() -> Any:
    statement = sqlite.insert(_RESPONSES)
    return statement.on_conflict_do_update(
        index_elements=["item_id"],
        set_={name: statement.excluded[name] for name in _RESPONSE_FIELDS},
    )


def _among(statement: Select[Any], key: Any) -> tuple[Select[Any], Select[Any]]:
    """Return the statement for the rows whose key is in `ids`: for PostgreSQL, for SQLite."""
    array = bindparam("ids", type_=ARRAY(Uuid()))
    return statement.where(key == any_(array)), statement.where(
        key.in_(bindparam("ids", expanding=True))
    )


_ATTEMPTS_ANY, _ATTEMPTS_IN = _among(_SELECT_ATTEMPTS, _a.id)
_ATTEMPTS_ANY = _ATTEMPTS_ANY.add_columns(func.clock_timestamp(type_=UTCDateTime()).label("now"))
_ITEMS_ANY, _ITEMS_IN = _among(_SELECT_ITEMS, _i.id)
_KNOWN_IN = _SELECT_KNOWN.where(
    tuple_(_v.attempt_id, _v.operation_id).in_(bindparam("keys", expanding=True))
)
_GIVEN = (
    func.unnest(
        bindparam("attempts", type_=ARRAY(Uuid())), bindparam("operations", type_=ARRAY(Uuid()))
    )
    .table_valued(column("attempt_id", Uuid()), column("operation_id", Uuid()), name="given")
    .render_derived()
)
_KNOWN_UNNEST = _SELECT_KNOWN.join_from(
    _GIVEN,
    _REVISIONS,
    (_v.attempt_id == _GIVEN.c.attempt_id) & (_v.operation_id == _GIVEN.c.operation_id),
)
_INSERT_REVISIONS = _from_document(_REVISIONS, _REVISION_NAMES)
_INSERT_EACH_REVISION = insert(_REVISIONS)
_UPSERT_RESPONSES = _from_document(
    _RESPONSES,
    _RESPONSE_NAMES,
    " on conflict (item_id) do update set "
    + ", ".join(f"{name} = excluded.{name}" for name in _RESPONSE_FIELDS),
)
_UPSERT_EACH_RESPONSE = _each_upsert()
