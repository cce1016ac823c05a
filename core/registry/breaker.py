"""The circuit breaker: a plugin that fails again and again is paused for a while.

Failures are rows, counted over all processes; so is the pause (`plugin_states.paused_until`).
After the pause the plugin is on probation for as long again as the window: one more failure pauses
it at once.

Rows are written by a thread of their own, because a plugin may fail while its caller has a
transaction open, and SQLite has one writer.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Full, Queue

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from examhall.core.db import Database, database_now
from examhall.core.registry.models import PluginFailure
from examhall.core.registry.states import Failure, get_state, write_state

MOST_WAITING = 1000
KEPT_FAILURES = 500
"""Rows kept of one plugin; older ones are removed."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """After `failures` within `window`, pause for `pause`."""

    failures: int = 5
    window: timedelta = timedelta(seconds=60)
    pause: timedelta = timedelta(seconds=60)

    def pauses(self, recent: int, paused_until: datetime | None, now: datetime) -> bool:
        """Say whether one more failure pauses the plugin, with `recent` ones in the window."""
        if paused_until is not None and now < paused_until:
            return False
        if paused_until is not None and now < paused_until + self.window:
            return True
        return recent >= self.failures


class FailureRecorder:
    """Writes failures in the background and pauses whom the policy says."""

    def __init__(self, db: Database, policy: BreakerPolicy, on_pause: Callable[[], object]) -> None:
        self._db = db
        self._policy = policy
        self._on_pause = on_pause
        self._starting = threading.Lock()
        self._restart()

    def _restart(self) -> None:
        self._pid = os.getpid()
        self._queue: Queue[Failure | None] = Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None

    def record(self, failure: Failure) -> None:
        """Have a failure written soon; never waits and never raises."""
        with self._starting:
            if self._pid != os.getpid():
                self._restart()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._serve, name="examhall-plugin-failures", daemon=True
                )
                self._thread.start()
        try:
            self._queue.put_nowait(failure)
        except Full:
            log.warning("plugin %s/%s: too many failures to note", failure.kind, failure.key)

    def flush(self, limit: float = 5.0) -> None:
        """Wait until all is written, at most `limit` seconds. Not inside a transaction."""
        deadline = time.monotonic() + limit
        while self._pid == os.getpid() and self._queue.unfinished_tasks:
            if time.monotonic() > deadline:
                return
            time.sleep(0.005)

    def close(self) -> None:
        """Write what waits and end the thread."""
        self.flush()
        if self._thread is not None and self._thread.is_alive() and self._pid == os.getpid():
            self._queue.put(None)
            self._thread.join(5.0)

    def _serve(self) -> None:
        while (failure := self._queue.get()) is not None:
            try:
                self._write(failure)
            except Exception:
                # Whatever it is, the next failure must be written.
                log.exception("a failure of plugin %s/%s is lost", failure.kind, failure.key)
            finally:
                self._queue.task_done()
        self._queue.task_done()

    def _write(self, failure: Failure) -> None:
        with self._db.transaction() as session:
            now = database_now(session)
            _add_failure(session, failure, now)
            paused = self._pause(session, failure, now)
        if paused:
            log.error("plugin %s/%s is paused after failures", failure.kind, failure.key)
            self._on_pause()

    def _pause(self, session: Session, failure: Failure, now: datetime) -> bool:
        until = get_state(session, failure.kind, failure.key).paused_until
        # Failures before the last pause have been paid for.
        start = now - self._policy.window
        recent = _count_since(session, failure, max(start, until) if until else start)
        if not self._policy.pauses(recent, until, now):
            return False
        pause = {"paused_until": now + self._policy.pause}
        write_state(session, failure.kind, failure.key, pause)
        return True


def _add_failure(session: Session, failure: Failure, now: datetime) -> None:
    row = PluginFailure(
        kind=failure.kind,
        key=failure.key,
        version=failure.version[:50],
        operation=failure.operation[:60],
        reason=failure.reason,
        message=failure.message,
        at=now,
    )
    session.add(row)
    session.flush()
    oldest = select(PluginFailure.id).where(
        PluginFailure.kind == failure.kind, PluginFailure.key == failure.key
    )
    cut = session.scalar(oldest.order_by(PluginFailure.id.desc()).offset(KEPT_FAILURES).limit(1))
    if cut is not None:
        session.execute(
            delete(PluginFailure).where(
                PluginFailure.kind == failure.kind,
                PluginFailure.key == failure.key,
                PluginFailure.id <= cut,
            )
        )


def _count_since(session: Session, failure: Failure, since: datetime) -> int:
    counted = select(func.count()).where(
        PluginFailure.kind == failure.kind,
        PluginFailure.key == failure.key,
        PluginFailure.at >= since,
    )
    return session.scalar(counted) or 0
