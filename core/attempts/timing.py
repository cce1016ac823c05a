"""The time of an attempt: deadline = min(hard close, start + all seconds of the ledger).

The ledger is only added to, its seconds are exact decimals, and the clock is the database's. The
hard close (the exam's own and those of access rules, the earliest counts) is written into the
ledger at the start, as seconds after the start, stretched by the candidate's multiplier unless the
exam bars it. While an attempt is paused its clock stands still and only the hard close can end it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, TimeLedgerEntry
from examhall.core.attempts.states import NOT_STARTED, AttemptState
from examhall.core.db import after_commit, database_now
from examhall.core.live import LiveBroker

MICROSECOND = Decimal("0.000001")
ADDING_KINDS = frozenset({"base", "multiplier", "fixed", "pause", "grant"})


@dataclass(frozen=True, slots=True)
class Allowance:
    """What decides an attempt's time at its start; a `limit` of None means no limit.

    Seconds; `multiplier` is at least 1 and stretches the limit, and the way to `hard_close` too
    where `stretches_close` says so.
    """

    limit: Decimal | None
    multiplier: Decimal = Decimal(1)
    fixed: Decimal = Decimal(0)
    hard_close: datetime | None = None
    stretches_close: bool = True


@dataclass(frozen=True, slots=True)
class Clock:
    """What a candidate's client needs to show the time; it counts by differences only.

    `remaining_seconds` is None where nothing ends the attempt; in a pause it stands still.
    """

    now: datetime
    deadline_at: datetime | None
    deadline_version: int
    state: str
    remaining_seconds: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the clock in a form that JSON can carry, to the microsecond."""
        return {
            "now": self.now.isoformat(),
            "deadline_at": self.deadline_at.isoformat() if self.deadline_at else None,
            "deadline_version": self.deadline_version,
            "state": self.state,
            "remaining_seconds": self.remaining_seconds,
        }


def opening_entries(started_at: datetime, allowance: Allowance) -> list[tuple[str, Decimal]]:
    """Return the ledger's first entries, as (kind, seconds)."""
    entries: list[tuple[str, Decimal]] = []
    extra = allowance.multiplier - 1
    if allowance.limit is not None:
        entries.append(("base", allowance.limit))
        if extra:
            entries.append(("multiplier", allowance.limit * extra))
        if allowance.fixed:
            entries.append(("fixed", allowance.fixed))
    if allowance.hard_close is not None:
        seconds = to_seconds(allowance.hard_close - started_at)
        if allowance.stretches_close and seconds > 0:
            seconds *= allowance.multiplier
        entries.append(("hard_close", seconds))
    return entries


def compute_deadline(
    started_at: datetime, entries: Iterable[tuple[str, Decimal]], *, paused: bool = False
) -> datetime | None:
    """Return when the attempt ends, None for never.

    A pause that still goes on adds an unknown time: only the hard close counts then.
    """
    entries = list(entries)
    ends = [started_at + to_delta(seconds) for kind, seconds in entries if kind == "hard_close"]
    if not paused and any(kind == "base" for kind, _ in entries):
        total = sum((seconds for kind, seconds in entries if kind in ADDING_KINDS), Decimal(0))
        ends.append(started_at + to_delta(total))
    return min(ends, default=None)


def to_seconds(delta: timedelta) -> Decimal:
    """Return a span in seconds, exactly."""
    microseconds = (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds
    return Decimal(microseconds) * MICROSECOND


def to_delta(seconds: Decimal) -> timedelta:
    """Return a span of seconds, exact to the microsecond."""
    return timedelta(microseconds=int(seconds / MICROSECOND))


def add_entry(
    session: Session, attempt: Attempt, kind: str, seconds: Decimal, actor: str, reason: str = ""
) -> None:
    """Add to the ledger; `set_deadline` draws the conclusion."""
    session.add(
        TimeLedgerEntry(
            attempt_id=attempt.id,
            kind=kind,
            seconds=seconds.quantize(MICROSECOND),
            reason=reason[:500],
            actor=actor,
            at=database_now(session),
        )
    )
    session.flush()


def read_ledger(session: Session, attempt_id: UUID) -> list[tuple[str, Decimal]]:
    """Return the ledger in order, as (kind, seconds)."""
    rows = session.execute(
        select(TimeLedgerEntry.kind, TimeLedgerEntry.seconds)
        .where(TimeLedgerEntry.attempt_id == attempt_id)
        .order_by(TimeLedgerEntry.id)
    )
    return [(kind, seconds) for kind, seconds in rows]


def set_deadline(session: Session, attempt: Attempt) -> None:
    """Compute the deadline from the ledger; every call makes a new version of it."""
    assert attempt.started_at is not None  # noqa: S101 - a constraint of the table
    attempt.deadline_at = compute_deadline(
        attempt.started_at,
        read_ledger(session, attempt.id),
        paused=attempt.paused_at is not None,
    )
    attempt.deadline_version += 1
    session.flush()


def read_clock(session: Session, attempt: Attempt) -> Clock:
    """Return the attempt's clock by the database's time."""
    now = database_now(session)
    if attempt.paused_at is None or attempt.started_at is None:
        return running_clock(now, attempt.state, attempt.deadline_at, attempt.deadline_version)
    own = compute_deadline(attempt.started_at, read_ledger(session, attempt.id))
    ends = [own - attempt.paused_at] if own else []
    ends += [attempt.deadline_at - now] if attempt.deadline_at else []
    return Clock(
        now=now,
        deadline_at=attempt.deadline_at,
        deadline_version=attempt.deadline_version,
        state=attempt.state,
        remaining_seconds=max(0.0, min(ends).total_seconds()) if ends else None,
    )


def running_clock(now: datetime, state: str, deadline: datetime | None, version: int) -> Clock:
    """Return the clock of an attempt that is not paused."""
    if state in NOT_STARTED:
        deadline = None
    remaining = max(0.0, (deadline - now).total_seconds()) if deadline else None
    return Clock(now, deadline, version, state, remaining)


def tell_clock(session: Session, live: LiveBroker, attempt: Attempt, now: datetime) -> None:
    """Do what `publish_clock` does, for an attempt that is not paused, at a known time."""
    clock = running_clock(now, attempt.state, attempt.deadline_at, attempt.deadline_version)
    _publish(session, live, attempt, clock)


def publish_clock(session: Session, live: LiveBroker, attempt: Attempt) -> None:
    """Tell the candidate's open pages the time and the state, once it is committed."""
    _publish(session, live, attempt, read_clock(session, attempt))


def _publish(session: Session, live: LiveBroker, attempt: Attempt, clock: Clock) -> None:
    channel = f"attempt:{attempt.id}"
    after_commit(session, lambda: live.publish(channel, "clock", clock.as_dict()))


def is_over(attempt: Attempt, now: datetime) -> bool:
    """Say whether the deadline has passed."""
    return attempt.deadline_at is not None and now >= attempt.deadline_at


def accepts_until(attempt: Attempt, drain_seconds: int) -> datetime | None:
    """Return until when responses that were written in time are taken, None for no end."""
    if attempt.deadline_at is None:
        return None
    return attempt.deadline_at + timedelta(seconds=drain_seconds)


def is_paused(attempt: Attempt) -> bool:
    """Say whether the clock stands still."""
    return attempt.state == AttemptState.PAUSED
