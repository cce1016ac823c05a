"""Checking an answer while the attempt runs, and beginning the next try.

A check saves the response first, so that nothing is lost whatever happens then. The question type
is asked between transactions; where somebody was faster meanwhile, it is all done again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.certainty import read_certainty, without_certainty
from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRevision
from examhall.core.attempts.modes.behaviours import advance
from examhall.core.attempts.modes.course import NEARLY_ONE, Course, ItemState, Step
from examhall.core.attempts.queries import get_own_attempt, lock_attempt
from examhall.core.attempts.responses import SaveOperation, SaveResult
from examhall.core.attempts.states import AttemptState
from examhall.core.attempts.timing import is_over as time_is_over
from examhall.core.contracts.question_type import Hint, ScoreState, Variant
from examhall.core.db import database_now
from examhall.core.decimals import round_fraction
from examhall.core.errors import ClosedError, ConflictError, LeaseLostError, NotFoundError
from examhall.core.exams.models import ExamVersion
from examhall.core.html import clean_html
from examhall.core.permissions import Principal
from examhall.core.tries.models import ItemStep
from examhall.core.tries.progress import (
    Progress,
    awaits_try_again,
    describe_progress,
    is_over,
)
from examhall.core.tries.queries import NO_TRIES, StoredTries, read_tries
from examhall.core.tries.replay import Judge, Judged, Try, make_action, replay
from examhall.core.tries.treatment import ItemRules, Treatment, find_rules

if TYPE_CHECKING:
    from examhall.core.platform import Platform

MAX_STEPS = 200
"""Of an item: a script that tries everything comes to an end."""
ROUNDS = 8

NOT_NOW = "The exam is not running now. Your answer is saved."
NO_CHECKS = "This question is not checked while the exam runs."
INCOMPLETE = "Answer every part of the question before you check it."
UNSURE = "Say how sure you are before you check your answer."


@dataclass(frozen=True, slots=True)
class _Desk:
    """An item with all that a check needs, as it was read."""

    attempt: Attempt
    item: AttemptItem
    treatment: Treatment
    stored: StoredTries

    @property
    def steps(self) -> Sequence[ItemStep]:
        return self.stored.steps

    def find(self, operation_id: UUID) -> int | None:
        """Return the place of the step that an operation made."""
        places = (n for n, step in enumerate(self.steps) if step.operation_id == operation_id)
        return next(places, None)


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a check: the save, and what the candidate may know now."""

    saved: SaveResult
    progress: Progress


def check_item(platform: Platform, principal: Principal, operation: SaveOperation) -> Checked:
    """Save a response and score it, as far as the exam's feedback mode allows.

    The same operation again gets the same answer. Raises ConflictError where there is nothing to
    check (any more), ClosedError while the clock does not run, what saving raises, and PluginError
    when the question type fails: the response is saved then.
    """
    desk = _read(platform, principal, operation.attempt_id, operation.item_id)
    if desk.find(operation.operation_id) is None:
        _require_open(platform, desk)
    saved = _save(platform, operation)
    for _ in range(ROUNDS):
        desk = _read(platform, principal, operation.attempt_id, operation.item_id)
        place = desk.find(operation.operation_id)
        if place is not None:
            return Checked(saved, _progress(platform, desk, desk.steps[: place + 1]))
        _require_open(platform, desk)
        step = _check(platform, desk, operation)
        if step is None:
            return Checked(saved, _progress(platform, desk, desk.steps))
        if _store(platform, desk, step):
            return Checked(saved, _progress(platform, desk, [*desk.steps, step]))
    raise ConflictError("The question is being checked in several places; try again.")


def begin_next_try(
    platform: Platform,
    principal: Principal,
    attempt_id: UUID,
    item_id: UUID,
    operation_id: UUID,
    lease_id: str,
) -> Progress:
    """Begin the next try of an item whose last one failed; again with the same answer.

    Raises ConflictError where no try waits to be asked for, LeaseLostError in another window.
    """
    for _ in range(ROUNDS):
        desk = _read(platform, principal, attempt_id, item_id)
        place = desk.find(operation_id)
        if place is not None:
            return _progress(platform, desk, desk.steps[: place + 1])
        if desk.attempt.lease_id != lease_id:
            raise LeaseLostError("The attempt was taken over in another window.")
        if not desk.steps or not awaits_try_again(desk.treatment, desk.steps[-1]):
            raise ConflictError("There is no next try to begin.")
        last = desk.steps[-1]
        step = ItemStep(
            attempt_id=attempt_id,
            item_id=item_id,
            number=len(desk.steps) + 1,
            operation_id=operation_id,
            kind="try_again",
            state=str(ItemState.OPEN),
            tries_left=last.tries_left,
            response_revision=last.response_revision,
            penalty=last.penalty,
            kept=last.kept,
        )
        if _store(platform, desk, step):
            return _progress(platform, desk, [*desk.steps, step])
    raise ConflictError("The question is being checked in several places; try again.")


def _read(platform: Platform, principal: Principal, attempt_id: UUID, item_id: UUID) -> _Desk:
    with platform.db.reading() as session:
        attempt = get_own_attempt(session, principal, attempt_id)
        item = session.get(AttemptItem, item_id)
        if item is None or item.attempt_id != attempt.id:
            raise NotFoundError("The attempt has no such item.")
        version = session.get_one(ExamVersion, attempt.exam_version_id)
        treatment = Treatment.of(version.content["settings"]["scoring"])
        stored = read_tries(session, attempt).get(item_id, NO_TRIES)
        return _Desk(attempt, item, treatment, stored)


def _require_open(platform: Platform, desk: _Desk) -> None:
    """Raise where there is nothing to check."""
    if not _progress(platform, desk, ()).can_check:
        raise ConflictError(NO_CHECKS)
    last = desk.steps[-1] if desk.steps else None
    if last is not None and is_over(last):
        raise ConflictError("This question is done: its answer counts as it is.")
    if last is not None and awaits_try_again(desk.treatment, last):
        raise ConflictError("Begin the next try first.")
    if len(desk.steps) >= MAX_STEPS:
        raise ConflictError(f"A question can be checked {MAX_STEPS} times at most.")


def _save(platform: Platform, operation: SaveOperation) -> SaveResult:
    saved = platform.saves.save([operation])[0]
    if saved.error is not None:
        raise saved.error
    if saved.state == "quarantined":
        raise ClosedError("The time is over: the answer is kept and was not checked.")
    return saved


def _find_revision(session: Session, operation: SaveOperation) -> int:
    """Return the revision that an operation made; a newer answer makes a check stale."""
    revision = session.scalar(
        select(ResponseRevision.revision).where(
            ResponseRevision.attempt_id == operation.attempt_id,
            ResponseRevision.operation_id == operation.operation_id,
        )
    )
    if revision is None:
        raise ConflictError("A newer answer was saved meanwhile: check that one.")
    return revision


def _check(platform: Platform, desk: _Desk, operation: SaveOperation) -> ItemStep | None:
    """Return the step that a check makes, None where it changes nothing."""
    with platform.db.reading() as session:
        revision = _find_revision(session, operation)
    item, registry = desk.item, platform.plugins
    plugin = registry.question_type(item.type)
    judge = Judge(registry, plugin, Variant(item.public, item.secret))
    rules = find_rules(registry, plugin, desk.treatment, desk.stored.content)
    before = replay(judge, Course.begin(rules.rules), desk.stored.tries)
    after = advance(before, make_action(judge, Try(revision, operation.raw)))
    judged = judge.judge(operation.raw)
    if judged.score.needs_manual:
        raise ConflictError("A person marks this question. Your answer is saved.")
    if after is before:
        return None
    step = _make_step(desk, operation, revision, after.last, rules)
    _tell(desk.treatment, step, after, judged, operation.raw)
    if after.awaits_try_again:
        _add_hint(judge, step, judged, rules.hint_after(after.last.try_number), operation.raw)
    return step


def _make_step(
    desk: _Desk, operation: SaveOperation, revision: int, last: Step, rules: ItemRules
) -> ItemStep:
    raw, worth = last.raw_fraction, last.fraction
    return ItemStep(
        attempt_id=operation.attempt_id,
        item_id=operation.item_id,
        number=len(desk.steps) + 1,
        operation_id=operation.operation_id,
        kind="check",
        state=str(last.state),
        try_number=last.try_number,
        tries_left=last.tries_left,
        response_revision=revision,
        raw_fraction=None if raw is None else round_fraction(raw),
        fraction=None if worth is None else round_fraction(worth),
        penalty=rules.rules.penalty,
        certainty=read_certainty(operation.raw) if desk.treatment.asks_certainty else None,
    )


def _tell(
    treatment: Treatment, step: ItemStep, course: Course, judged: Judged, raw: Mapping[str, Any]
) -> None:
    """Add what the candidate learns: feedback only once a right answer cannot be drawn from it."""
    if course.last.state is ItemState.INVALID:
        step.verdict = str(ScoreState.INVALID)
        step.feedback = f"<p>{escape(_complaint(treatment, judged, raw))}</p>"
        return
    step.verdict = str(judged.score.state)
    if is_over(step) or judged.score.state is ScoreState.RIGHT:
        step.feedback = clean_html(judged.score.feedback)


def _complaint(treatment: Treatment, judged: Judged, raw: Mapping[str, Any]) -> str:
    if judged.score.state is ScoreState.INVALID:
        return judged.score.feedback or INCOMPLETE
    unsure = treatment.asks_certainty and read_certainty(raw) is None
    return UNSURE if unsure and judged.answer.is_complete else INCOMPLETE


def _add_hint(
    judge: Judge, step: ItemStep, judged: Judged, hint: Hint | None, raw: Mapping[str, Any]
) -> None:
    if hint is None:
        return
    step.hint = clean_html(hint.text)
    parts = judged.score.parts
    if hint.show_count and parts:
        right = sum(part.fraction >= NEARLY_ONE for part in parts)
        step.hint += f"<p>{right} of {len(parts)} parts are right.</p>"
    if hint.clear_wrong:
        plain = without_certainty(raw)
        call = judge.registry.call
        step.kept = dict(call(judge.plugin, "keep_right", judge.variant, plain, expect=Mapping))


def _store(platform: Platform, desk: _Desk, step: ItemStep) -> bool:
    """Write a step, unless somebody else was faster; raises ClosedError when time is over."""
    with platform.db.transaction() as session:
        attempt = lock_attempt(session, desk.attempt.id)
        now = database_now(session)
        if attempt.state != AttemptState.IN_PROGRESS or time_is_over(attempt, now):
            raise ClosedError(NOT_NOW, state=attempt.state)
        newest = session.scalar(
            select(ItemStep.number)
            .where(ItemStep.item_id == desk.item.id)
            .order_by(ItemStep.number.desc())
            .limit(1)
        )
        if (newest or 0) != len(desk.steps):
            return False
        step.created_at = now
        session.add(step)
        session.flush()
        return True


def _progress(platform: Platform, desk: _Desk, steps: Sequence[ItemStep]) -> Progress:
    return describe_progress(
        platform.plugins, desk.treatment, desk.item, desk.stored.content, steps
    )
