"""Reading and writing many rows at once, for work that has hundreds of thousands of them."""

from __future__ import annotations

import gc
import json
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from secrets import token_hex
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Dialect,
    String,
    Table,
    Uuid,
    any_,
    insert,
    literal,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

RARELY = (50_000, 20, 100)
"""Thresholds of the garbage collector (see `gc.set_threshold`) while rows are many."""

_guard = threading.Lock()
_usual: list[tuple[int, int, int]] = []


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let the garbage collector run rarely in this process, while rows by the thousand are alive.

    It would look through all of them again and again, a third of the work, and they are in no
    cycles. Several threads may be in here: who leaves last puts back what was.
    """
    with _guard:
        _usual.append(gc.get_threshold())
        gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        with _guard:
            before = _usual.pop()
            if not _usual:
                gc.set_threshold(*before)


class HexId(FunctionElement[str]):
    """A column of ids, read as 32 hex digits from both databases.

    SQLite keeps them so. Of PostgreSQL's its driver makes objects, which takes longer than to read
    the rest of a row.
    """

    name = "hex_id"
    type = String()
    inherit_cache = True


@compiles(HexId)
def _read_as_kept(element: HexId, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(HexId, "postgresql")
def _read_as_hex(element: HexId, compiler: SQLCompiler, **options: Any) -> str:
    return f"encode(uuid_send({compiler.process(element.clauses, **options)}), 'hex')"


def is_among(session: Session, column: Any, ids: Sequence[UUID | str]) -> ColumnElement[bool]:
    """Return the condition that a column of ids has one of many values (UUIDs or hex digits).

    PostgreSQL takes them as one array; its driver is slow with a parameter for each.
    """
    texts = [one.hex if isinstance(one, UUID) else one for one in ids]
    kind = Uuid(as_uuid=False)
    if session.connection().dialect.name == "postgresql":
        return type_coerce(column, kind) == any_(literal(texts, ARRAY(kind)))
    return type_coerce(column, kind).in_(texts)


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
    """Return a new id as hex digits, which both databases take: UUID version 7 of RFC 9562.

    It begins with the milliseconds: neighbours in time are neighbours in the index, too, which is
    written in many places at once by ids that are random from the first digit.
    """
    digits = token_hex(10)
    return f"{time.time_ns() // 1_000_000:012x}7{digits[:3]}a{digits[3:18]}"


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
    places = [n for n, name in enumerate(columns) if isinstance(table.c[name].type, JSON)]
    # Many rows share one object: it is written down once, and kept so that no other gets its id.
    texts: dict[int, tuple[Any, str]] = {}
    names = ", ".join(columns)
    with driver.cursor() as cursor, cursor.copy(f"copy {table.name} ({names}) from stdin") as copy:
        for row in rows:
            values = list(row)
            for place in places:
                value = values[place]
                if value is not None:
                    if id(value) not in texts:
                        texts[id(value)] = (value, json.dumps(value))
                    values[place] = texts[id(value)][1]
            copy.write_row(values)
