"""Scoring attempts, marking by people, releasing results.

Plugins are asked between two short transactions: one reads, one writes. What was read is checked
again before writing; where somebody was faster, it is all done again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord
from examhall.core.attempts.queries import lock_attempt
from examhall.core.attempts.states import AttemptState, GradingState, Machine, move
from examhall.core.audit.operations import record
from examhall.core.db import after_commit, database_now
from examhall.core.decimals import write_decimal
from examhall.core.errors import ConflictError, NotFoundError
from examhall.core.events.operations import emit
from examhall.core.exams.models import ExamVersion
from examhall.core.permissions import SYSTEM, Permission, Principal
from examhall.core.scoring.events import AttemptScored
from examhall.core.scoring.models import ItemScoreRecord, Outcome, ScoreRecord
from examhall.core.scoring.queries import find_latest_outcome, find_latest_score, require_attempt
from examhall.core.scoring.release import add_outcome
from examhall.core.scoring.results import (
    CHANGED,
    ItemResult,
    Total,
    apply_mark,
    total_up,
)
from examhall.core.tries.queries import NO_TRIES, StoredTries, read_tries
from examhall.core.tries.scoring import ItemSheet, score_item
from examhall.core.tries.treatment import Treatment

if TYPE_CHECKING:
    from examhall.core.platform import Platform

log = logging.getLogger(__name__)

SCORABLE = frozenset({AttemptState.SUBMITTED, AttemptState.TERMINATED})
TRIES = 8


@dataclass(frozen=True, slots=True)
class Sheet:
    """An attempt as it was read: items with responses, and the score that it has.

    `marks` are the items of that score, by the item's id.
    """

    attempt: Attempt
    version: ExamVersion
    items: Sequence[AttemptItem]
    responses: Mapping[UUID, ResponseRecord]
    latest: ScoreRecord | None
    marks: Mapping[UUID, ItemScoreRecord]
    tries: Mapping[UUID, StoredTries]

    @property
    def treatment(self) -> Treatment:
        """How the exam treats tries and certainty."""
        return Treatment.of(self.version.content["settings"]["scoring"])

    @property
    def scoring(self) -> Mapping[str, Any]:
        """The exam's scoring settings, as they hold for this attempt."""
        settings: Mapping[str, Any] = self.version.content["settings"]["scoring"]
        return {**settings, **(self.attempt.scoring or {})}

    @property
    def revisions(self) -> dict[UUID, int]:
        """The number of the response that counts, by the item's id."""
        return {item_id: response.revision for item_id, response in self.responses.items()}


def score_attempt(platform: Platform, attempt_id: UUID, reason: str = "") -> ScoreRecord | None:
    """Score an attempt that was handed in, and release the result where the exam says so.

    Safe to run twice and by two workers: the same end makes no second version. Marks that people
    gave stay while the response is the same. Returns None for an attempt that has nothing to
    score (any more). Raises PluginError when the exam's scorer fails: try again later.
    """

    def count(sheet: Sheet) -> Total:
        results = [_score_item(platform, sheet, item) for item in sheet.items]
        return total_up(platform.plugins, sheet.scoring, results)

    return score_with(platform, attempt_id, SYSTEM, reason, count)


def release_outcome(platform: Platform, principal: Principal, attempt_id: UUID) -> Outcome:
    """Release the newest score to the candidate and to partners; doing it again changes nothing.

    Raises ConflictError while something waits for a marker.
    """
    with platform.db.transaction() as session:
        require_attempt(session, principal, attempt_id, Permission.SCORES_RELEASE)
        attempt = lock_attempt(session, attempt_id)
        score = find_latest_score(session, attempt_id)
        if score is None or attempt.grading_state == GradingState.PENDING:
            raise ConflictError("The attempt has not been scored yet.")
        if not score.complete:
            raise ConflictError("An answer still waits for a marker.")
        outcome = find_latest_outcome(session, attempt_id)
        if outcome is None or outcome.score_id != score.id:
            outcome = add_outcome(session, platform, attempt, score, principal.actor)
            record(session, principal, "outcome.released", "attempt", attempt_id)
        _settle(session, platform, attempt, score, principal, automatic=False)
        return outcome


def score_with(
    platform: Platform,
    attempt_id: UUID,
    principal: Principal,
    reason: str,
    count: Callable[[Sheet], Total],
    audit: Mapping[str, Any] | None = None,
    keep: Callable[[Session], bool] | None = None,
) -> ScoreRecord | None:
    """Score an attempt as `count` does with its sheet; `keep` writes something along with it.

    Where the attempt has changed meanwhile, or `keep` says no, it is all done again. Returns None
    for an attempt that has nothing to score (any more).
    """
    for _ in range(TRIES):
        with platform.db.reading() as session:
            sheet = _read(session, attempt_id)
        if sheet is None:
            return None
        total = count(sheet)
        with platform.db.transaction() as session:
            if not _is_current(session, sheet) or (keep is not None and not keep(session)):
                continue
            return _store(session, platform, sheet, total, principal, reason, audit)
    raise ConflictError("The attempt changes all the time; try again.")


def _read(session: Session, attempt_id: UUID) -> Sheet | None:
    attempt = session.get(Attempt, attempt_id)
    if attempt is None:
        raise NotFoundError("There is no such attempt.")
    if attempt.state not in SCORABLE or attempt.started_at is None:
        log.info("attempt %s is %s: nothing to score", attempt_id, attempt.state)
        return None
    items = session.scalars(
        select(AttemptItem)
        .where(AttemptItem.attempt_id == attempt_id)
        .order_by(AttemptItem.position)
    ).all()
    responses = session.scalars(
        select(ResponseRecord).where(ResponseRecord.attempt_id == attempt_id)
    )
    latest = find_latest_score(session, attempt_id)
    return Sheet(
        attempt=attempt,
        version=session.get_one(ExamVersion, attempt.exam_version_id),
        items=items,
        responses={response.item_id: response for response in responses},
        latest=latest,
        marks={mark.item_id: mark for mark in latest.items} if latest else {},
        tries=read_tries(session, attempt),
    )


def _is_current(session: Session, sheet: Sheet) -> bool:
    """Lock the attempt and say whether it still is as it was read."""
    attempt = lock_attempt(session, sheet.attempt.id)
    latest = find_latest_score(session, attempt.id)
    rows = session.execute(
        select(ResponseRecord.item_id, ResponseRecord.revision).where(
            ResponseRecord.attempt_id == attempt.id
        )
    )
    return (
        attempt.state in SCORABLE
        and (latest.id if latest else None) == (sheet.latest.id if sheet.latest else None)
        and {row.item_id: row.revision for row in rows} == sheet.revisions
    )


def _score_item(platform: Platform, sheet: Sheet, item: AttemptItem) -> ItemResult:
    response = sheet.responses.get(item.id)
    revision = response.revision if response else 0
    tries = sheet.tries.get(item.id, NO_TRIES)
    item_sheet = ItemSheet(
        item, response.raw if response else None, revision, tries.content, tries.tries
    )
    result = score_item(platform.plugins, sheet.treatment, item_sheet)
    mark = sheet.marks.get(item.id)
    if mark is None or mark.marked_by is None or mark.fraction is None:
        return result
    if mark.response_revision != revision:
        return replace(result, comment=CHANGED) if result.needs_manual else result
    return apply_mark(result, mark.fraction, mark.marked_by, mark.comment)


def known_result(platform: Platform, sheet: Sheet, item: AttemptItem) -> ItemResult:
    """Return an item's result as the newest score version has it, if it is for this response."""
    mark = sheet.marks.get(item.id)
    if mark is None or mark.response_revision != sheet.revisions.get(item.id, 0):
        return _score_item(platform, sheet, item)
    return ItemResult(
        item_id=item.id,
        section=item.section,
        max_points=item.points,
        state=mark.state,
        fraction=mark.fraction,
        needs_manual=mark.needs_manual,
        plugin_key=mark.plugin_key,
        plugin_version=mark.plugin_version,
        config_digest=mark.config_digest,
        response_revision=mark.response_revision,
        feedback=mark.feedback,
        parts=mark.parts,
        marked_by=mark.marked_by,
        comment=mark.comment,
        certainty=mark.certainty,
    )


def _store(
    session: Session,
    platform: Platform,
    sheet: Sheet,
    total: Total,
    principal: Principal,
    reason: str,
    audit: Mapping[str, Any] | None,
) -> ScoreRecord:
    """Write a score version for a locked attempt, unless the newest says the same."""
    attempt = session.get_one(Attempt, sheet.attempt.id)
    score = find_latest_score(session, attempt.id)
    if score is None or score.digest != total.digest:
        score = _add_score(session, attempt, total, score.version + 1 if score else 1, reason)
    if audit is not None:
        details = {**audit, "version": score.version}
        record(session, principal, "item.marked", "attempt", attempt.id, **details)
    automatic = sheet.scoring["release"] == "automatic" and attempt.state == AttemptState.SUBMITTED
    _settle(session, platform, attempt, score, principal, automatic=automatic)
    return score


def _add_score(
    session: Session, attempt: Attempt, total: Total, version: int, reason: str
) -> ScoreRecord:
    score = ScoreRecord(
        attempt_id=attempt.id,
        version=version,
        points=total.points,
        max_points=total.max_points,
        complete=total.complete,
        grade_label=total.grade.label[:100],
        passed=total.grade.passed,
        reason=reason[:500],
        scorer_key=total.scorer_key,
        scorer_version=total.scorer_version,
        config_digest=total.config_digest,
        digest=total.digest,
        created_at=database_now(session),
        items=[_item_record(result) for result in total.results],
    )
    session.add(score)
    session.flush()
    emit(
        session,
        AttemptScored(
            subject=f"attempt:{attempt.id}",
            user_id=attempt.user_id,
            exam_id=attempt.exam_id,
            attempt_id=str(attempt.id),
            version=version,
            points=write_decimal(total.points),
            max_points=write_decimal(total.max_points),
            complete=total.complete,
            reason=reason[:500],
        ),
    )
    return score


def _item_record(result: ItemResult) -> ItemScoreRecord:
    return ItemScoreRecord(
        item_id=result.item_id,
        fraction=result.fraction,
        points=result.points,
        max_points=result.max_points,
        state=result.state,
        needs_manual=result.needs_manual,
        feedback=result.feedback,
        parts=list(result.parts),
        plugin_key=result.plugin_key,
        plugin_version=result.plugin_version,
        config_digest=result.config_digest,
        response_revision=result.response_revision,
        marked_by=result.marked_by,
        comment=result.comment,
        certainty=result.certainty,
    )


def _settle(
    session: Session,
    platform: Platform,
    attempt: Attempt,
    score: ScoreRecord,
    principal: Principal,
    *,
    automatic: bool,
) -> None:
    """Bring the grading machine where the newest score belongs, and release where that is due."""
    before, actor = attempt.grading_state, principal.actor
    outcome = find_latest_outcome(session, attempt.id)
    if score.complete and automatic and (outcome is None or outcome.score_id != score.id):
        outcome = add_outcome(session, platform, attempt, score, SYSTEM.actor)
    released = outcome is not None and outcome.score_id == score.id
    for state in list_grading_steps(before, complete=score.complete, released=released):
        move(session, attempt, Machine.GRADING, state, actor)
    if attempt.grading_state != before:
        news = {"state": attempt.state, "grading_state": attempt.grading_state}
        channel = f"attempt:{attempt.id}"
        after_commit(session, lambda: platform.live.publish(channel, "state", news))


def list_grading_steps(before: str, *, complete: bool, released: bool) -> list[GradingState]:
    """Return the states to go through from `before`."""
    steps = [GradingState.AUTO] if before == GradingState.PENDING else []
    if not complete:
        return steps if before == GradingState.MANUAL else [*steps, GradingState.MANUAL]
    if before == GradingState.RELEASED and released:
        return []
    if before != GradingState.GRADED:
        steps.append(GradingState.GRADED)
    return [*steps, GradingState.RELEASED] if released else steps
