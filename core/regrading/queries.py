"""Questions about regrades: how far one is, what it changes, what was forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt, AttemptItem
from examhall.core.db import database_now
from examhall.core.exams.models import (
    ExamVersionItem,
    Question,
    QuestionVersion,
    Registration,
)
from examhall.core.exams.queries import get_exam
from examhall.core.paging import Page, get_page
from examhall.core.permissions import Permission, Principal
from examhall.core.regrading.models import RegradeAttempt, RegradeItem, RegradeRun
from examhall.core.regrading.operations import COUNT_JOB, RELEASE_JOB, get_run

FORGOTTEN_AFTER = timedelta(seconds=10)
SHOWN = ("changed", "released", "refused", "stale")
_WAITING = {"counting": ("waiting",), "releasing": ("same", "changed")}
_JOBS = {"counting": COUNT_JOB, "releasing": RELEASE_JOB}


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How far a run is and what it does: numbers of attempts.

    `done` of `total` are counted, or released in a run that is being released. `changed` have or
    get a new score version; `to_passed` and `to_failed` of these cross the pass mark.
    """

    run: RegradeRun
    total: int
    done: int
    changed: int
    unchanged: int
    refused: int
    stale: int
    higher: int
    lower: int
    to_passed: int
    to_failed: int

    @property
    def percent(self) -> int:
        """How much of the work is done, in whole percent."""
        return 100 * self.done // self.total if self.total else 100

    @property
    def is_working(self) -> bool:
        """Whether jobs work on it."""
        return self.run.state in _WAITING


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item whose result changes; points are None while a person still has to mark it."""

    position: int
    old_points: Decimal | None
    new_points: Decimal | None
    old_fraction: Decimal | None
    new_fraction: Decimal | None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What a run does to one attempt."""

    attempt: RegradeAttempt
    login: str
    name: str
    candidate_number: str
    items: Sequence[ItemChange] = ()

    @property
    def flip(self) -> str:
        """`passed` or `failed` where the candidate crosses the pass mark, else nothing."""
        old, new = self.attempt.old_passed, self.attempt.new_passed
        if old is None or new is None or old == new:
            return ""
        return "passed" if new else "failed"


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """How many responses to a question earn more, less, or are otherwise changed."""

    position: int
    title: str
    higher: int
    lower: int
    other: int


def get_summary(session: Session, principal: Principal, run_id: UUID) -> RunSummary:
    """Return how far a run is and what it does; needs `scores.read` for the exam."""
    return _summarise(session, get_run(session, principal, run_id))


def list_runs(session: Session, principal: Principal, exam_id: UUID) -> Sequence[RunSummary]:
    """Return an exam's regrades, the newest first; needs `scores.read` for it."""
    get_exam(session, principal, exam_id, Permission.SCORES_READ)
    runs = session.scalars(
        select(RegradeRun)
        .where(RegradeRun.exam_id == exam_id)
        .order_by(RegradeRun.created_at.desc())
        .limit(50)
    )
    return [_summarise(session, run) for run in runs.all()]


def list_changes(
    session: Session,
    principal: Principal,
    run_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ChangeRow]:
    """Return the attempts that a run changes or cannot count, with the items that change."""
    get_run(session, principal, run_id)
    statement = select(RegradeAttempt).where(
        RegradeAttempt.run_id == run_id, RegradeAttempt.state.in_(SHOWN)
    )
    order = (RegradeAttempt.state, RegradeAttempt.attempt_id)
    page = get_page(session, statement, order, cursor=cursor, limit=limit)
    ids = [row.attempt_id for row in page.items]
    people = _read_people(session, Attempt.id.in_(ids))
    items = _read_items(session, run_id, ids)
    rows = [
        ChangeRow(row, *people[row.attempt_id], items.get(row.attempt_id, ())) for row in page.items
    ]
    return Page(rows, page.next_cursor)


def read_changes(session: Session, principal: Principal, run_id: UUID) -> Iterable[ChangeRow]:
    """Return what `list_changes` does, all of it and without the items, for a file."""
    get_run(session, principal, run_id)
    people = _read_people(
        session,
        Attempt.id.in_(select(RegradeAttempt.attempt_id).where(RegradeAttempt.run_id == run_id)),
    )
    rows = session.scalars(
        select(RegradeAttempt)
        .where(RegradeAttempt.run_id == run_id, RegradeAttempt.state.in_(SHOWN))
        .order_by(RegradeAttempt.state, RegradeAttempt.attempt_id)
    )
    return [ChangeRow(row, *people[row.attempt_id]) for row in rows]


def list_question_changes(
    session: Session, principal: Principal, run_id: UUID
) -> Sequence[QuestionChange]:
    """Return what a run does question by question, in the order of the exam."""
    get_run(session, principal, run_id)
    higher = _count(RegradeItem.new_points > RegradeItem.old_points)
    lower = _count(RegradeItem.new_points < RegradeItem.old_points)
    place = func.min(ExamVersionItem.position)
    rows = session.execute(
        select(place, Question.title, higher, lower, func.count())
        .select_from(RegradeItem)
        .join(AttemptItem, AttemptItem.id == RegradeItem.item_id)
        .join(ExamVersionItem, ExamVersionItem.id == AttemptItem.exam_version_item_id)
        .join(QuestionVersion, QuestionVersion.id == ExamVersionItem.question_version_id)
        .join(Question, Question.id == QuestionVersion.question_id)
        .where(RegradeItem.run_id == run_id)
        .group_by(Question.id, Question.title)
        .order_by(place)
    )
    return [
        QuestionChange(position, title, up, down, total - up - down)
        for position, title, up, down, total in rows
    ]


def find_forgotten_slices(session: Session) -> Iterable[tuple[UUID, int, str]]:
    """Return slices of runs that do not get ahead, with the job that would: for the sweep."""
    before = database_now(session) - FORGOTTEN_AFTER
    runs = session.scalars(
        select(RegradeRun).where(
            RegradeRun.state.in_(list(_WAITING)), RegradeRun.progressed_at < before
        )
    )
    for run in runs.all():
        left = session.scalars(
            select(RegradeAttempt.slice)
            .where(RegradeAttempt.run_id == run.id, RegradeAttempt.state.in_(_WAITING[run.state]))
            .distinct()
        ).all()
        # Nothing is left, but the end was not written: any slice does that.
        for number in left or [0]:
            yield run.id, number, _JOBS[run.state]


def _summarise(session: Session, run: RegradeRun) -> RunSummary:
    one = RegradeAttempt
    changes = one.state.in_(["changed", "released"])
    flips = (
        (changes, one.new_points > one.old_points),
        (changes, one.new_points < one.old_points),
        (changes, one.old_passed.is_(False), one.new_passed.is_(True)),
        (changes, one.old_passed.is_(True), one.new_passed.is_(False)),
    )
    rows = session.execute(
        select(one.state, func.count()).where(one.run_id == run.id).group_by(one.state)
    )
    states = {row[0]: row[1] for row in rows}
    higher, lower, to_passed, to_failed = session.execute(
        select(*(_count(and_(*conditions)) for conditions in flips)).where(one.run_id == run.id)
    ).one()
    total = sum(states.values())
    waiting = sum(states.get(state, 0) for state in _WAITING.get(run.state, ()))
    return RunSummary(
        run=run,
        total=total,
        done=total - waiting,
        changed=states.get("changed", 0) + states.get("released", 0),
        unchanged=states.get("same", 0) + states.get("kept", 0),
        refused=states.get("refused", 0),
        stale=states.get("stale", 0),
        higher=higher,
        lower=lower,
        to_passed=to_passed,
        to_failed=to_failed,
    )


def _count(condition: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _read_people(
    session: Session, condition: ColumnElement[bool]
) -> dict[UUID, tuple[str, str, str]]:
    rows = session.execute(
        select(Attempt.id, User.login, User.name, Registration.candidate_number)
        .join(User, User.id == Attempt.user_id)
        .join(Registration, Registration.id == Attempt.registration_id)
        .where(condition)
    )
    return {row.id: (row.login, row.name, row.candidate_number) for row in rows}


def _read_items(
    session: Session, run_id: UUID, attempt_ids: Sequence[UUID]
) -> dict[UUID, list[ItemChange]]:
    rows = session.execute(
        select(RegradeItem, AttemptItem.position)
        .join(AttemptItem, AttemptItem.id == RegradeItem.item_id)
        .where(RegradeItem.run_id == run_id, RegradeItem.attempt_id.in_(attempt_ids))
        .order_by(AttemptItem.position)
    )
    found: dict[UUID, list[ItemChange]] = {}
    for item, position in rows:
        change = ItemChange(
            position, item.old_points, item.new_points, item.old_fraction, item.new_fraction
        )
        found.setdefault(item.attempt_id, []).append(change)
    return found
