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

from sqlalchemy import ColumnElement, Text, and_, cast, func, select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord
from examhall.core.scoring.models import ItemScoreRecord, ScoreRecord


class ItemRow(NamedTuple):
    """One item of an attempt: its edition, the response, and the result that it has."""

    item_id: UUID
    attempt_id: UUID
    source_id: UUID
    public: str
    secret: str
    raw: str | None
    revision: int | None
    fraction: Decimal | None
    points: Decimal | None
    state: str | None
    marked_by: UUID | None
    marked_revision: int | None
    comment: str | None


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
    """An attempt as it was read."""

    base: BaseScore
    rows: list[ItemRow] = field(default_factory=list)

    @property
    def revisions(self) -> dict[UUID, int]:
        """Return the revision of each response."""
        return {row.item_id: row.revision for row in self.rows if row.revision is not None}


def read_sheets(
    session: Session, attempt_ids: Sequence[UUID], only: Sequence[UUID] | None = None
) -> list[Sheet]:
    """Return attempts in the order of their ids, of their items those of some sources alone."""
    bases = session.execute(_bases(attempt_ids)).all()
    sheets = {row.attempt_id: Sheet(BaseScore(*row)) for row in bases}
    statement = _items(attempt_ids)
    if only is not None:
        statement = statement.where(AttemptItem.exam_version_item_id.in_(only))
    for row in session.execute(statement):
        sheets[row[1]].rows.append(ItemRow._make(row))
    return list(sheets.values())


def read_revisions(session: Session, attempt_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, int]]:
    """Return the revision of each response of some attempts."""
    found: dict[UUID, dict[UUID, int]] = {attempt_id: {} for attempt_id in attempt_ids}
    columns = (ResponseRecord.attempt_id, ResponseRecord.item_id, ResponseRecord.revision)
    statement = select(*columns).where(ResponseRecord.attempt_id.in_(attempt_ids))
    for attempt_id, item_id, revision in session.execute(statement):
        found[attempt_id][item_id] = revision
    return found


def _newest(attempt_ids: Sequence[UUID]) -> Any:
    return (
        select(ScoreRecord.attempt_id, func.max(ScoreRecord.version).label("version"))
        .where(ScoreRecord.attempt_id.in_(attempt_ids))
        .group_by(ScoreRecord.attempt_id)
        .subquery()
    )


def _is_newest(newest: Any) -> ColumnElement[bool]:
    return and_(
        ScoreRecord.attempt_id == newest.c.attempt_id, ScoreRecord.version == newest.c.version
    )


def _bases(attempt_ids: Sequence[UUID]) -> Any:
    newest = _newest(attempt_ids)
    return (
        select(
            Attempt.id.label("attempt_id"),
            Attempt.exam_version_id,
            Attempt.seed,
            Attempt.state,
            Attempt.grading_state,
            Attempt.started_at,
            Attempt.scoring,
            ScoreRecord.id,
            ScoreRecord.version,
            ScoreRecord.points,
            ScoreRecord.max_points,
            ScoreRecord.complete,
            ScoreRecord.grade_label,
            ScoreRecord.passed,
        )
        .join(newest, newest.c.attempt_id == Attempt.id, isouter=True)
        .join(ScoreRecord, _is_newest(newest), isouter=True)
        .where(Attempt.id.in_(attempt_ids))
        .order_by(Attempt.id)
    )


def _items(attempt_ids: Sequence[UUID]) -> Any:
    newest = _newest(attempt_ids)
    return (
        select(
            AttemptItem.id,
            AttemptItem.attempt_id,
            AttemptItem.exam_version_item_id,
            cast(AttemptItem.public, Text),
            cast(AttemptItem.secret, Text),
            cast(ResponseRecord.raw, Text),
            ResponseRecord.revision,
            ItemScoreRecord.fraction,
            ItemScoreRecord.points,
            ItemScoreRecord.state,
            ItemScoreRecord.marked_by,
            ItemScoreRecord.response_revision,
            ItemScoreRecord.comment,
        )
        .select_from(AttemptItem)
        .join(ResponseRecord, ResponseRecord.item_id == AttemptItem.id, isouter=True)
        .join(newest, newest.c.attempt_id == AttemptItem.attempt_id, isouter=True)
        .join(ScoreRecord, _is_newest(newest), isouter=True)
        .join(
            ItemScoreRecord,
            and_(
                ItemScoreRecord.score_id == ScoreRecord.id,
                ItemScoreRecord.item_id == AttemptItem.id,
            ),
            isouter=True,
        )
        .where(AttemptItem.attempt_id.in_(attempt_ids))
        .order_by(AttemptItem.attempt_id, AttemptItem.position)
    )
