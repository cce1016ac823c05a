"""The first half of a regrade: count every attempt as it would be, and write down the difference.

The work is cut into slices, each a job of its own. A slice does a few hundred attempts at a time:
it reads, counts outside of any transaction, and writes. Doing a slice twice, or by two workers at
once, writes the same and nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from examhall.core.attempts.states import GradingState
from examhall.core.bulk import collecting_rarely, insert_rows
from examhall.core.db import database_now
from examhall.core.regrading.engine import Counted, Engine
from examhall.core.regrading.models import RegradeAttempt, RegradeItem, RegradeRun
from examhall.core.regrading.plan import read_plan
from examhall.core.regrading.sheets import BaseScore, add_tries, read_sheets
from examhall.core.scoring.operations import SCORABLE

if TYPE_CHECKING:
    from examhall.core.platform import Platform

BATCH = 250
"""How many attempts are read, counted and written together."""

WORK_SECONDS = 120.0
"""How long one job works on its slice before it makes way for others."""

NOT_FINISHED = "The attempt is not handed in and scored: regrade again when it is."


def count_slice(platform: Platform, run_id: UUID, number: int) -> bool:
    """Count what waits in a slice of a run; say whether nothing is left of it.

    Ends the counting of the run when this was the last. A run that is not being counted (any more)
    is left alone.
    """
    with platform.db.reading() as session:
        run = session.get(RegradeRun, run_id)
        if run is None or run.state != "counting":
            return True
        engine = Engine(platform, read_plan(session, run))
    end = time.monotonic() + WORK_SECONDS
    with collecting_rarely():
        while _count_batch(platform, engine, run_id, number):
            if time.monotonic() > end:
                return False
    _finish(platform, run_id)
    return True


def take_batch(
    session: Session, run_id: UUID, number: int, states: Sequence[str]
) -> Sequence[UUID]:
    """Return the next attempts of a slice that are in one of some states."""
    return session.scalars(
        select(RegradeAttempt.attempt_id)
        .where(
            RegradeAttempt.run_id == run_id,
            RegradeAttempt.slice == number,
            RegradeAttempt.state.in_(states),
        )
        .order_by(RegradeAttempt.attempt_id)
        .limit(BATCH)
    ).all()


def note_progress(session: Session, run_id: UUID) -> None:
    """Say that the run gets ahead: a sweep wakes up those that do not."""
    session.execute(
        update(RegradeRun)
        .where(RegradeRun.id == run_id)
        .values(progressed_at=database_now(session))
        .execution_options(synchronize_session=False)
    )


def lock_run(session: Session, run_id: UUID) -> RegradeRun | None:
    """Return a run that nobody else changes until the transaction ends."""
    return session.scalars(
        select(RegradeRun)
        .where(RegradeRun.id == run_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def count_left(session: Session, run_id: UUID, states: Sequence[str]) -> int:
    """Return how many attempts of a run are in one of some states."""
    statement = (
        select(func.count())
        .select_from(RegradeAttempt)
        .where(RegradeAttempt.run_id == run_id, RegradeAttempt.state.in_(states))
    )
    return session.scalar(statement) or 0


def _count_batch(platform: Platform, engine: Engine, run_id: UUID, number: int) -> bool:
    """Count some attempts; say whether there were any."""
    with platform.db.reading() as session:
        ids = take_batch(session, run_id, number, ["waiting"])
        sheets = read_sheets(session, ids) if ids else []
        add_tries(session, engine.find_checked(sheets))
    if not sheets:
        return False
    finished = [sheet for sheet in sheets if is_finished(sheet.base)]
    others = [Counted(sheet, NOT_FINISHED) for sheet in sheets if not is_finished(sheet.base)]
    counted = engine.count(finished) + others
    with platform.db.transaction() as session:
        if session.get_one(RegradeRun, run_id).state != "counting":
            return False
        _write(session, run_id, counted)
        note_progress(session, run_id)
    return True


def is_finished(base: BaseScore) -> bool:
    """Say whether an attempt was handed in and has a score."""
    return (
        base.state in SCORABLE
        and base.started_at is not None
        and base.score_id is not None
        and base.grading_state != GradingState.PENDING
    )


def _write(session: Session, run_id: UUID, counted: Sequence[Counted]) -> None:
    """Write down what was counted, of attempts that nobody else has written down meanwhile."""
    ids = [one.sheet.base.attempt_id for one in counted]
    waiting = set(
        session.scalars(
            select(RegradeAttempt.attempt_id)
            .where(
                RegradeAttempt.run_id == run_id,
                RegradeAttempt.attempt_id.in_(ids),
                RegradeAttempt.state == "waiting",
            )
            .order_by(RegradeAttempt.attempt_id)
            .with_for_update()
        )
    )
    new = [one for one in counted if one.sheet.base.attempt_id in waiting]
    if not new:
        return
    attempts = RegradeAttempt.__table__
    session.connection().execute(
        update(attempts)  # type: ignore[arg-type]
        .where(attempts.c.run_id == run_id, attempts.c.attempt_id == bindparam("b_attempt"))
        .values({name: bindparam(f"b_{name}") for name in _FIELDS}),
        [_attempt_values(one) for one in new],
    )
    rows = (values for one in new for values in _item_values(run_id, one))
    insert_rows(session, RegradeItem.__table__, _ITEM_FIELDS, rows)  # type: ignore[arg-type]


_FIELDS = (
    "state",
    "reason",
    "base_score_id",
    "old_points",
    "new_points",
    "old_max_points",
    "new_max_points",
    "old_grade",
    "new_grade",
    "old_passed",
    "new_passed",
    "new_complete",
)


def _attempt_values(one: Counted) -> dict[str, Any]:
    base = one.sheet.base
    state = "refused" if one.reason else "changed" if one.is_changed else "same"
    values = (
        state,
        one.reason[:500],
        base.score_id,
        base.points,
        None if one.reason else one.points,
        base.max_points,
        None if one.reason else one.max_points,
        base.grade_label or "",
        "" if one.reason else one.grade.label[:100],
        base.passed,
        None if one.reason else one.grade.passed,
        None if one.reason else one.complete,
    )
    named = {f"b_{name}": value for name, value in zip(_FIELDS, values, strict=True)}
    return {"b_attempt": base.attempt_id, **named}


_ITEM_FIELDS = (
    "run_id",
    "item_id",
    "attempt_id",
    "old_fraction",
    "new_fraction",
    "old_points",
    "new_points",
    "old_state",
    "new_state",
)


def _item_values(run_id: UUID, one: Counted) -> list[tuple[Any, ...]]:
    attempt_id = one.sheet.base.attempt_id
    return [
        (
            run_id,
            row.item_id,
            attempt_id,
            old.fraction,
            new.fraction,
            old.points,
            new.points,
            old.state or "",
            new.state,
        )
        for row, old, new in one.changes
    ]


def _finish(platform: Platform, run_id: UUID) -> None:
    """Make the run ready for a person when nothing waits in any slice."""
    with platform.db.transaction() as session:
        run = lock_run(session, run_id)
        if run is None or run.state != "counting" or count_left(session, run_id, ["waiting"]):
            return
        run.state = "ready"
        run.progressed_at = database_now(session)
