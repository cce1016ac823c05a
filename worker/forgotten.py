"""Find work that stands in the database and wake somebody up for it.

This is what makes a queued job a mere wake-up: whatever was lost with Redis or with a worker is
found here within seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.db import database_now
from examhall.core.events.delivery import has_due_events
from examhall.core.integrations.models import InboxMessage
from examhall.core.integrations.queries import find_connections_with_due_messages
from examhall.core.platform import Platform
from examhall.core.proctoring.models import Chunk, ProctoringSession
from examhall.core.proctoring.operations import find_sessions_to_seal
from examhall.core.regrading.queries import find_forgotten_slices
from examhall.core.scoring.operations import SCORABLE

AGE = timedelta(seconds=2)
"""Younger work has its own wake-up on the way."""
BATCH = 500
FIRST_SECONDS = 5.0
LONGEST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Work:
    """A job that should run; `mark` changes when it gets ahead."""

    job: str
    args: tuple[str, ...] = ()
    mark: str = ""


@dataclass(slots=True)
class _Reminder:
    mark: str
    due: float
    wait: float


class Reminders:
    """Wakes workers up, and less and less often for work that gets nowhere."""

    def __init__(self) -> None:
        self._reminders: dict[tuple[str, ...], _Reminder] = {}

    def remind(self, platform: Platform) -> None:
        """Enqueue what was forgotten."""
        with platform.db.reading() as session:
            found = list(find_forgotten_work(session, platform.settings.drain_seconds))
        now = time.monotonic()
        known, self._reminders = self._reminders, {}
        for work in found:
            key = (work.job, *work.args)
            if key in self._reminders:
                continue
            reminder = known.get(key)
            if reminder is None or reminder.mark != work.mark:
                reminder = _Reminder(work.mark, now, FIRST_SECONDS)
            if reminder.due <= now:
                platform.queue.enqueue(work.job, *work.args)
                reminder = _Reminder(
                    work.mark, now + reminder.wait, min(reminder.wait * 2, LONGEST_SECONDS)
                )
            self._reminders[key] = reminder


def find_forgotten_work(session: Session, drain_seconds: int) -> Iterable[Work]:
    """Return all work that is due, oldest first within each kind."""
    before = database_now(session) - AGE
    yield from _attempts(session, before)
    yield from _sessions(session, before, drain_seconds)
    yield from _inbox(session, before)
    for run_id, number, job in find_forgotten_slices(session):
        yield Work(job, (str(run_id), str(number)))
    for connection_id, due_at in find_connections_with_due_messages(session):
        yield Work("deliver_outbox", (str(connection_id),), str(due_at))
    if has_due_events(session):
        yield Work("emit_events", mark=str(before))


def _attempts(session: Session, before: datetime) -> Iterable[Work]:
    unscored = (
        select(Attempt.id)
        .where(
            Attempt.state.in_(SCORABLE),
            Attempt.grading_state == "pending",
            Attempt.started_at.is_not(None),
            Attempt.submitted_at < before,
        )
        .order_by(Attempt.submitted_at)
        .limit(BATCH)
    )
    for attempt_id in session.scalars(unscored):
        yield Work("score_attempt", (str(attempt_id),))


def _sessions(session: Session, before: datetime, drain_seconds: int) -> Iterable[Work]:
    """Find chunks that wait; a session that somebody holds is looked at when the hold has ended."""
    oldest = func.min(Chunk.received_at)
    waiting = (
        select(Chunk.session_id, oldest, ProctoringSession.leased_by != "")
        .join(ProctoringSession, ProctoringSession.id == Chunk.session_id)
        .where(Chunk.state == "stored", Chunk.received_at < before)
        .group_by(Chunk.session_id, ProctoringSession.leased_by)
        .order_by(oldest)
        .limit(BATCH)
    )
    rows = session.execute(waiting).all()
    free = [since for _, since, is_held in rows if not is_held]
    if free:
        # The newest: what cannot be analysed stays the oldest, whatever comes and goes behind it.
        yield Work("analyse_waiting", mark=str(free[-1]))
    for session_id, since, is_held in rows:
        if is_held:
            yield Work("analyse_session", (str(session_id),), str(since))
    for session_id in find_sessions_to_seal(session, drain_seconds):
        yield Work("analyse_session", (str(session_id),), "seal")


def _inbox(session: Session, before: datetime) -> Iterable[Work]:
    stored = (
        select(InboxMessage.id, InboxMessage.tries)
        .where(InboxMessage.state == "stored", InboxMessage.received_at < before)
        .order_by(InboxMessage.received_at)
        .limit(BATCH)
    )
    for message_id, tries in session.execute(stored):
        yield Work("apply_inbox", (str(message_id),), str(tries))
