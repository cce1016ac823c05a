"""What a proctor does to the time reaches the ledger, the candidate and the audit record."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from examhall.core.attempts.control import (
    grant_time,
    pause_attempt,
    resume_attempt,
    terminate_attempt,
)
from examhall.core.attempts.models import Attempt, AttemptTransition, Receipt, TimeLedgerEntry
from examhall.core.attempts.sweep import sweep_attempts
from examhall.core.attempts.timing import Clock, read_clock, to_seconds
from examhall.core.audit.models import AuditEntry
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from examhall.core.permissions import Principal, Role
from examhall.core.platform import Platform
from tests.core.attempts.world import Sitting, World, now

REASON = "fire alarm"


@pytest.fixture
def proctor(world: World) -> Principal:
    return world.person(Role.PROCTOR)


def clock_of(sitting: Sitting) -> Clock:
    with sitting.world.platform.db.reading() as session:
        return read_clock(session, session.get_one(Attempt, sitting.attempt_id))


def ledger_of(sitting: Sitting) -> list[tuple[str, Decimal]]:
    with sitting.world.platform.db.reading() as session:
        rows = session.scalars(select(TimeLedgerEntry).order_by(TimeLedgerEntry.id))
        return [(row.kind, row.seconds) for row in rows]


def test_the_ledger_says_how_the_time_came_about(world: World) -> None:
    sitting = world.sitting(
        {"time": {"limit_seconds": 600}}, multiplier=Decimal("1.5"), extra_seconds=30
    )
    assert ledger_of(sitting) == [
        ("base", Decimal(600)),
        ("multiplier", Decimal(300)),
        ("fixed", Decimal(30)),
    ]
    attempt = sitting.attempt()
    assert attempt.started_at is not None
    assert attempt.deadline_at == attempt.started_at + timedelta(seconds=930)


def test_a_grant_moves_the_deadline_by_its_seconds(
    world: World, sitting: Sitting, proctor: Principal
) -> None:
    before = sitting.attempt()
    grant_time(world.platform, proctor, sitting.attempt_id, Decimal("90.125"), REASON)
    after = sitting.attempt()
    assert before.deadline_at is not None
    assert after.deadline_at == before.deadline_at + timedelta(seconds=90.125)
    assert after.deadline_version == before.deadline_version + 1


def test_a_pause_costs_no_time(world: World, sitting: Sitting, proctor: Principal) -> None:
    before = sitting.attempt().deadline_at
    pause_attempt(world.platform, proctor, sitting.attempt_id, REASON)
    first = clock_of(sitting)
    time.sleep(0.2)
    second = clock_of(sitting)
    assert first.state == "paused"
    assert first.deadline_at is None
    assert first.remaining_seconds == second.remaining_seconds
    resumed = time.monotonic()
    resume_attempt(world.platform, proctor, sitting.attempt_id, "all clear")
    after = sitting.attempt().deadline_at
    kind, length = ledger_of(sitting)[-1]
    assert before is not None
    assert after is not None
    assert kind == "pause"
    assert to_seconds(after - before) == length
    assert length >= Decimal("0.2")
    remaining = clock_of(sitting).remaining_seconds
    assert remaining is not None
    assert first.remaining_seconds is not None
    used = first.remaining_seconds - remaining
    assert 0 <= used <= time.monotonic() - resumed + 0.01


def test_a_pause_does_not_outlast_the_hard_close(world: World, proctor: Principal) -> None:
    close = now() + timedelta(seconds=100)
    sitting = world.sitting({"time": {"limit_seconds": 3600, "hard_close": close.isoformat()}})
    pause_attempt(world.platform, proctor, sitting.attempt_id, REASON)
    attempt = sitting.attempt()
    assert attempt.deadline_at is not None
    assert abs(attempt.deadline_at - close) < timedelta(seconds=1)
    remaining = clock_of(sitting).remaining_seconds
    assert remaining is not None
    assert 90 < remaining <= 100
    sitting.change(deadline_at=now() - timedelta(seconds=1))
    assert sweep_attempts(world.platform) == 1
    assert sitting.attempt().state == "submitted"


def test_the_sweep_leaves_a_paused_attempt_alone(
    world: World, sitting: Sitting, proctor: Principal
) -> None:
    pause_attempt(world.platform, proctor, sitting.attempt_id, REASON)
    assert sweep_attempts(world.platform) == 0
    assert sitting.attempt().state == "paused"


@pytest.mark.parametrize("act", [pause_attempt, resume_attempt])
def test_after_the_deadline_the_time_is_over(
    world: World,
    sitting: Sitting,
    proctor: Principal,
    act: Callable[[Platform, Principal, object, str], Attempt],
) -> None:
    sitting.change(deadline_at=now() - timedelta(seconds=1))
    with pytest.raises(ClosedError):
        act(world.platform, proctor, sitting.attempt_id, REASON)


def test_what_does_not_pause_cannot_resume(
    world: World, sitting: Sitting, proctor: Principal
) -> None:
    with pytest.raises(ConflictError):
        resume_attempt(world.platform, proctor, sitting.attempt_id, REASON)
    pause_attempt(world.platform, proctor, sitting.attempt_id, REASON)
    with pytest.raises(ConflictError):
        pause_attempt(world.platform, proctor, sitting.attempt_id, REASON)


def test_a_terminated_attempt_keeps_its_responses_and_gets_a_receipt(
    world: World, sitting: Sitting, proctor: Principal
) -> None:
    sitting.save_text("Paris")
    terminate_attempt(world.platform, proctor, sitting.attempt_id, "left the room")
    attempt = sitting.attempt()
    assert (attempt.state, attempt.submitted_by) == ("terminated", "proctor")
    with world.platform.db.reading() as session:
        receipt = session.scalars(select(Receipt)).one()
    assert len(receipt.payload["responses"]) == 1
    assert sitting.save_text("Rome", base=1).state == "quarantined"


@pytest.mark.parametrize("seconds", ["0", "-1", "86401", "NaN", "0.0001"])
def test_only_sensible_grants(
    world: World, sitting: Sitting, proctor: Principal, seconds: str
) -> None:
    with pytest.raises(InvalidError):
        grant_time(world.platform, proctor, sitting.attempt_id, Decimal(seconds), REASON)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_reason_is_needed(
    world: World, sitting: Sitting, proctor: Principal, reason: str
) -> None:
    with pytest.raises(InvalidError):
        pause_attempt(world.platform, proctor, sitting.attempt_id, reason)


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in {Role.PROCTOR, Role.CANDIDATE}]
)
def test_other_roles_cannot_control(world: World, sitting: Sitting, role: Role) -> None:
    with pytest.raises(ForbiddenError):
        pause_attempt(world.platform, world.person(role), sitting.attempt_id, REASON)


def test_candidates_cannot_give_themselves_time(world: World, sitting: Sitting) -> None:
    with pytest.raises(ForbiddenError):
        grant_time(world.platform, sitting.candidate, sitting.attempt_id, Decimal(60), REASON)


def test_a_proctor_of_another_exam_does_not_see_the_attempt(world: World, sitting: Sitting) -> None:
    stranger = world.person(Role.PROCTOR, world.exam())
    with pytest.raises(NotFoundError):
        pause_attempt(world.platform, stranger, sitting.attempt_id, REASON)
    helper = world.person(Role.PROCTOR, sitting.attempt().exam_id)
    assert pause_attempt(world.platform, helper, sitting.attempt_id, REASON).state == "paused"


def test_every_act_is_audited_and_told_at_once(
    world: World, sitting: Sitting, proctor: Principal
) -> None:
    with world.platform.live.subscribe(f"attempt:{sitting.attempt_id}") as subscription:
        pause_attempt(world.platform, proctor, sitting.attempt_id, REASON)
        resume_attempt(world.platform, proctor, sitting.attempt_id, REASON)
        grant_time(world.platform, proctor, sitting.attempt_id, Decimal(60), REASON)
        messages = [subscription.get(2) for _ in range(3)]
    assert [message and message.data["state"] for message in messages] == [
        "paused",
        "in_progress",
        "in_progress",
    ]
    versions = [message.data["deadline_version"] for message in messages if message]
    assert versions == [2, 3, 4]
    with world.platform.db.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        reasons = session.scalars(
            select(AttemptTransition.reason).where(AttemptTransition.actor == proctor.actor)
        ).all()
    assert actions[-3:] == ["attempt.paused", "attempt.in_progress", "attempt.time_granted"]
    assert set(reasons) == {REASON}
