"""Reading many attempts in a few statements: items, responses and the scores that they have.

JSON stays text: the same text is the same variant and the same response, and is read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, and_, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord
from examhall.core.bulk import DriverId, RawUuid, to_driver_id
from examhall.core.scoring.models import ItemScoreRecord, ScoreRecord
from examhall.core.tries.queries import StoredTries, read_tries


class ItemRow(NamedTuple):
    """One item of an attempt: its edition and the response to it."""

    attempt_id: DriverId
    item_id: DriverId
    source_id: DriverId
    public: str
    secret: str
    raw: str | None
    revision: int | None


class OldResult(NamedTuple):
    """What the newest score says of an item."""

    item_id: DriverId
    fraction: Decimal | None
    points: Decimal | None
    state: str | None
    marked_by: UUID | None
    revision: int | None
    comment: str | None


NO_RESULT = OldResult("", None, None, None, None, None, None)


class BaseScore(NamedTuple):
    """The newest score of an attempt, and what its scoring depends on."""

    attempt_id: UUID
    exam_version_id: UUID
    seed: int
    state: str
    grading_state: str
    started_at: datetime | None
    scoring: dict[str, Any] | None
    score_id: UUID | None
    version: int | None
    points: Decimal | None
    max_points: Decimal | None
    complete: bool | None
    grade_label: str | None
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """An attempt as it was read: for each row the result that it has."""

    base: BaseScore
    rows: list[ItemRow] = field(default_factory=list)
    old: list[OldResult] = field(default_factory=list)
    tries: dict[UUID, StoredTries] = field(default_factory=dict)

    @property
    def revisions(self) -> dict[DriverId, int]:
        """Return the revision of each response."""
        return {row.item_id: row.revision for row in self.rows if row.revision is not None}


def read_sheets(
    session: Session, attempt_ids: Sequence[UUID], only: Sequence[UUID] | None = None
) -> list[Sheet]:
    """Return attempts in the order of their ids, of their items those of some sources alone."""
    connection = session.connection()
    convert = to_driver_id if connection.dialect.name == "sqlite" else _as_it_is
    bases = connection.execute(_bases(attempt_ids)).all()
    sheets = {convert(row.attempt_id): Sheet(BaseScore(*row)) for row in bases}
    if only is not None and not only:
        return list(sheets.values())
    scores = [row.score_id for row in bases if row.score_id is not None]
    # Rows are read by name like the tuples that they stand for, and need not be made into them.
    results: Sequence[Any] = connection.execute(_old_results(scores)).all()
    old: dict[DriverId, OldResult] = {row[0]: row for row in results}
    statement = _items(attempt_ids)
    if only is not None:
        statement = statement.where(AttemptItem.exam_version_item_id.in_(only))
    rows: Sequence[Any] = connection.execute(statement).all()
    for row in rows:
        sheet = sheets[row[0]]
        sheet.rows.append(row)
        sheet.old.append(old.get(row[1], NO_RESULT))
    return list(sheets.values())


def add_tries(session: Session, sheets: Sequence[Sheet]) -> None:
    """Read what candidates checked while these attempts ran."""
    for sheet in sheets:
        attempt = session.get_one(Attempt, sheet.base.attempt_id)
        sheet.tries.update(read_tries(session, attempt))


def read_revisions(
    session: Session, attempt_ids: Sequence[UUID]
) -> dict[UUID, dict[DriverId, int]]:
    """Return the revision of each response of some attempts."""
    connection = session.connection()
    convert = to_driver_id if connection.dialect.name == "sqlite" else _as_it_is
    found: dict[Any, dict[DriverId, int]] = {convert(one): {} for one in attempt_ids}
    statement = select(
        type_coerce(ResponseRecord.attempt_id, RawUuid),
        type_coerce(ResponseRecord.item_id, RawUuid),
        ResponseRecord.revision,
    ).where(ResponseRecord.attempt_id.in_(attempt_ids))
    for attempt_id, item_id, revision in connection.execute(statement).all():
        found[attempt_id][item_id] = revision
    return {attempt_id: found[convert(attempt_id)] for attempt_id in attempt_ids}


def _as_it_is(value: Any) -> Any:
    return value


def _bases(attempt_ids: Sequence[UUID]) -> Any:
    newest = (
        select(ScoreRecord.attempt_id, func.max(ScoreRecord.version).label("version"))
        .where(ScoreRecord.attempt_id.in_(attempt_ids))
        .group_by(ScoreRecord.attempt_id)
        .subquery()
    )
    is_newest = and_(
        ScoreRecord.attempt_id == newest.c.attempt_id, ScoreRecord.version == newest.c.version
    )
    return (
        select(
            Attempt.id.label("attempt_id"),
            Attempt.exam_version_id,
            Attempt.seed,
            Attempt.state,
            Attempt.grading_state,
            Attempt.started_at,
            Attempt.scoring,
            ScoreRecord.id.label("score_id"),
            ScoreRecord.version,
            ScoreRecord.points,
            ScoreRecord.max_points,
            ScoreRecord.complete,
            ScoreRecord.grade_label,
            ScoreRecord.passed,
        )
        .join(newest, newest.c.attempt_id == Attempt.id, isouter=True)
        .join(ScoreRecord, is_newest, isouter=True)
        .where(Attempt.id.in_(attempt_ids))
        .order_by(Attempt.id)
    )


def _old_results(score_ids: Sequence[UUID]) -> Any:
    return select(
        type_coerce(ItemScoreRecord.item_id, RawUuid).label("item_id"),
        ItemScoreRecord.fraction,
        ItemScoreRecord.points,
        ItemScoreRecord.state,
        ItemScoreRecord.marked_by,
        ItemScoreRecord.response_revision.label("revision"),
        ItemScoreRecord.comment,
    ).where(ItemScoreRecord.score_id.in_(score_ids))


def _items(attempt_ids: Sequence[UUID]) -> Any:
    return (
        select(
            type_coerce(AttemptItem.attempt_id, RawUuid).label("attempt_id"),
            type_coerce(AttemptItem.id, RawUuid).label("item_id"),
            type_coerce(AttemptItem.exam_version_item_id, RawUuid).label("source_id"),
            cast(AttemptItem.public, Text).label("public"),
            cast(AttemptItem.secret, Text).label("secret"),
            cast(ResponseRecord.raw, Text).label("raw"),
            ResponseRecord.revision,
        )
        .select_from(AttemptItem)
        .join(ResponseRecord, ResponseRecord.item_id == AttemptItem.id, isouter=True)
        .where(AttemptItem.attempt_id.in_(attempt_ids))
        .order_by(AttemptItem.attempt_id, AttemptItem.position)
    )
