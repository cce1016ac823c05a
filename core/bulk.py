"""Reading and writing many rows at once, for work that has hundreds of thousands of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from secrets import token_hex
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Dialect, Table, Uuid, insert
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

DriverId = UUID | str
"""An id as the driver has it: a UUID from PostgreSQL, 32 hex digits from SQLite."""


class RawUuid(TypeDecorator[DriverId]):
    """A UUID that stays what the driver has: making objects of them is most of a bulk read."""

    impl = Uuid
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Take both forms."""
        return to_driver_id if dialect.name == "sqlite" else None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Leave what comes as it is."""
        return None  # noqa: RET501 - the base class returns a function here


def to_driver_id(value: Any) -> Any:
    """Return an id as SQLite has it."""
    return value.hex if isinstance(value, UUID) else value


def insert_rows(
    session: Session, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows, each with a value for every one of `columns`, in the caller's transaction.

    PostgreSQL takes them as a stream (COPY), SQLite one prepared statement after the other.
    Values are what the columns' Python types say; nothing is filled in.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        _copy(connection.connection.driver_connection, table, columns, rows)
        return
    by_column = [list(column) for column in zip(*rows, strict=True)]
    if not by_column:
        return
    statement = insert(table).compile(dialect=connection.dialect, column_keys=list(columns))
    places = [list(columns).index(name) for name in statement.positiontup or ()]
    bound = [_bind(table, columns[place], connection.dialect, by_column[place]) for place in places]
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(str(statement), list(zip(*bound, strict=True)))
    finally:
        cursor.close()


def new_id() -> str:
    """Return a new random id (version 4) as SQLite has it; PostgreSQL takes it as well."""
    digits = token_hex(16)
    return f"{digits[:12]}4{digits[13:16]}a{digits[17:]}"


def _bind(table: Table, name: str, dialect: Dialect, values: list[Any]) -> list[Any]:
    """Return a column's values as SQLite takes them."""
    kind = table.c[name].type
    if isinstance(kind, Uuid):
        return [value.hex if isinstance(value, UUID) else value for value in values]
    bind = kind.dialect_impl(dialect).bind_processor(dialect)
    if bind is None:
        return values
    if isinstance(kind, JSON):
        # Many rows share one object: it is written down once.
        texts = {id(value): bind(value) for value in {id(one): one for one in values}.values()}
        return [texts[id(value)] for value in values]
    return [bind(value) for value in values]


def _copy(driver: Any, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    is_json = [isinstance(table.c[name].type, JSON) for name in columns]
    names = ", ".join(columns)
    with driver.cursor() as cursor, cursor.copy(f"copy {table.name} ({names}) from stdin") as copy:
        for row in rows:
            copy.write_row(
                [
                    json.dumps(value) if as_text and value is not None else value
                    for as_text, value in zip(is_json, row, strict=True)
                ]
            )
