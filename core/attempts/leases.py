"""The lease: the one window of the candidate that may write."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.queries import get_own_attempt, lock_attempt
from examhall.core.attempts.states import OPEN, AttemptState
from examhall.core.db import after_commit
from examhall.core.errors import ClosedError, InvalidError
from examhall.core.permissions import Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

ENDED = frozenset({AttemptState.SUBMITTED, AttemptState.TERMINATED})


def take_lease(
    platform: Platform, principal: Principal, attempt_id: UUID, lease_id: str
) -> Attempt:
    """Make this window the one that writes; the others are told and turn read-only.

    Also after the end: a device that comes back late still has to hand over what it kept.
    """
    check_lease(lease_id)
    with platform.db.reading() as session:
        attempt = get_own_attempt(session, principal, attempt_id)
    if attempt.lease_id == lease_id:
        return attempt
    with platform.db.transaction() as session:
        attempt = lock_attempt(session, attempt_id)
        if attempt.state not in OPEN | ENDED:
            raise ClosedError("The attempt is over.", state=attempt.state)
        set_lease(platform, session, attempt, lease_id)
        return attempt


def set_lease(platform: Platform, session: Session, attempt: Attempt, lease_id: str) -> None:
    """Hand the lease of a locked attempt over."""
    attempt.lease_id = lease_id
    attempt.lease_version += 1
    session.flush()
    data = {"lease_version": attempt.lease_version}
    channel = f"attempt:{attempt.id}"
    after_commit(session, lambda: platform.live.publish(channel, "lease", data))


def check_lease(lease_id: str) -> None:
    """Raise InvalidError for a lease id that is none (8 to 64 printable ASCII characters)."""
    if not (8 <= len(lease_id) <= 64 and lease_id.isascii() and lease_id.isprintable()):
        raise InvalidError("A lease_id has 8 to 64 plain characters.", lease_id="Not usable.")
