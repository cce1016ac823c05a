"""Drawing scored items: for the candidate after the release, for graders with the key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.certainty import without_certainty
from examhall.core.attempts.models import AttemptItem, ResponseRecord
from examhall.core.contracts.question_type import Fragment, Variant, View
from examhall.core.errors import ConflictError, NotFoundError, PluginError
from examhall.core.permissions import Permission, Principal
from examhall.core.scoring.models import ItemScoreRecord
from examhall.core.scoring.queries import (
    find_latest_outcome,
    find_latest_score,
    get_readable_attempt,
    require_attempt,
)

if TYPE_CHECKING:
    from examhall.core.platform import Platform

NOTICE = '<p class="notice">This question cannot be shown at the moment.</p>'


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A scored item, drawn; `fragment` is None where its question type cannot draw it now."""

    item_id: UUID
    position: int
    section: str
    type: str
    type_title: str
    fragment: Fragment | None
    fraction: Decimal | None
    points: Decimal | None
    max_points: Decimal
    state: str
    feedback: str
    comment: str

    @property
    def html(self) -> str:
        """The item's HTML, or words that say that it is missing."""
        return self.fragment.html if self.fragment else NOTICE


def get_review(platform: Platform, principal: Principal, attempt_id: UUID) -> list[ReviewItem]:
    """Return all items of a scored attempt.

    Candidates see their own once the result is released (ConflictError before), without the
    answers that they did not give; whoever reads the exam's scores sees the key, too.
    """
    with platform.db.reading() as session:
        attempt = get_readable_attempt(session, principal, attempt_id)
        grades = principal.may(Permission.SCORES_READ, attempt.exam_id)
        outcome = find_latest_outcome(session, attempt_id)
        score = outcome.score if outcome else None
        if grades:
            score = find_latest_score(session, attempt_id)
        if score is None:
            raise ConflictError("The result has not been released yet.")
        rows = _read_items(session, attempt_id)
    records = {record.item_id: record for record in score.items}
    view = View.GRADE if grades else View.REVIEW
    return [_draw(platform, item, raw, records.get(item.id), view) for item, raw in rows]


def get_marking(
    platform: Platform, principal: Principal, attempt_id: UUID, item_id: UUID
) -> ReviewItem:
    """Return one item as its marker sees it; needs `scores.mark` for the exam."""
    with platform.db.reading() as session:
        require_attempt(session, principal, attempt_id, Permission.SCORES_MARK)
        score = find_latest_score(session, attempt_id)
        rows = [row for row in _read_items(session, attempt_id) if row[0].id == item_id]
    if not rows:
        raise NotFoundError("The attempt has no such item.")
    records = {record.item_id: record for record in score.items} if score else {}
    [(item, raw)] = rows
    return _draw(platform, item, raw, records.get(item.id), View.GRADE)


def _read_items(
    session: Session, attempt_id: UUID
) -> Sequence[tuple[AttemptItem, Mapping[str, Any] | None]]:
    rows = session.execute(
        select(AttemptItem, ResponseRecord)
        .join(ResponseRecord, ResponseRecord.item_id == AttemptItem.id, isouter=True)
        .where(AttemptItem.attempt_id == attempt_id)
        .order_by(AttemptItem.position)
    )
    found: Sequence[tuple[AttemptItem, ResponseRecord | None]] = [(row[0], row[1]) for row in rows]
    return [(item, response.raw if response else None) for item, response in found]


def _draw(
    platform: Platform,
    item: AttemptItem,
    raw: Mapping[str, Any] | None,
    score: ItemScoreRecord | None,
    view: View,
) -> ReviewItem:
    title, fragment = item.type, None
    shown = None if raw is None else without_certainty(raw)
    try:
        plugin = platform.plugins.question_type(item.type)
        title = plugin.title
        variant = Variant(item.public, item.secret)
        fragment = platform.plugins.call(
            plugin, "render", variant, view, shown, name=f"item-{item.id}", expect=Fragment
        )
    except PluginError:
        fragment = None
    return ReviewItem(
        item_id=item.id,
        position=item.position,
        section=item.section,
        type=item.type,
        type_title=title,
        fragment=fragment,
        fraction=score.fraction if score else None,
        points=score.points if score else None,
        max_points=item.points,
        state=score.state if score else "",
        feedback=score.feedback if score else "",
        comment=score.comment if score else "",
    )
