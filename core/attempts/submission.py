"""Handing in: by the candidate or at the deadline, once, with a receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, Receipt
from examhall.core.attempts.queries import find_receipt, get_own_attempt, lock_attempt
from examhall.core.attempts.receipts import issue_receipt
from examhall.core.attempts.states import AttemptState, Machine, ask_plugins, move
from examhall.core.attempts.timing import is_over, publish_clock
from examhall.core.db import after_commit, database_now
from examhall.core.errors import LeaseLostError
from examhall.core.permissions import Principal
from examhall.core.proctoring.operations import close_session

if TYPE_CHECKING:
    from examhall.core.platform import Platform

FINISHED = frozenset({AttemptState.SUBMITTED, AttemptState.TERMINATED, AttemptState.VOIDED})


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
            if attempt.lease_id != lease_id:
                raise LeaseLostError("The attempt was taken over in another window.")
            if is_over(attempt, database_now(session)):
                submit_at_deadline(platform, session, attempt)
            else:
                finish(platform, session, attempt, "candidate", principal.actor)
        receipt = find_receipt(session, attempt_id)
        return receipt or issue_receipt(session, attempt)


def submit_at_deadline(platform: Platform, session: Session, attempt: Attempt) -> None:
    """Submit a locked attempt whose time is over; no plugin can object."""
    move(session, attempt, Machine.ATTEMPT, AttemptState.DRAINING, "system", "The time is over.")
    finish(platform, session, attempt, "deadline", "system", "The time is over.")


def finish(
    platform: Platform,
    session: Session,
    attempt: Attempt,
    by: str,
    actor: str,
    reason: str = "",
    *,
    target: AttemptState = AttemptState.SUBMITTED,
) -> None:
    """End a locked attempt: state, receipt, end of watching, and scoring once it is committed."""
    attempt.submitted_at = database_now(session)
    attempt.submitted_by = by
    attempt.paused_at = None
    move(session, attempt, Machine.ATTEMPT, target, actor, reason)
    issue_receipt(session, attempt)
    close_session(session, platform, attempt.id)
    publish_clock(session, platform.live, attempt)
    after_commit(session, lambda: platform.queue.enqueue("score_attempt", str(attempt.id)))
