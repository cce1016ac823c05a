"""An attempt from its opening to its receipt, and the sweep that needs no client."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from sqlalchemy import func, select, text

from examhall.core.attempts.leases import take_lease
from examhall.core.attempts.models import (
    Attempt,
    AttemptItem,
    AttemptTransition,
    Receipt,
    ResponseRevision,
)
from examhall.core.attempts.operations import (
    authorize,
    complete_check_in,
    create_attempt,
    set_flags,
)
from examhall.core.attempts.queries import find_unscored_attempts, get_receipt
from examhall.core.attempts.receipts import verify_receipt
from examhall.core.attempts.registrations import list_registrations
from examhall.core.attempts.room import get_room
from examhall.core.attempts.starting import start_attempt
from examhall.core.attempts.submission import submit_attempt
from examhall.core.attempts.sweep import sweep_attempts
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    LeaseLostError,
    NotFoundError,
)
from examhall.core.permissions import Role
from tests.core.attempts.world import LEASE, OTHER_LEASE, Sitting, World, now


def test_there_is_one_open_attempt_however_often_it_is_opened(world: World) -> None:
    candidate = world.person(Role.CANDIDATE)
    registration_id = world.register(world.exam(), candidate, max_attempts=5)
    with ThreadPoolExecutor(6) as pool:
        attempts = list(
            pool.map(
                lambda _: create_attempt(world.platform, candidate, registration_id), range(12)
            )
        )
    assert len({attempt.id for attempt in attempts}) == 1


def test_attempts_run_out(world: World) -> None:
    sitting = world.sitting()
    submit_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)
    registration_id = sitting.attempt().registration_id
    with pytest.raises(ClosedError, match="No attempt is left"):
        create_attempt(world.platform, sitting.candidate, registration_id)


def test_an_exam_that_was_not_published_cannot_be_taken(world: World) -> None:
    candidate = world.person(Role.CANDIDATE)
    registration_id = world.register(world.exam(published=False), candidate)
    with pytest.raises(ConflictError, match="published"):
        create_attempt(world.platform, candidate, registration_id)


def test_a_registration_of_somebody_else_is_not_there(world: World) -> None:
    registration_id = world.register(world.exam(), world.person(Role.CANDIDATE))
    with pytest.raises(NotFoundError):
        create_attempt(world.platform, world.person(Role.CANDIDATE), registration_id)


def test_the_schedule_keeps_the_door_shut_and_says_until_when(world: World) -> None:
    candidate = world.person(Role.CANDIDATE)
    settings = {"access": {"schedule": {"opens": "2090-06-01T09:00:00+02:00"}}}
    registration_id = world.register(world.exam(settings), candidate)
    with pytest.raises(ForbiddenError, match="2090-06-01 07:00:00 UTC"):
        create_attempt(world.platform, candidate, registration_id)
    (view,) = list_registrations(world.platform, candidate)
    assert (view.next, view.new_attempt) == ("none", False)
    assert "2090-06-01 07:00:00 UTC" in view.reason


def test_a_waived_rule_lets_in(world: World) -> None:
    settings = {"access": {"schedule": {"closes": "2020-06-01T09:00:00+00:00"}}}
    sitting = world.sitting(settings, waived_rules=["schedule"])
    assert sitting.attempt().deadline_at is None


def test_a_rule_that_is_not_installed_keeps_the_door_shut(world: World) -> None:
    candidate = world.person(Role.CANDIDATE)
    registration_id = world.register(world.exam({"access": {"nowhere": {}}}), candidate)
    with pytest.raises(ForbiddenError, match="cannot be checked"):
        create_attempt(world.platform, candidate, registration_id)
    (view,) = list_registrations(world.platform, candidate)
    assert view.next == "none"


def test_the_schedules_end_is_a_hard_close(world: World) -> None:
    closes = now() + timedelta(minutes=10)
    sitting = world.sitting(
        {
            "time": {"limit_seconds": 3600, "multiplier_stretches_close": False},
            "access": {"schedule": {"closes": closes.isoformat()}},
        },
        multiplier=Decimal(2),
    )
    deadline = sitting.attempt().deadline_at
    assert deadline is not None
    assert abs(deadline - closes) < timedelta(milliseconds=2)


def test_an_attempt_that_waits_for_the_proctor(world: World) -> None:
    candidate = world.person(Role.CANDIDATE)
    registration_id = world.register(world.exam(), candidate)
    attempt = create_attempt(world.platform, candidate, registration_id)
    with world.platform.db.transaction() as session:
        session.get_one(Attempt, attempt.id).state = "awaiting_authorization"
    with pytest.raises(ConflictError):
        start_attempt(world.platform, candidate, attempt.id, LEASE)
    with pytest.raises(ForbiddenError):
        authorize(world.platform, candidate, attempt.id)
    proctor = world.person(Role.PROCTOR)
    assert authorize(world.platform, proctor, attempt.id).state == "authorized"
    assert authorize(world.platform, proctor, attempt.id).state == "authorized"
    assert start_attempt(world.platform, candidate, attempt.id, LEASE).state == "in_progress"


def test_checking_in_twice_changes_nothing(world: World) -> None:
    sitting = world.sitting(start=False)
    again = complete_check_in(world.platform, sitting.candidate, sitting.attempt_id)
    assert again.state == "authorized"


def test_starting_twice_keeps_content_and_clock(world: World, sitting: Sitting) -> None:
    before = sitting.attempt()
    start_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)
    after = sitting.attempt()
    assert (after.started_at, after.deadline_at) == (before.started_at, before.deadline_at)
    with world.platform.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(AttemptItem)) == 3


def test_starting_at_once_in_two_windows_makes_one_content(world: World) -> None:
    sitting = world.sitting(start=False)
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda number: start_attempt(
                    world.platform, sitting.candidate, sitting.attempt_id, f"window-{number}"
                ),
                range(4),
            )
        )
    with world.platform.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(AttemptItem)) == 3
        starts = select(func.count()).where(AttemptTransition.target == "in_progress")
        assert session.scalar(starts) == 1


def test_a_question_type_that_is_gone_stops_the_start_before_the_clock(world: World) -> None:
    sitting = world.sitting(exam_id=world.exam(kind="gone"), start=False)
    with pytest.raises(Exception, match="gone"):
        start_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)
    assert sitting.attempt().state == "authorized"
    assert sitting.attempt().started_at is None


def test_the_room_shows_content_only_while_the_clock_runs(world: World) -> None:
    sitting = world.sitting(start=False)
    room = get_room(world.platform, sitting.candidate, sitting.attempt_id)
    assert room.items == []
    start_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)
    room = get_room(world.platform, sitting.candidate, sitting.attempt_id)
    assert [item.shown for item in room.items] == [True] * 3
    sitting.change(state="paused", paused_at=now())
    assert get_room(world.platform, sitting.candidate, sitting.attempt_id).items == []


def test_the_room_shows_what_was_saved(world: World, sitting: Sitting) -> None:
    sitting.save_text("Paris", item=1)
    set_flags(world.platform, sitting.candidate, sitting.attempt_id, [sitting.items[2]])
    items = get_room(world.platform, sitting.candidate, sitting.attempt_id).items
    assert [(item.revision, item.flagged) for item in items] == [
        (0, False),
        (1, False),
        (0, True),
    ]
    assert items[1].raw == {"text": "Paris"}
    assert "Paris" in items[1].html


def test_an_item_that_cannot_be_drawn_does_not_take_the_others_with_it(
    world: World, sitting: Sitting
) -> None:
    with world.platform.db.transaction() as session:
        session.get_one(AttemptItem, sitting.items[0]).type = "gone"
        session.get_one(AttemptItem, sitting.items[1]).public = {"nonsense": [1]}
    items = get_room(world.platform, sitting.candidate, sitting.attempt_id).items
    assert items[2].shown
    assert not items[0].shown
    assert "cannot be shown" in items[0].html


def test_another_window_takes_over_and_the_first_is_told(world: World, sitting: Sitting) -> None:
    with world.platform.live.subscribe(f"attempt:{sitting.attempt_id}") as subscription:
        take_lease(world.platform, sitting.candidate, sitting.attempt_id, OTHER_LEASE)
        message = subscription.get(2)
    assert message is not None
    assert (message.event, message.data) == ("lease", {"lease_version": 2})
    assert isinstance(sitting.save_text("Paris").error, LeaseLostError)
    assert sitting.save_text("Paris", lease=OTHER_LEASE).state == "saved"
    with pytest.raises(LeaseLostError):
        submit_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)


@pytest.mark.parametrize("lease", ["", "short", "x" * 65, "nul\0nul\0", "ünïcödé1"])
def test_a_lease_has_a_plain_name(world: World, sitting: Sitting, lease: str) -> None:
    with pytest.raises(InvalidError):
        take_lease(world.platform, sitting.candidate, sitting.attempt_id, lease)


def test_submitting_is_idempotent(world: World, sitting: Sitting) -> None:
    sitting.save_text("Paris")
    with ThreadPoolExecutor(4) as pool:
        receipts = list(
            pool.map(
                lambda _: submit_attempt(
                    world.platform, sitting.candidate, sitting.attempt_id, LEASE
                ),
                range(8),
            )
        )
    assert len({receipt.id for receipt in receipts}) == 1
    attempt = sitting.attempt()
    assert (attempt.state, attempt.submitted_by) == ("submitted", "candidate")
    with world.platform.db.reading() as session:
        assert find_unscored_attempts(session) == [sitting.attempt_id]


def test_a_receipt_can_be_computed_by_anyone_who_has_its_payload(
    world: World, sitting: Sitting
) -> None:
    sitting.save_text("Zürich", item=0)
    sitting.save_text("Bern", item=2)
    receipt = submit_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)
    canonical = json.dumps(
        receipt.payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    assert sha256(canonical).hexdigest() == receipt.digest
    assert len(receipt.payload["responses"]) == 2
    with world.platform.db.reading() as session:
        stored = get_receipt(session, sitting.candidate, sitting.attempt_id)
        assert stored.payload == receipt.payload
        assert verify_receipt(session, receipt.digest).valid
        assert not verify_receipt(session, "0" * 64).valid


def test_a_changed_response_breaks_the_receipt(world: World, sitting: Sitting) -> None:
    sitting.save_text("Paris")
    receipt = submit_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)
    with world.platform.db.transaction() as session:
        # Somebody with the rights of the database's owner.
        on_table = "" if world.platform.db.is_sqlite else " on response_revisions"
        session.execute(text(f"drop trigger response_revisions_no_update{on_table}"))
        session.scalars(select(ResponseRevision)).one().raw = {"text": "Rome"}
    with world.platform.db.reading() as session:
        assert not verify_receipt(session, receipt.digest).valid


@pytest.mark.parametrize("raw", [{"a": 1e22}, {"a": -0.0}, {"a": 1.0}, {"ü": ["é", "😀"], "b": {}}])
def test_a_receipt_verifies_whatever_the_database_makes_of_numbers(
    world: World, sitting: Sitting, raw: dict[str, object]
) -> None:
    operation = sitting.operation()
    object.__setattr__(operation, "raw", raw)
    assert sitting.save(operation)[0].state == "saved"
    receipt = submit_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)
    with world.platform.db.reading() as session:
        assert verify_receipt(session, receipt.digest).valid


def test_before_submission_there_is_no_receipt(world: World, sitting: Sitting) -> None:
    with pytest.raises(NotFoundError), world.platform.db.reading() as session:
        get_receipt(session, sitting.candidate, sitting.attempt_id)


def test_the_sweep_submits_what_is_over_and_nothing_else(world: World) -> None:
    exam_id = world.exam({"time": {"limit_seconds": 3600}})
    sittings = [world.sitting(exam_id=exam_id) for _ in range(4)]
    for sitting in sittings[:3]:
        sitting.save_text("Paris")
        sitting.change(deadline_at=now() - timedelta(seconds=1))
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: sweep_attempts(world.platform), range(3)))
    assert sum(done) == 3
    assert [sitting.attempt().state for sitting in sittings] == ["submitted"] * 3 + ["in_progress"]
    assert {sitting.attempt().submitted_by for sitting in sittings[:3]} == {"deadline"}
    with world.platform.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 3
        steps = session.scalars(
            select(AttemptTransition.target)
            .where(AttemptTransition.attempt_id == sittings[0].attempt_id)
            .order_by(AttemptTransition.id.desc())
            .limit(2)
        ).all()
    assert steps == ["submitted", "draining"]


def test_an_attempt_that_stopped_half_way_is_submitted_too(world: World, sitting: Sitting) -> None:
    sitting.change(state="draining", deadline_at=now() - timedelta(seconds=1))
    assert sweep_attempts(world.platform) == 1
    assert sitting.attempt().state == "submitted"


def test_one_attempt_that_cannot_be_ended_does_not_hold_up_the_others(world: World) -> None:
    exam_id = world.exam({"time": {"limit_seconds": 3600}})
    sittings = [world.sitting(exam_id=exam_id) for _ in range(3)]
    bad = sittings[1].attempt_id
    with world.platform.db.transaction() as session:
        # The database refuses this attempt a second receipt, and it has one.
        session.add(Receipt(attempt_id=bad, digest="0" * 64, payload={}, issued_at=now()))
        key = bad.hex if world.platform.db.is_sqlite else str(bad)
        session.execute(
            text(f"create unique index one on receipts (attempt_id) where attempt_id = '{key}'")
        )
    for one in sittings:
        one.change(deadline_at=now() - timedelta(seconds=1))
    assert sweep_attempts(world.platform) == 2
    assert [one.attempt().state for one in sittings] == ["submitted", "in_progress", "submitted"]


def test_a_submission_after_the_deadline_counts_as_the_deadlines(
    world: World, sitting: Sitting
) -> None:
    sitting.change(deadline_at=now() - timedelta(seconds=1))
    submit_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)
    assert sitting.attempt().submitted_by == "deadline"
    assert sitting.save_text("queued on the device").state == "saved"


def test_a_device_that_comes_back_after_the_deadline_hands_over_what_it_kept(
    world: World, sitting: Sitting
) -> None:
    sitting.change(deadline_at=now() - timedelta(seconds=1))
    sweep_attempts(world.platform)
    kept = sitting.operation("written offline", lease=OTHER_LEASE)
    assert isinstance(sitting.save(kept)[0].error, LeaseLostError)
    take_lease(world.platform, sitting.candidate, sitting.attempt_id, OTHER_LEASE)
    assert sitting.save(kept)[0].state == "saved"


def test_an_attempt_that_was_never_started_expires(world: World) -> None:
    sitting = world.sitting(start=False)
    sitting.change(deadline_at=now() - timedelta(seconds=1))
    assert sweep_attempts(world.platform) == 1
    assert sitting.attempt().state == "expired"
    with pytest.raises(ConflictError):
        start_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)


def test_a_hundred_attempts_are_swept_within_seconds(world: World) -> None:
    exam_id = world.exam({"time": {"limit_seconds": 3600}}, questions=1)
    sittings = [world.sitting(exam_id=exam_id) for _ in range(25)]
    for sitting in sittings:
        sitting.change(deadline_at=now() - timedelta(seconds=1))
    begin = now()
    assert sweep_attempts(world.platform) == 25
    assert now() - begin < timedelta(seconds=2.5)


def test_what_a_candidate_can_do_next(world: World) -> None:
    candidate = world.person(Role.CANDIDATE)
    registration_id = world.register(world.exam(), candidate, max_attempts=2)

    def view() -> tuple[str, bool]:
        (one,) = list_registrations(world.platform, candidate)
        return one.next, one.new_attempt

    assert view() == ("check_in", True)
    attempt = create_attempt(world.platform, candidate, registration_id)
    assert view() == ("check_in", False)
    complete_check_in(world.platform, candidate, attempt.id)
    assert view() == ("start", False)
    start_attempt(world.platform, candidate, attempt.id, LEASE)
    assert view() == ("continue", False)
    submit_attempt(world.platform, candidate, attempt.id, LEASE)
    assert view() == ("result", True)


def test_registrations_of_others_are_not_listed(world: World) -> None:
    world.register(world.exam(), world.person(Role.CANDIDATE))
    assert list_registrations(world.platform, world.person(Role.CANDIDATE)) == []
    with pytest.raises(ForbiddenError):
        list_registrations(world.platform, world.person(Role.PROCTOR))


def test_flags_are_about_ones_own_items(world: World, sitting: Sitting) -> None:
    other = world.sitting()
    with pytest.raises(NotFoundError):
        set_flags(world.platform, sitting.candidate, sitting.attempt_id, [other.items[0]])
