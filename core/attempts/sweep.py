"""The sweep: submits attempts whose deadline has passed, with no client needed.

It runs every second in one worker; attempts are locked and looked at again before they are touched,
so several sweeps at once, or one that was killed, do no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.queries import find_due_attempts, find_missed_attempts, lock_attempts
from examhall.core.attempts.states import NOT_STARTED, RUNNING, AttemptState, Machine, move_all
from examhall.core.attempts.submission import submit_at_deadline
from examhall.core.attempts.timing import is_over, tell_clock
from examhall.core.db import database_now
from examhall.core.proctoring.operations import close_session, find_watched

if TYPE_CHECKING:
    from examhall.core.platform import Platform

log = logging.getLogger(__name__)

NEVER_STARTED = "The exam closed before it was started."
ROUND_LIMIT = 2000
GROUP = 50
"""Attempts in one transaction: a whole room has the same deadline."""


def sweep_attempts(platform: Platform) -> int:
    """Submit all attempts that are over and expire those never begun; return how many it were.

    One attempt that cannot be ended does not keep the others waiting.
    """
    with platform.db.reading() as session:
        now = database_now(session)
        due = find_due_attempts(session, now, ROUND_LIMIT)
        missed = find_missed_attempts(session, now, ROUND_LIMIT)
    found = [*due, *missed]
    groups = [found[start : start + GROUP] for start in range(0, len(found), GROUP)]
    return sum(_end_group(platform, group) for group in groups)


def _end_group(platform: Platform, attempt_ids: Sequence[UUID]) -> int:
    """End attempts together, or one by one when that fails."""
    try:
        return _end(platform, attempt_ids)
    except Exception:
        log.exception("attempts %s cannot be ended", ", ".join(map(str, attempt_ids)))
    if len(attempt_ids) == 1:
        return 0
    return sum(_end_group(platform, [attempt_id]) for attempt_id in attempt_ids)


def _end(platform: Platform, attempt_ids: Sequence[UUID]) -> int:
    """End those attempts that are still due; return how many it were."""
    with platform.db.transaction() as session:
        attempts = lock_attempts(session, attempt_ids)
        now = database_now(session)
        due = [one for one in attempts if is_over(one, now) and one.state in RUNNING]
        missed = [one for one in attempts if is_over(one, now) and one.state in NOT_STARTED]
        if due:
            submit_at_deadline(platform, session, due)
        if missed:
            _expire(platform, session, missed, now)
        return len(due) + len(missed)


def _expire(
    platform: Platform, session: Session, attempts: Sequence[Attempt], now: datetime
) -> None:
    move_all(session, attempts, Machine.ATTEMPT, AttemptState.EXPIRED, "system", NEVER_STARTED)
    for attempt_id in find_watched(session, [attempt.id for attempt in attempts]):
        close_session(session, platform, attempt_id)
    for attempt in attempts:
        tell_clock(session, platform.live, attempt, now)
