"""The sweep: submits attempts whose deadline has passed, with no client needed.

It runs every second in one worker; each attempt is locked and looked at again before it is touched,
so several sweeps at once, or one that was killed, do no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from examhall.core.attempts.queries import find_due_attempts, find_missed_attempts, lock_attempt
from examhall.core.attempts.states import NOT_STARTED, RUNNING, AttemptState, Machine, move
from examhall.core.attempts.submission import submit_at_deadline
from examhall.core.attempts.timing import is_over, publish_clock
from examhall.core.db import database_now
from examhall.core.proctoring.operations import close_session

if TYPE_CHECKING:
    from examhall.core.platform import Platform

log = logging.getLogger(__name__)

ROUND_LIMIT = 1000


def sweep_attempts(platform: Platform) -> int:
    """Submit all attempts that are over and expire those never begun; return how many it were.

    One attempt that cannot be submitted does not keep the others waiting.
    """
    with platform.db.reading() as session:
        now = database_now(session)
        due = find_due_attempts(session, now, ROUND_LIMIT)
        missed = find_missed_attempts(session, now, ROUND_LIMIT)
    return _each(platform, [*due, *missed])


def _each(platform: Platform, attempt_ids: Sequence[UUID]) -> int:
    done = 0
    for attempt_id in attempt_ids:
        try:
            done += _end(platform, attempt_id)
        except Exception:
            log.exception("attempt %s cannot be ended", attempt_id)
    return done


def _end(platform: Platform, attempt_id: UUID) -> bool:
    """End an attempt if it is still due; say whether it was."""
    with platform.db.transaction() as session:
        attempt = lock_attempt(session, attempt_id)
        if not is_over(attempt, database_now(session)):
            return False
        if attempt.state in RUNNING:
            submit_at_deadline(platform, session, attempt)
        elif attempt.state in NOT_STARTED:
            reason = "The exam closed before it was started."
            move(session, attempt, Machine.ATTEMPT, AttemptState.EXPIRED, "system", reason)
            close_session(session, platform, attempt.id)
            publish_clock(session, platform.live, attempt)
        else:
            return False
        return True
