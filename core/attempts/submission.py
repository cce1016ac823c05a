"""Handing in: by the candidate or at the deadline, once, with a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, Receipt
from examhall.core.attempts.queries import find_receipt, get_own_attempt, lock_attempt
from examhall.core.attempts.receipts import issue_receipt, issue_receipts
from examhall.core.attempts.states import RUNNING, AttemptState, Machine, ask_plugins, move_all
from examhall.core.attempts.timing import is_over, tell_clock
from examhall.core.db import after_commit, database_now
from examhall.core.errors import ClosedError, LeaseLostError
from examhall.core.permissions import Principal
from examhall.core.proctoring.operations import close_session, find_watched

if TYPE_CHECKING:
    from examhall.core.platform import Platform

FINISHED = frozenset({AttemptState.SUBMITTED, AttemptState.TERMINATED, AttemptState.VOIDED})

TIME_OVER = "The time is over."


def submit_attempt(
    platform: Platform, principal: Principal, attempt_id: UUID, lease_id: str
) -> Receipt:
    """Hand in one's own attempt and return the receipt, the same one however often it is asked.

    After the deadline it counts as submitted by the deadline, so that responses that still wait on
    the device are taken. Raises LeaseLostError when another window has taken the attempt over.
    """
    with platform.db.reading() as session:
        attempt = get_own_attempt(session, principal, attempt_id)
        finished, over = attempt.state in FINISHED, is_over(attempt, database_now(session))
    if not finished and not over:
        ask_plugins(platform.plugins, attempt, AttemptState.SUBMITTED, principal.actor)
    with platform.db.transaction() as session:
        attempt = lock_attempt(session, attempt_id)
        if attempt.state not in FINISHED:
            if attempt.state not in RUNNING | {AttemptState.REOPENED}:
                raise ClosedError("The attempt is not running.", state=attempt.state)
            if attempt.lease_id != lease_id:
                raise LeaseLostError("The attempt was taken over in another window.")
            if is_over(attempt, database_now(session)):
                submit_at_deadline(platform, session, [attempt])
            else:
                finish_all(platform, session, [attempt], "candidate", principal.actor)
        receipt = find_receipt(session, attempt_id)
        return receipt or issue_receipt(session, attempt)


def submit_at_deadline(platform: Platform, session: Session, attempts: Sequence[Attempt]) -> None:
    """Submit locked attempts whose time is over; no plugin can object."""
    still = [attempt for attempt in attempts if attempt.state != AttemptState.DRAINING]
    move_all(session, still, Machine.ATTEMPT, AttemptState.DRAINING, "system", TIME_OVER)
    finish_all(platform, session, attempts, "deadline", "system", TIME_OVER)


def finish_all(
    platform: Platform,
    session: Session,
    attempts: Sequence[Attempt],
    by: str,
    actor: str,
    reason: str = "",
    *,
    target: AttemptState = AttemptState.SUBMITTED,
) -> None:
    """End locked attempts: state, receipt, end of watching, and scoring once it is committed."""
    now = database_now(session)
    for attempt in attempts:
        attempt.submitted_at = now
        attempt.submitted_by = by
        attempt.paused_at = None
    move_all(session, attempts, Machine.ATTEMPT, target, actor, reason)
    issue_receipts(session, attempts)
    for attempt_id in find_watched(session, [attempt.id for attempt in attempts]):
        close_session(session, platform, attempt_id)
    for attempt in attempts:
        tell_clock(session, platform.live, attempt, now)
        _score_later(platform, session, attempt.id)


def _score_later(platform: Platform, session: Session, attempt_id: UUID) -> None:
    after_commit(session, lambda: platform.queue.enqueue("score_attempt", str(attempt_id)))
