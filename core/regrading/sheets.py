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

from sqlalchemy import Text, and_, cast, func, select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord
from examhall.core.bulk import HexId, is_among
from examhall.core.scoring.models import ItemScoreRecord, ScoreRecord
from examhall.core.tries.queries import StoredTries, read_tries


class ItemRow(NamedTuple):
    """One item of an attempt, ids in hex: its edition and the response to it."""

    position: int
    item_id: str
    source_id: str
    public: str
    secret: str
    raw: str | None
    revision: int | None
    attempt_id: str


class OldResult(NamedTuple):
    """What the newest score says of an item."""

    item_id: str
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
    def revisions(self) -> dict[str, int]:
        """Return the revision of each response."""
        return {row.item_id: row.revision for row in self.rows if row.revision is not None}


def read_sheets(
    session: Session, attempt_ids: Sequence[UUID], only: Sequence[UUID] | None = None
) -> list[Sheet]:
    """Return attempts in the order of their ids, of their items those of some sources alone."""
    connection = session.connection()
    bases = [BaseScore(*row) for row in connection.execute(_bases(session, attempt_ids)).all()]
    sheets = {base.attempt_id.hex: Sheet(base) for base in bases}
    if only is not None and not only:
        return list(sheets.values())
    scores = [base.score_id for base in bases if base.score_id is not None]
    # Drivers give all rows at once sooner than one by one, and tuples read names sooner than rows.
    results = map(OldResult._make, connection.execute(_old_results(session, scores)).all())
    old = {result.item_id: result for result in results}
    statement = _items(session, attempt_ids)
    if only is not None:
        statement = statement.where(AttemptItem.exam_version_item_id.in_(only))
    for row in map(ItemRow._make, connection.execute(statement).all()):
        sheets[row.attempt_id].rows.append(row)
    for sheet in sheets.values():
        # The database would sort them with all their text, on the disk.
        sheet.rows.sort()
        sheet.old.extend(old.get(row.item_id, NO_RESULT) for row in sheet.rows)
    return list(sheets.values())


def add_tries(session: Session, sheets: Sequence[Sheet]) -> None:
    """Read what candidates checked while these attempts ran."""
    for sheet in sheets:
        attempt = session.get_one(Attempt, sheet.base.attempt_id)
        sheet.tries.update(read_tries(session, attempt))


def read_revisions(session: Session, attempt_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Return the revision of each response of some attempts, by the item's id in hex."""
    found: dict[str, dict[str, int]] = {one.hex: {} for one in attempt_ids}
    statement = select(
        HexId(ResponseRecord.attempt_id), HexId(ResponseRecord.item_id), ResponseRecord.revision
    ).where(is_among(session, ResponseRecord.attempt_id, attempt_ids))
    for attempt_id, item_id, revision in session.connection().execute(statement).all():
        found[attempt_id][item_id] = revision
    return {attempt_id: found[attempt_id.hex] for attempt_id in attempt_ids}


def _bases(session: Session, attempt_ids: Sequence[UUID]) -> Any:
    newest = (
        select(ScoreRecord.attempt_id, func.max(ScoreRecord.version).label("version"))
        .where(is_among(session, ScoreRecord.attempt_id, attempt_ids))
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
        .where(is_among(session, Attempt.id, attempt_ids))
        .order_by(Attempt.id)
    )


def _old_results(session: Session, score_ids: Sequence[UUID]) -> Any:
    return select(
        HexId(ItemScoreRecord.item_id),
        ItemScoreRecord.fraction,
        ItemScoreRecord.points,
        ItemScoreRecord.state,
        ItemScoreRecord.marked_by,
        ItemScoreRecord.response_revision,
        ItemScoreRecord.comment,
    ).where(is_among(session, ItemScoreRecord.score_id, score_ids))


def _items(session: Session, attempt_ids: Sequence[UUID]) -> Any:
    # Naming the attempts of the responses, too, spares the database to look each of them up.
    response = and_(
        ResponseRecord.item_id == AttemptItem.id,
        is_among(session, ResponseRecord.attempt_id, attempt_ids),
    )
    return (
        select(
            AttemptItem.position,
            HexId(AttemptItem.id),
            HexId(AttemptItem.exam_version_item_id),
            cast(AttemptItem.public, Text),
            cast(AttemptItem.secret, Text),
            cast(ResponseRecord.raw, Text),
            ResponseRecord.revision,
            HexId(AttemptItem.attempt_id),
        )
        .select_from(AttemptItem)
        .join(ResponseRecord, response, isouter=True)
        .where(is_among(session, AttemptItem.attempt_id, attempt_ids))
    )
