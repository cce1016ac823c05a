"""Marking by people: one marker, or two who do not see one another and a third where they differ.

Every mark is kept. The marks for the response that counts, by person the newest, are the round;
what the round comes to stands in the scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.models import AttemptItem, ResponseRecord
from examhall.core.contracts.question_type import Criterion, Variant
from examhall.core.db import database_now
from examhall.core.decimals import round_fraction, write_decimal
from examhall.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PluginError,
)
from examhall.core.permissions import Permission, Principal
from examhall.core.scoring.models import Mark, ScoreRecord
from examhall.core.scoring.operations import Sheet, known_result, score_with
from examhall.core.scoring.queries import require_attempt
from examhall.core.scoring.results import ItemResult, Total, apply_mark, total_up

if TYPE_CHECKING:
    from examhall.core.platform import Platform

MAX_COMMENT = 10_000
TOLERANCE = "0.1"


class Stage(StrEnum):
    """How far the marking of an answer is."""

    FIRST = "first"
    SECOND = "second"
    DECISION = "decision"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Policy:
    """How an exam is marked: `second` by two people, who may differ by a share of the points."""

    blind: bool
    second: bool
    tolerance: Decimal

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Policy:
        """Read an exam version's settings."""
        own = settings.get("marking", {})
        return cls(
            blind=bool(own.get("blind", True)),
            second=bool(own.get("second", False)),
            tolerance=Decimal(own.get("tolerance", TOLERANCE)),
        )


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a round comes to; `fraction` is None until it is done."""

    stage: Stage
    fraction: Decimal | None = None
    marker_id: UUID | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class MarkEntry:
    """A mark as another marker or its own sees it; `current` ones are for today's response."""

    marker: str
    own: bool
    fraction: Decimal
    criteria: Mapping[str, str]
    comment: str
    created_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class MarkingState:
    """All that a marker may know about the marks of an answer before giving one."""

    stage: Stage
    policy: Policy
    history: Sequence[MarkEntry]
    criteria: Sequence[Criterion]
    candidate_number: str
    name: str = ""


def mark_item(
    platform: Platform,
    principal: Principal,
    attempt_id: UUID,
    item_id: UUID,
    fraction: Decimal | None = None,
    comment: str = "",
    criteria: Mapping[str, str] | None = None,
) -> ScoreRecord:
    """Mark an item by hand with `fraction` (0 to 1) of its points, or by its rubric's `criteria`.

    `criteria` name the chosen level of each criterion; without a fraction all must be chosen.
    Where an exam is marked twice, the score changes once two people agree or a third decided.
    Raises ConflictError for an attempt that was not scored yet or an answer that two others have
    settled, InvalidError for a bad mark, ForbiddenError for one's own attempt.
    """
    marker = _check_marker(platform, principal, attempt_id)
    chosen = dict(criteria or {})
    if chosen or fraction is None:
        earned = _read_criteria(platform, attempt_id, item_id, chosen, complete=fraction is None)
        fraction = earned if fraction is None else fraction
    _check_mark(fraction, comment)
    known: list[Mark] = []

    def count(sheet: Sheet) -> Total:
        known[:] = _require_marks(platform, sheet, item_id)
        mark = Mark(
            attempt_id=attempt_id,
            item_id=item_id,
            response_revision=sheet.revisions.get(item_id, 0),
            marker_id=marker,
            fraction=round_fraction(fraction),
            criteria=chosen,
            comment=comment,
        )
        settled = _add_mark(sheet, known, mark)
        known.append(mark)
        results = [known_result(platform, sheet, item) for item in sheet.items]
        marked = [_settle(one, settled) if one.item_id == item_id else one for one in results]
        return total_up(platform.plugins, sheet.scoring, marked)

    def keep(session: Session) -> bool:
        mark = known[-1]
        if [one.id for one in find_marks(session, item_id)] != [one.id for one in known[:-1]]:
            return False
        mark.created_at = database_now(session)
        session.add(mark)
        return True

    details = {"item_id": str(item_id), "fraction": write_decimal(fraction)}
    score = score_with(
        platform, attempt_id, principal, "marked by hand", count, audit=details, keep=keep
    )
    if score is None:
        raise ConflictError("The attempt is not one that can be marked now.")
    return score


def settle(marks: Sequence[Mark], revision: int, policy: Policy) -> Settlement:
    """Say what the marks for a response come to, given in the order in which they were written."""
    round_ = list_round(marks, revision)
    if not round_:
        return Settlement(Stage.FIRST)
    if not policy.second:
        newest = max(round_, key=marks.index)
        return _done(newest.fraction, [newest])
    if len(round_) == 1:
        return Settlement(Stage.SECOND)
    if len(round_) == 2:
        one, two = round_
        if abs(one.fraction - two.fraction) > policy.tolerance:
            return Settlement(Stage.DECISION)
        return _done((one.fraction + two.fraction) / 2, round_)
    return _done(round_[2].fraction, round_[2:3])


def list_round(marks: Sequence[Mark], revision: int) -> list[Mark]:
    """Return each marker's newest mark for a response, by who marked first."""
    newest: dict[UUID, Mark] = {}
    for mark in marks:
        if mark.response_revision == revision:
            newest[mark.marker_id] = mark
    return list(newest.values())


def find_marks(session: Session, item_id: UUID) -> Sequence[Mark]:
    """Return all marks of an item as they were written; for the system's own use."""
    return session.scalars(select(Mark).where(Mark.item_id == item_id).order_by(Mark.id)).all()


def get_marking_state(
    platform: Platform, principal: Principal, attempt_id: UUID, item_id: UUID
) -> MarkingState:
    """Return what a marker sees beside an answer; needs `scores.mark`.

    Marks of others are hidden until the answer is settled; whoever decides between two sees both.
    """
    with platform.db.reading() as session:
        attempt = require_attempt(session, principal, attempt_id, Permission.SCORES_MARK)
        policy = Policy.of(attempt.exam_version.content["settings"])
        item = session.get(AttemptItem, item_id)
        if item is None or item.attempt_id != attempt_id:
            raise NotFoundError("The attempt has no such item.")
        response = session.get(ResponseRecord, item_id)
        revision = response.revision if response else 0
        marks = find_marks(session, item_id)
        stage = settle(marks, revision, policy).stage
        names = _names(session, marks)
        number = attempt.registration.candidate_number
        name = "" if policy.blind else session.get_one(User, attempt.user_id).name
    mine = {mark.marker_id for mark in list_round(marks, revision)}
    decides = stage is Stage.DECISION and principal.user_id not in mine
    history = [
        MarkEntry(
            marker=names[mark.marker_id],
            own=mark.marker_id == principal.user_id,
            fraction=mark.fraction,
            criteria=mark.criteria,
            comment=mark.comment,
            created_at=mark.created_at,
            current=mark.response_revision == revision,
        )
        for mark in marks
        if stage is Stage.DONE or decides or mark.marker_id == principal.user_id
    ]
    return MarkingState(stage, policy, history, list_criteria(platform, item), number, name)


def list_criteria(platform: Platform, item: AttemptItem) -> Sequence[Criterion]:
    """Return the criteria of an item's rubric, none where its type has none or fails."""
    try:
        plugin = platform.plugins.question_type(item.type)
        found: Sequence[Criterion] = platform.plugins.call(
            plugin, "criteria", Variant(item.public, item.secret), expect=(list, tuple)
        )
    except PluginError:
        return ()
    return found


def earned_fraction(criteria: Sequence[Criterion], chosen: Mapping[str, str]) -> Decimal:
    """Return the share of the best levels' points that the chosen levels give, from 0 to 1."""
    most = sum((max(level.points for level in one.levels) for one in criteria), Decimal(0))
    given = sum(
        (
            level.points
            for one in criteria
            for level in one.levels
            if chosen.get(one.key) == level.key
        ),
        Decimal(0),
    )
    return round_fraction(max(Decimal(0), given / most)) if most > 0 else Decimal(0)


def _read_criteria(
    platform: Platform,
    attempt_id: UUID,
    item_id: UUID,
    chosen: Mapping[str, str],
    *,
    complete: bool,
) -> Decimal:
    with platform.db.reading() as session:
        item = session.get(AttemptItem, item_id)
    if item is None or item.attempt_id != attempt_id:
        raise NotFoundError("The attempt has no such item.")
    criteria = list_criteria(platform, item)
    levels = {one.key: {level.key for level in one.levels} for one in criteria}
    if any(level not in levels.get(key, ()) for key, level in chosen.items()):
        raise InvalidError(
            "The rubric has no such level.", criteria=["The rubric has no such level."]
        )
    if complete and (not criteria or set(chosen) != set(levels)):
        reason = "Write the points, or choose a level of every criterion."
        raise InvalidError(reason, fraction=[reason])
    return earned_fraction(criteria, chosen)


def _require_marks(platform: Platform, sheet: Sheet, item_id: UUID) -> Sequence[Mark]:
    if sheet.latest is None:
        raise ConflictError("The attempt has not been scored yet.")
    if item_id not in sheet.marks:
        raise NotFoundError("The attempt has no such item.")
    with platform.db.reading() as session:
        return find_marks(session, item_id)


def _add_mark(sheet: Sheet, before: Sequence[Mark], mark: Mark) -> Settlement:
    policy = Policy.of(sheet.version.content["settings"])
    round_ = list_round(before, mark.response_revision)
    settled = settle(before, mark.response_revision, policy).stage is Stage.DONE
    if policy.second and settled and mark.marker_id not in {one.marker_id for one in round_}:
        raise ConflictError("This answer is settled; only those who marked it can change that.")
    return settle([*before, mark], mark.response_revision, policy)


def _settle(result: ItemResult, settled: Settlement) -> ItemResult:
    if settled.fraction is None or settled.marker_id is None:
        return result
    return apply_mark(result, settled.fraction, settled.marker_id, settled.comment)


def _done(fraction: Decimal, marks: Sequence[Mark]) -> Settlement:
    comments = dict.fromkeys(mark.comment for mark in marks if mark.comment.strip())
    return Settlement(
        Stage.DONE, round_fraction(fraction), marks[-1].marker_id, "\n\n".join(comments)
    )


def _names(session: Session, marks: Sequence[Mark]) -> dict[UUID, str]:
    ids = {mark.marker_id for mark in marks}
    rows = session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _check_marker(platform: Platform, principal: Principal, attempt_id: UUID) -> UUID:
    with platform.db.reading() as session:
        attempt = require_attempt(session, principal, attempt_id, Permission.SCORES_MARK)
    if principal.user_id is None or attempt.user_id == principal.user_id:
        raise ForbiddenError("Nobody marks their own attempt, and only people mark.")
    return principal.user_id


def _check_mark(fraction: Decimal, comment: str) -> None:
    if not (fraction.is_finite() and 0 <= fraction <= 1):
        raise InvalidError("Give a share from 0 to 1.", fraction=["From 0 to 1."])
    if len(comment) > MAX_COMMENT:
        raise InvalidError(
            "The comment is too long.", comment=[f"At most {MAX_COMMENT} characters."]
        )
