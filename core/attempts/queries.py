"""Reading attempts: who may see one, and the lists that others need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptTransition, Receipt, ResponseRevision
from examhall.core.attempts.states import RUNNING, AttemptState, GradingState
from examhall.core.errors import NotFoundError
from examhall.core.permissions import Permission, Principal


def get_attempt(session: Session, principal: Principal, attempt_id: UUID) -> Attempt:
    """Return an attempt to its candidate, or to whoever may read the exam's attempts."""
    if not principal.may_somewhere(Permission.ATTEMPTS_READ):
        return get_own_attempt(session, principal, attempt_id)
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or not (
        owns(principal, attempt) or principal.may(Permission.ATTEMPTS_READ, attempt.exam_id)
    ):
        raise NotFoundError("There is no such attempt.")
    return attempt


def get_own_attempt(session: Session, principal: Principal, attempt_id: UUID) -> Attempt:
    """Return an attempt to the candidate who sits it; to all others there is none."""
    if not principal.may_somewhere(Permission.ATTEMPTS_TAKE):
        principal.require(Permission.ATTEMPTS_TAKE)
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or not owns(principal, attempt):
        raise NotFoundError("There is no such attempt.")
    return attempt


def get_controlled_attempt(session: Session, principal: Principal, attempt_id: UUID) -> Attempt:
    """Return an attempt to whoever may control it."""
    if not principal.may_somewhere(Permission.ATTEMPTS_CONTROL):
        principal.require(Permission.ATTEMPTS_CONTROL)
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or not principal.may(Permission.ATTEMPTS_CONTROL, attempt.exam_id):
        raise NotFoundError("There is no such attempt.")
    return attempt


def owns(principal: Principal, attempt: Attempt) -> bool:
    """Say whether the principal is the attempt's candidate."""
    return attempt.user_id == principal.user_id and principal.may_somewhere(
        Permission.ATTEMPTS_TAKE
    )


def lock_attempt(session: Session, attempt_id: UUID) -> Attempt:
    """Return an attempt that nobody else changes until the transaction ends.

    The same lock that saving takes: a state changes either before or after a group of saves.
    """
    attempt = session.scalars(
        select(Attempt)
        .where(Attempt.id == attempt_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if attempt is None:
        raise NotFoundError("There is no such attempt.")
    return attempt


def lock_attempts(session: Session, attempt_ids: Sequence[UUID]) -> Sequence[Attempt]:
    """Return attempts as `lock_attempt` does, locked in the order in which saving locks them."""
    return session.scalars(
        select(Attempt)
        .where(Attempt.id.in_(attempt_ids))
        .order_by(Attempt.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()


def list_attempts(session: Session, registration_id: UUID) -> Sequence[Attempt]:
    """Return all attempts of a registration, the first one first."""
    return session.scalars(
        select(Attempt).where(Attempt.registration_id == registration_id).order_by(Attempt.number)
    ).all()


def list_transitions(
    session: Session, principal: Principal, attempt_id: UUID
) -> Sequence[AttemptTransition]:
    """Return an attempt's history of states, for whoever may read attempts of the exam."""
    attempt = get_attempt(session, principal, attempt_id)
    principal.require(Permission.ATTEMPTS_READ, attempt.exam_id)
    return session.scalars(
        select(AttemptTransition)
        .where(AttemptTransition.attempt_id == attempt_id)
        .order_by(AttemptTransition.id)
    ).all()


def list_uncounted_responses(
    session: Session, principal: Principal, attempt_id: UUID
) -> Sequence[ResponseRevision]:
    """Return what arrived and does not count by itself: a person has to look at it.

    Those are quarantined responses, and both sides of every conflict's loser: the revisions of
    kind `conflict` and `superseded`.
    """
    attempt = get_attempt(session, principal, attempt_id)
    principal.require(Permission.ATTEMPTS_READ, attempt.exam_id)
    return session.scalars(
        select(ResponseRevision)
        .where(ResponseRevision.attempt_id == attempt_id, ResponseRevision.kind != "saved")
        .order_by(ResponseRevision.id)
    ).all()


def find_due_attempts(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """Return running attempts whose deadline has passed, the longest overdue first."""
    return session.scalars(
        select(Attempt.id)
        .where(Attempt.state.in_(sorted(RUNNING)), Attempt.deadline_at <= now)
        .order_by(Attempt.deadline_at)
        .limit(limit)
    ).all()


def find_missed_attempts(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """Return attempts that were not started before the exam closed."""
    states = ("created", "checking_in", "awaiting_authorization", "authorized")
    return session.scalars(
        select(Attempt.id)
        .where(Attempt.state.in_(states), Attempt.deadline_at <= now)
        .order_by(Attempt.deadline_at)
        .limit(limit)
    ).all()


def find_unscored_attempts(session: Session, limit: int = 200) -> Sequence[UUID]:
    """Return attempts that were handed in and not scored yet: work that was forgotten."""
    return session.scalars(
        select(Attempt.id)
        .where(
            Attempt.state.in_([AttemptState.SUBMITTED, AttemptState.TERMINATED]),
            Attempt.started_at.is_not(None),
            Attempt.grading_state == GradingState.PENDING,
        )
        .order_by(Attempt.submitted_at)
        .limit(limit)
    ).all()


def get_receipt(session: Session, principal: Principal, attempt_id: UUID) -> Receipt:
    """Return the attempt's latest receipt."""
    attempt = get_attempt(session, principal, attempt_id)
    receipt = find_receipt(session, attempt.id)
    if receipt is None:
        raise NotFoundError("The attempt has not been handed in.")
    return receipt


def find_receipt(session: Session, attempt_id: UUID) -> Receipt | None:
    """Return the latest receipt of an attempt, None before it was handed in."""
    return session.scalars(
        select(Receipt)
        .where(Receipt.attempt_id == attempt_id)
        .order_by(Receipt.number.desc())
        .limit(1)
    ).first()
