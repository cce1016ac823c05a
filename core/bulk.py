"""Writing many rows at once, for work that has hundreds of thousands of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, Table, insert
from sqlalchemy.orm import Session


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
    prepare = [_binder(table, name, connection.dialect) for name in columns]
    values = [
        tuple(bind(value) if bind else value for bind, value in zip(prepare, row, strict=True))
        for row in rows
    ]
    if values:
        statement = insert(table).compile(dialect=connection.dialect, column_keys=list(columns))
        order = [list(columns).index(name) for name in statement.positiontup or ()]
        ordered = [tuple(row[place] for place in order) for row in values]
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(str(statement), ordered)
        finally:
            cursor.close()


def _binder(table: Table, name: str, dialect: Any) -> Callable[[Any], Any] | None:
    return table.c[name].type.dialect_impl(dialect).bind_processor(dialect)


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
