"""Holding a session for a change from outside of the worker that analyses it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

from examhall.core.errors import ConflictError
from examhall.core.platform import Platform
from examhall.core.proctoring.analysis import HoldLostError, release_session, take_session

HOLD_SECONDS = 60.0
PATIENCE_SECONDS = 30.0
"""How long a worker may be at a session before the change is given up."""


@contextmanager
def hold_session(platform: Platform, session_id: UUID, purpose: str) -> Iterator[str]:
    """Hold a session; gives the holder's name, for `commit_verdict`, which ends the hold.

    Raises ConflictError when a worker does not let go of it; nothing is changed then.
    """
    holder = f"{purpose}:{uuid4()}"
    _take(platform, session_id, holder)
    try:
        yield holder
    except HoldLostError as error:
        raise _busy(session_id) from error
    except BaseException:
        with platform.db.transaction() as session:
            release_session(session, session_id, holder)
        raise
    # Chunks that came in meanwhile found the session held.
    platform.queue.enqueue("analyse_session", str(session_id))


def _take(platform: Platform, session_id: UUID, holder: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with platform.db.transaction() as session:
            taken_for = take_session(session, session_id, holder, HOLD_SECONDS)
        if not taken_for:
            return
        if time.monotonic() > deadline:
            raise _busy(session_id)
        time.sleep(min(0.1, taken_for))


def _busy(session_id: UUID) -> ConflictError:
    return ConflictError(
        "A worker is at a session and does not let go of it. Try again in a minute.",
        session_id=str(session_id),
    )
