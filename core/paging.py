"""Lists in pages: a cursor names the last row seen, so that nothing is shown twice or left out."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from examhall.core.errors import InvalidError
from examhall.core.text import find_fault

Row = TypeVar("Row")

MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list; `next_cursor` asks for the rows after them, None at the end."""

    items: Sequence[Row]
    next_cursor: str | None = None


def get_page(
    session: Session,
    statement: Select[Row],
    order: Sequence[InstrumentedAttribute[Any]],
    *,
    cursor: str | None = None,
    limit: int = 50,
    descending: bool = False,
) -> Page[Row]:
    """Return the rows after `cursor`, ordered by `order`.

    `order` are columns of the selected class that are never NULL and together unique, such as
    `(User.login, User.id)`. Raises InvalidError for a cursor that is none of ours.
    """
    key = tuple_(*order)
    if cursor:
        seen = tuple_(*_literals(order, cursor))
        statement = statement.where(key < seen if descending else key > seen)
    ordering = [column.desc() if descending else column.asc() for column in order]
    limit = max(1, min(limit, MAX_LIMIT))
    rows = session.scalars(statement.order_by(*ordering).limit(limit + 1)).all()
    if len(rows) <= limit:
        return Page(rows)
    return Page(rows[:limit], _write_cursor(rows[limit - 1], order))


def _write_cursor(row: Any, order: Sequence[InstrumentedAttribute[Any]]) -> str:
    values = [_plain(getattr(row, column.key)) for column in order]
    return (
        urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int | str) else str(value)


def _literals(order: Sequence[InstrumentedAttribute[Any]], cursor: str) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(urlsafe_b64decode(padded))
        return [
            literal(_typed(value, column.type.python_type), column.type)
            for column, value in zip(order, values, strict=True)
        ]
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise InvalidError("This cursor is none of ours.", cursor="Unknown.") from error


def _typed(value: Any, wanted: type[Any]) -> Any:
    if wanted is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a moment without a zone")
        return moment
    if wanted is UUID and isinstance(value, str):
        return UUID(value)
    if type(value) is not wanted or (wanted is str and find_fault(value)):
        raise ValueError("a value of another type")
    if wanted is int and abs(value) >= 2**63:
        raise ValueError("a number out of range")
    return value
