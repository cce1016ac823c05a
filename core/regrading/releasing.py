"""The second half of a regrade: what a person has looked at becomes score versions and outcomes.

Everything is counted again, and released only where it is what was shown. Attempts that have
changed since are left alone and named. Each batch is one transaction: after a crash the next job
goes on with what is left.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptItem
from examhall.core.attempts.queries import lock_attempts
from examhall.core.attempts.states import AttemptState, GradingState, Machine, move_all
from examhall.core.audit.operations import record
from examhall.core.bulk import collecting_rarely, insert_rows, is_among, new_id
from examhall.core.db import after_commit, database_now
from examhall.core.decimals import write_decimal
from examhall.core.events.operations import emit_all
from examhall.core.permissions import SYSTEM
from examhall.core.regrading.counting import (
    WORK_SECONDS,
    count_left,
    is_finished,
    lock_run,
    note_progress,
    take_batch,
)
from examhall.core.regrading.engine import Counted, Engine
from examhall.core.regrading.models import RegradeAttempt, RegradeRun
from examhall.core.regrading.plan import Plan, read_plan
from examhall.core.regrading.sheets import add_tries, read_revisions, read_sheets
from examhall.core.scoring.events import AttemptScored
from examhall.core.scoring.models import ItemScoreRecord, Outcome, ScoreRecord
from examhall.core.scoring.operations import list_grading_steps
from examhall.core.scoring.release import add_outcomes

if TYPE_CHECKING:
    from examhall.core.platform import Platform

STALE = "The attempt has changed since it was counted: regrade again."
TO_RELEASE = ("same", "changed")


def release_slice(platform: Platform, run_id: UUID, number: int) -> bool:
    """Release what a run has counted in a slice; say whether nothing is left of it."""
    with platform.db.reading() as session:
        run = session.get(RegradeRun, run_id)
        if run is None or run.state != "releasing":
            return True
        plan = read_plan(session, run)
    engine = Engine(platform, plan)
    end = time.monotonic() + WORK_SECONDS
    with collecting_rarely():
        while _release_batch(platform, engine, plan, number):
            if time.monotonic() > end:
                return False
    _finish(platform, run_id)
    return True


def _release_batch(platform: Platform, engine: Engine, plan: Plan, number: int) -> bool:
    """Release some attempts; say whether there were any."""
    with platform.db.reading() as session:
        ids = take_batch(session, plan.run.id, number, TO_RELEASE)
        rows = {row.attempt_id: row for row in _rows(session, plan.run.id, ids)}
        changed = [attempt_id for attempt_id in ids if rows[attempt_id].state == "changed"]
        same = [attempt_id for attempt_id in ids if rows[attempt_id].state == "same"]
        sheets = read_sheets(session, changed)
        add_tries(session, engine.find_checked(sheets))
        others = read_sheets(session, same, only=plan.replaced)
    if not ids:
        return False
    counted = engine.count([sheet for sheet in sheets if is_finished(sheet.base)])
    as_shown = {
        one.sheet.base.attempt_id: one
        for one in counted
        if _is_as_shown(one, rows[one.sheet.base.attempt_id])
    }
    kept = engine.prepare(others)
    # All that can be made before the transaction is: SQLite lets one process write at a time.
    drafts = {attempt_id: _draft(one, plan) for attempt_id, one in as_shown.items()}
    with platform.db.transaction() as session:
        attempts = {attempt.id: attempt for attempt in lock_attempts(session, ids)}
        left = _find_left(session, plan.run.id, ids)
        current = [
            one for one in _find_current(session, as_shown) if one.sheet.base.attempt_id in left
        ]
        kept = [one for one in kept if one.sheet.base.attempt_id in left]
        found = [drafts[one.sheet.base.attempt_id] for one in current]
        scores = _add_scores(session, plan, attempts, found)
        _settle(session, platform, plan, attempts, scores)
        _keep_editions(session, plan, [*current, *kept])
        _note(session, plan.run.id, left, {one.sheet.base.attempt_id: one for one in kept}, scores)
        note_progress(session, plan.run.id)
    return True


def _rows(session: Session, run_id: UUID, ids: Sequence[UUID]) -> Sequence[RegradeAttempt]:
    return session.scalars(
        select(RegradeAttempt).where(
            RegradeAttempt.run_id == run_id, RegradeAttempt.attempt_id.in_(ids)
        )
    ).all()


def _find_left(session: Session, run_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of some locked attempts another worker has not released meanwhile."""
    return set(
        session.scalars(
            select(RegradeAttempt.attempt_id).where(
                RegradeAttempt.run_id == run_id,
                RegradeAttempt.attempt_id.in_(ids),
                RegradeAttempt.state.in_(TO_RELEASE),
            )
        )
    )


def _is_as_shown(one: Counted, row: RegradeAttempt) -> bool:
    return not one.reason and (
        one.sheet.base.score_id,
        one.points,
        one.max_points,
        one.grade.label[:100],
        one.grade.passed,
        one.complete,
    ) == (
        row.base_score_id,
        row.new_points,
        row.new_max_points,
        row.new_grade,
        row.new_passed,
        row.new_complete,
    )


def _find_current(session: Session, as_shown: Mapping[UUID, Counted]) -> list[Counted]:
    """Return those of some locked attempts that still are as they were read."""
    ids = list(as_shown)
    revisions = read_revisions(session, ids)
    bases = {sheet.base.attempt_id: sheet.base for sheet in read_sheets(session, ids, only=[])}
    return [
        one
        for attempt_id, one in as_shown.items()
        if bases[attempt_id].score_id == one.sheet.base.score_id
        and is_finished(bases[attempt_id])
        and revisions[attempt_id] == one.sheet.revisions
    ]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A score version that is not written yet, with the rows of its items."""

    score: ScoreRecord
    rows: Sequence[tuple[Any, ...]]


def _draft(one: Counted, plan: Plan) -> _Draft:
    score = make_score(one, _reason(plan))
    return _Draft(score, list_item_rows(one, score.id))


def _reason(plan: Plan) -> str:
    return (plan.run.reason or "regrade")[:500]


def _add_scores(
    session: Session, plan: Plan, attempts: Mapping[UUID, Attempt], drafts: Sequence[_Draft]
) -> dict[UUID, ScoreRecord]:
    """Write a score version for each attempt, with its event."""
    now = database_now(session)
    scores = {draft.score.attempt_id: draft.score for draft in drafts}
    for score in scores.values():
        score.created_at = now
    session.add_all(scores.values())
    session.flush()
    insert_rows(
        session,
        ItemScoreRecord.__table__,  # type: ignore[arg-type]
        ITEM_COLUMNS,
        (row for draft in drafts for row in draft.rows),
    )
    emit_all(
        session,
        [
            AttemptScored(
                subject=f"attempt:{attempt_id}",
                user_id=attempts[attempt_id].user_id,
                exam_id=plan.run.exam_id,
                attempt_id=str(attempt_id),
                version=score.version,
                points=write_decimal(score.points),
                max_points=write_decimal(score.max_points),
                complete=score.complete,
                reason=_reason(plan),
            )
            for attempt_id, score in scores.items()
        ],
    )
    return scores


def make_score(one: Counted, reason: str, **times: Any) -> ScoreRecord:
    """Return the score version that a counted attempt gets."""
    assert one.counting is not None  # noqa: S101 - only counted attempts come here
    return ScoreRecord(
        id=uuid4(),
        attempt_id=one.sheet.base.attempt_id,
        version=(one.sheet.base.version or 0) + 1,
        points=one.points,
        max_points=one.max_points,
        complete=one.complete,
        grade_label=one.grade.label[:100],
        passed=one.grade.passed,
        reason=reason,
        scorer_key=one.counting.scorer.key,
        scorer_version=one.counting.scorer.version,
        config_digest=one.counting.config_digest,
        digest=one.digest(),
        **times,
    )


ITEM_COLUMNS = (
    "id",
    "score_id",
    "item_id",
    "response_revision",
    "fraction",
    "points",
    "max_points",
    "state",
    "needs_manual",
    "feedback",
    "parts",
    "plugin_key",
    "plugin_version",
    "config_digest",
    "marked_by",
    "comment",
    "certainty",
)


def list_item_rows(one: Counted, score_id: UUID) -> list[tuple[Any, ...]]:
    """Return the rows of its items, with the values of ITEM_COLUMNS."""
    return [
        (new_id(), score_id, row.item_id, row.revision or 0, *cell.columns)
        for row, cell in zip(one.sheet.rows, one.cells, strict=True)
    ]


def _settle(
    session: Session,
    platform: Platform,
    plan: Plan,
    attempts: Mapping[UUID, Attempt],
    scores: Mapping[UUID, ScoreRecord],
) -> None:
    """Bring the grading machines where the scores belong, and release what was released before."""
    had = _last_outcomes(session, list(scores))
    released = []
    for attempt_id, score in scores.items():
        attempt = attempts[attempt_id]
        settings = plan.scoring[attempt.exam_version_id]
        automatic = settings["release"] == "automatic" and attempt.state == AttemptState.SUBMITTED
        if score.complete and (automatic or attempt_id in had):
            released.append((attempt, score, had.get(attempt_id, 0) + 1))
    add_outcomes(session, platform, released, SYSTEM.actor)
    out = {attempt.id for attempt, _, _ in released}
    moves: dict[tuple[GradingState, ...], list[Attempt]] = {}
    for attempt_id, score in scores.items():
        attempt = attempts[attempt_id]
        steps = list_grading_steps(
            attempt.grading_state, complete=score.complete, released=attempt_id in out
        )
        moves.setdefault(tuple(steps), []).append(attempt)
    for path, group in moves.items():
        for step in path:
            move_all(session, group, Machine.GRADING, step, SYSTEM.actor, "regrade")
        if path:
            _tell(session, platform, group)


def _tell(session: Session, platform: Platform, attempts: Sequence[Attempt]) -> None:
    """Tell who looks on of the new states, once they are there for everybody."""
    news = [
        (attempt.id, {"state": attempt.state, "grading_state": attempt.grading_state})
        for attempt in attempts
    ]

    def publish() -> None:
        for attempt_id, states in news:
            platform.live.publish(f"attempt:{attempt_id}", "state", states)

    after_commit(session, publish)


def _last_outcomes(session: Session, attempt_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the number of the last outcome of those attempts that have any."""
    rows = session.execute(
        select(Outcome.attempt_id, func.max(Outcome.number))
        .where(Outcome.attempt_id.in_(attempt_ids))
        .group_by(Outcome.attempt_id)
    )
    return {row[0]: row[1] for row in rows}


def _keep_editions(session: Session, plan: Plan, counted: Sequence[Counted]) -> None:
    """Keep the new keys and the new scorer with the attempts: later scoring goes by them."""
    secrets: dict[str, tuple[Any, list[str]]] = {}
    for one in counted:
        if one.reason:
            continue
        for row, edition in zip(one.sheet.rows, one.editions, strict=True):
            if edition.secret is not None:
                secret = edition.variant.secret
                secrets.setdefault(edition.secret, (secret, []))[1].append(row.item_id)
    for secret, item_ids in secrets.values():
        session.execute(
            update(AttemptItem)
            .where(is_among(session, AttemptItem.id, item_ids))
            .values(secret=dict(secret))
            .execution_options(synchronize_session=False)
        )
    ids = [one.sheet.base.attempt_id for one in counted if not one.reason]
    if plan.run.scoring is not None and ids:
        session.execute(
            update(Attempt)
            .where(Attempt.id.in_(ids))
            .values(scoring=plan.run.scoring)
            .execution_options(synchronize_session=False)
        )


def _note(
    session: Session,
    run_id: UUID,
    left: Collection[UUID],
    kept: Mapping[UUID, Counted],
    scores: Mapping[UUID, ScoreRecord],
) -> None:
    """Write down what became of each attempt of a batch."""
    values = []
    for attempt_id in sorted(left):
        state, reason, score_id = "stale", STALE, None
        if attempt_id in scores:
            state, reason, score_id = "released", "", scores[attempt_id].id
        elif attempt_id in kept:
            state, reason = "kept", ""
            if kept[attempt_id].reason:
                state, reason = "stale", kept[attempt_id].reason[:500]
        values.append(
            {"b_id": attempt_id, "b_state": state, "b_reason": reason, "b_score": score_id}
        )
    if not values:
        return
    table = RegradeAttempt.__table__
    session.connection().execute(
        update(table)  # type: ignore[arg-type]
        .where(table.c.run_id == run_id, table.c.attempt_id == bindparam("b_id"))
        .values(
            state=bindparam("b_state"), reason=bindparam("b_reason"), score_id=bindparam("b_score")
        ),
        values,
    )


def _finish(platform: Platform, run_id: UUID) -> None:
    """End the run when nothing is left in any slice."""
    with platform.db.transaction() as session:
        run = lock_run(session, run_id)
        if run is None or run.state != "releasing" or count_left(session, run_id, TO_RELEASE):
            return
        run.state = "released"
        run.progressed_at = database_now(session)
        released = count_left(session, run_id, ["released"])
        record(session, SYSTEM, "regrade.finished", "regrade", run_id, released=released)
