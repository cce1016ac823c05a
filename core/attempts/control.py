"""What a proctor can do with a running attempt: pause, resume, give time, end it.

Every act needs the permission `attempts.control` and a reason, goes into the audit record, and is
told to the candidate at once.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.attempts.events import AttemptTimeGranted
from examhall.core.attempts.models import Attempt
from examhall.core.attempts.queries import get_controlled_attempt, lock_attempt
from examhall.core.attempts.states import RUNNING, AttemptState, Machine, ask_plugins, move
from examhall.core.attempts.submission import finish_all
from examhall.core.attempts.timing import (
    add_entry,
    is_over,
    publish_clock,
    set_deadline,
    to_seconds,
)
from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import ClosedError, ConflictError, InvalidError
from examhall.core.events.operations import emit
from examhall.core.permissions import Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

MAX_GRANT_SECONDS = 86400
REASON_LENGTH = 500

Act = Callable[[Session, Attempt], None]


def pause_attempt(
    platform: Platform, principal: Principal, attempt_id: UUID, reason: str
) -> Attempt:
    """Stop the clock; only the hard close can end a paused attempt."""

    def act(session: Session, attempt: Attempt) -> None:
        _refuse_if_over(session, attempt)
        move(session, attempt, Machine.ATTEMPT, AttemptState.PAUSED, principal.actor, reason)
        attempt.paused_at = database_now(session)
        set_deadline(session, attempt)

    return _control(platform, principal, attempt_id, AttemptState.PAUSED, reason, act)


def resume_attempt(
    platform: Platform, principal: Principal, attempt_id: UUID, reason: str
) -> Attempt:
    """Let the clock run again; the ledger gets exactly the length of the pause."""

    def act(session: Session, attempt: Attempt) -> None:
        _refuse_if_over(session, attempt)
        if attempt.state != AttemptState.PAUSED or attempt.paused_at is None:
            raise ConflictError("The attempt is not paused.", state=attempt.state)
        length = to_seconds(database_now(session) - attempt.paused_at)
        move(session, attempt, Machine.ATTEMPT, AttemptState.IN_PROGRESS, principal.actor, reason)
        attempt.paused_at = None
        # A clock that was set back must not take time away.
        add_entry(session, attempt, "pause", max(length, Decimal(0)), principal.actor, reason)
        set_deadline(session, attempt)

    return _control(platform, principal, attempt_id, AttemptState.IN_PROGRESS, reason, act)


def grant_time(
    platform: Platform, principal: Principal, attempt_id: UUID, seconds: Decimal, reason: str
) -> Attempt:
    """Give a running or paused attempt more seconds; the hard close still holds.

    Takes 0.001 to 86400 seconds, and never takes any away.
    """
    if not seconds.is_finite() or not Decimal("0.001") <= seconds <= MAX_GRANT_SECONDS:
        raise InvalidError(
            f"Give between 0.001 and {MAX_GRANT_SECONDS} seconds.", seconds="Out of range."
        )

    def act(session: Session, attempt: Attempt) -> None:
        if attempt.state not in RUNNING:
            raise ClosedError("The attempt is not running.", state=attempt.state)
        add_entry(session, attempt, "grant", seconds, principal.actor, reason)
        set_deadline(session, attempt)
        emit(
            session,
            AttemptTimeGranted(
                subject=f"attempt:{attempt.id}",
                user_id=attempt.user_id,
                exam_id=attempt.exam_id,
                attempt_id=str(attempt.id),
                number=attempt.number,
                seconds=str(seconds),
                actor=principal.actor,
                reason=reason,
            ),
        )

    details = {"seconds": str(seconds)}
    return _control(platform, principal, attempt_id, None, reason, act, details)


def terminate_attempt(
    platform: Platform, principal: Principal, attempt_id: UUID, reason: str
) -> Attempt:
    """End a running attempt; what was saved stays, and a person decides what it is worth."""

    def act(session: Session, attempt: Attempt) -> None:
        finish_all(
            platform,
            session,
            [attempt],
            "proctor",
            principal.actor,
            reason,
            target=AttemptState.TERMINATED,
        )

    return _control(platform, principal, attempt_id, AttemptState.TERMINATED, reason, act)


def _control(
    platform: Platform,
    principal: Principal,
    attempt_id: UUID,
    target: AttemptState | None,
    reason: str,
    act: Act,
    details: dict[str, str] | None = None,
) -> Attempt:
    """Check, act on the locked attempt, write it down and tell the candidate."""
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise InvalidError(
            f"Give a reason of 1 to {REASON_LENGTH} characters.", reason="Missing or too long."
        )
    with platform.db.reading() as session:
        attempt = get_controlled_attempt(session, principal, attempt_id)
    if target is not None:
        ask_plugins(platform.plugins, attempt, target, principal.actor, reason)
    with platform.db.transaction() as session:
        attempt = lock_attempt(session, attempt_id)
        before = attempt.state
        act(session, attempt)
        action = str(target) if target else "time_granted"
        record(
            session,
            principal,
            f"attempt.{action}",
            "attempt",
            attempt_id,
            reason=reason,
            before=before,
            **(details or {}),
        )
        publish_clock(session, platform.live, attempt)
        return attempt


def _refuse_if_over(session: Session, attempt: Attempt) -> None:
    """The time cannot be stopped or go on once it is over: the sweep is about to submit."""
    if is_over(attempt, database_now(session)):
        raise ClosedError("The time of the attempt is over.", state=attempt.state)
