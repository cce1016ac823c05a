"""No response is lost: retries, conflicts, other windows, late arrivals."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from examhall.core.attempts.models import Receipt, ResponseRecord, ResponseRevision
from examhall.core.attempts.queries import list_uncounted_responses
from examhall.core.attempts.receipts import verify_receipt
from examhall.core.attempts.responses import MAX_RAW_BYTES, SaveOperation, check_raw
from examhall.core.attempts.submission import submit_attempt
from examhall.core.attempts.sweep import sweep_attempts
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    InvalidError,
    LeaseLostError,
    NotFoundError,
    TooLargeError,
)
from examhall.core.permissions import Role
from tests.core.attempts.world import LEASE, OTHER_LEASE, Sitting, World, now


def test_a_response_is_saved_and_gets_revisions(sitting: Sitting) -> None:
    first = sitting.save_text("Paris")
    second = sitting.save_text("Rome", base=1)
    assert (first.state, first.revision) == ("saved", 1)
    assert (second.state, second.revision) == ("saved", 2)
    response = sitting.response()
    assert response is not None
    assert (response.raw, response.revision, response.conflict) == ({"text": "Rome"}, 2, False)
    assert [row.raw["text"] for row in sitting.revisions()] == ["Paris", "Rome"]


def test_every_answer_carries_the_clock(sitting: Sitting) -> None:
    clock = sitting.save_text("Paris").clock
    assert clock is not None
    assert clock.deadline_at == sitting.attempt().deadline_at
    assert clock.remaining_seconds is not None
    assert 3590 < clock.remaining_seconds < 3600


def test_a_replay_gets_the_first_answer(sitting: Sitting) -> None:
    operation = sitting.operation("Paris")
    first = sitting.save(operation)[0]
    sitting.save_text("Rome", base=1)
    again = sitting.save(operation)[0]
    assert (again.state, again.revision, again.saved_at) == ("saved", 1, first.saved_at)
    assert len(sitting.revisions()) == 2
    response = sitting.response()
    assert response is not None
    assert response.raw == {"text": "Rome"}


def test_a_replay_in_the_same_group_is_one_save(sitting: Sitting) -> None:
    operation = sitting.operation("Paris")
    results = sitting.save(operation, operation, operation)
    assert [(result.state, result.revision) for result in results] == [("saved", 1)] * 3
    assert len(sitting.revisions()) == 1


def test_a_reused_operation_id_does_not_swallow_a_response(sitting: Sitting) -> None:
    operation = sitting.operation("Paris")
    sitting.save(operation)
    other = sitting.operation("Rome", base=1, operation_id=operation.operation_id)
    assert isinstance(sitting.save(other)[0].error, ConflictError)


def test_a_stale_base_keeps_both_and_the_newer_counts(sitting: Sitting) -> None:
    sitting.save_text("Paris")
    result = sitting.save_text("Rome", base=0)
    assert (result.state, result.revision) == ("conflict", 2)
    response = sitting.response()
    assert response is not None
    assert (response.raw, response.conflict) == ({"text": "Rome"}, True)
    assert [row.raw["text"] for row in sitting.revisions()] == ["Paris", "Rome"]
    assert sitting.save_text("Bern", base=2).state == "saved"
    response = sitting.response()
    assert response is not None
    assert response.conflict is False


def test_a_base_of_the_future_is_a_conflict(sitting: Sitting) -> None:
    assert sitting.save_text("Paris", base=7).state == "conflict"


def test_a_delayed_retry_does_not_replace_what_the_same_window_wrote_later(
    sitting: Sitting,
) -> None:
    older, newer = sitting.operation("Par"), sitting.operation("Paris")
    assert sitting.save(newer)[0].state == "saved"
    late = sitting.save(older)[0]
    assert (late.state, late.revision) == ("saved", 1)
    assert sitting.save(older)[0].state == "saved"
    response = sitting.response()
    assert response is not None
    assert response.raw == {"text": "Paris"}
    assert [row.kind for row in sitting.revisions()] == ["saved", "superseded"]


def test_another_window_cannot_write(sitting: Sitting) -> None:
    good, bad = sitting.operation("a", item=0), sitting.operation("b", item=1, lease=OTHER_LEASE)
    results = sitting.save(bad, good)
    assert isinstance(results[0].error, LeaseLostError)
    assert results[1].state == "saved"
    assert len(sitting.revisions()) == 1


def test_an_attempt_of_somebody_else_is_not_there(world: World, sitting: Sitting) -> None:
    other = world.person(Role.CANDIDATE)
    operation = sitting.operation("Paris")
    assert other.user_id is not None
    stolen = SaveOperation(
        **{name: getattr(operation, name) for name in operation.__slots__ if name != "user_id"},
        user_id=other.user_id,
    )
    assert isinstance(sitting.save(stolen)[0].error, NotFoundError)


def test_an_item_of_another_attempt_is_not_there(world: World, sitting: Sitting) -> None:
    other = world.sitting()
    sitting.items[0] = other.items[0]
    assert isinstance(sitting.save_text("Paris").error, NotFoundError)
    sitting.items[0] = uuid4()
    assert isinstance(sitting.save_text("Paris").error, NotFoundError)
    assert other.revisions() == []


def test_nothing_is_taken_before_the_start(world: World) -> None:
    waiting = world.sitting(start=False)
    waiting.items = [uuid4()]
    assert isinstance(waiting.save_text("Paris").error, ClosedError)


def test_a_paused_attempt_takes_what_was_written(sitting: Sitting) -> None:
    sitting.change(state="paused")
    assert sitting.save_text("Paris").state == "saved"


def test_after_the_deadline_queued_responses_are_taken(sitting: Sitting) -> None:
    sitting.change(deadline_at=now() - timedelta(seconds=60))
    result = sitting.save_text("Paris")
    assert result.state == "saved"
    assert result.clock is not None
    assert result.clock.remaining_seconds == 0


def test_after_the_drain_time_they_are_quarantined(sitting: Sitting) -> None:
    sitting.save_text("Paris")
    sitting.change(deadline_at=now() - timedelta(seconds=130))
    operation = sitting.operation("Rome", base=1)
    for _ in range(2):
        result = sitting.save(operation)[0]
        assert (result.state, result.revision) == ("quarantined", 1)
    response = sitting.response()
    assert response is not None
    assert response.raw == {"text": "Paris"}
    assert [row.kind for row in sitting.revisions()] == ["saved", "quarantined"]


def test_quarantined_responses_are_shown_to_a_person(world: World, sitting: Sitting) -> None:
    sitting.change(deadline_at=now() - timedelta(seconds=130))
    sitting.save_text("Rome", lease=OTHER_LEASE)
    proctor = world.person(Role.PROCTOR)
    with world.platform.db.reading() as session:
        rows = list_uncounted_responses(session, proctor, sitting.attempt_id)
    assert [row.raw for row in rows] == [{"text": "Rome"}]


def test_what_arrives_after_the_sweep_counts_and_renews_the_receipt(
    world: World, sitting: Sitting
) -> None:
    sitting.save_text("Paris")
    sitting.change(deadline_at=now() - timedelta(seconds=1))
    assert sweep_attempts(world.platform) == 1
    assert sitting.attempt().state == "submitted"
    sitting.change(grading_state="graded")
    assert sitting.save_text("Rome", base=1).state == "saved"
    with world.platform.db.reading() as session:
        receipts = session.scalars(select(Receipt).order_by(Receipt.number)).all()
        checks = [verify_receipt(session, receipt.digest) for receipt in receipts]
    assert [(check.valid, check.number, check.latest) for check in checks] == [
        (True, 1, False),
        (True, 2, True),
    ]
    assert sitting.attempt().grading_state == "pending"


def test_after_ones_own_submission_responses_are_quarantined(
    world: World, sitting: Sitting
) -> None:
    sitting.save_text("Paris")
    submit_attempt(world.platform, sitting.candidate, sitting.attempt_id, LEASE)
    assert sitting.save_text("Rome", base=1).state == "quarantined"
    with world.platform.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 1


def test_an_error_of_one_does_not_fail_the_others_of_its_group(world: World) -> None:
    exam_id = world.exam()
    sittings = [world.sitting(exam_id=exam_id) for _ in range(4)]
    # A value that only the database refuses, as a client's fault that no schema saw would be.
    poison = sittings[1].operation("x")
    object.__setattr__(poison, "raw", {"text": object()})
    operations = [sitting.operation("ok") for sitting in sittings]
    operations[1] = poison
    results = sittings[0].save(*operations)
    assert [result.error is None for result in results] == [True, False, True, True]
    assert [len(sitting.revisions()) for sitting in sittings] == [1, 0, 1, 1]


def test_many_candidates_save_at_once(world: World) -> None:
    exam_id = world.exam()
    sittings = [world.sitting(exam_id=exam_id) for _ in range(8)]
    rounds = 15

    def write(sitting: Sitting) -> None:
        for number in range(rounds):
            result = sitting.save_text(f"text {number}", base=number)
            assert (result.state, result.revision) == ("saved", number + 1)

    with ThreadPoolExecutor(len(sittings)) as pool:
        list(pool.map(write, sittings))
    for sitting in sittings:
        response = sitting.response()
        assert response is not None
        assert response.raw == {"text": f"text {rounds - 1}"}
        assert [row.revision for row in sitting.revisions()] == list(range(1, rounds + 1))


def test_one_attempt_from_many_threads_keeps_everything(sitting: Sitting) -> None:
    operations = [sitting.operation(f"text {number}") for number in range(40)]
    start = threading.Barrier(8)

    def write(part: int) -> None:
        start.wait()
        for operation in operations[part::8]:
            assert sitting.save(operation)[0].error is None

    threads = [threading.Thread(target=write, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = sitting.revisions()
    assert {row.operation_id for row in rows} == {op.operation_id for op in operations}
    counted = [row.revision for row in rows if row.revision is not None]
    assert counted == list(range(1, len(counted) + 1))
    response = sitting.response()
    assert response is not None
    # The newest of the window counts, whatever the order of arrival was.
    assert response.raw == {"text": "text 39"}


def test_saves_do_not_wait_for_ever_on_a_locked_row(world: World, sitting: Sitting) -> None:
    """A transaction that holds the attempt only delays the save."""
    done = threading.Event()

    def save() -> None:
        assert sitting.save_text("Paris").state == "saved"
        done.set()

    with world.platform.db.transaction() as session:
        session.execute(select(ResponseRecord)).all()
        thread = threading.Thread(target=save)
        thread.start()
    thread.join(10)
    assert done.is_set()


def test_stopping_commits_what_waits(world: World, sitting: Sitting) -> None:
    operations = [sitting.operation(f"text {number}", base=number) for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        futures = [pool.submit(sitting.save, operation) for operation in operations]
        results = [future.result()[0] for future in futures]
    world.platform.saves.stop()
    assert all(result.error is None for result in results)
    assert len(sitting.revisions()) == 20
    with pytest.raises(Exception, match="stopping"):
        sitting.save_text("too late")


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ([], InvalidError),
        ("text", InvalidError),
        (None, InvalidError),
        ({"a": "x" * MAX_RAW_BYTES}, TooLargeError),
        ({"a": "ж" * (MAX_RAW_BYTES // 2)}, TooLargeError),
        ({"a": float("nan")}, InvalidError),
        ({"a": float("inf")}, InvalidError),
        ({"a": "\0"}, InvalidError),
        ({"\0": "a"}, InvalidError),
        ({"a": "\ud800"}, InvalidError),
        ({"a": ["\udfff"]}, InvalidError),
    ],
)
def test_what_a_database_could_not_keep_is_refused(raw: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_raw(raw)


def test_every_script_has_the_same_room() -> None:
    check_raw({"a": "ж" * (MAX_RAW_BYTES // 2 - 10)})


def test_deep_json_is_refused() -> None:
    deep: dict[str, object] = {}
    for _ in range(2000):
        deep = {"a": deep}
    with pytest.raises(InvalidError):
        check_raw(deep)


@pytest.mark.parametrize("text", ["", "ünï", "😀", "'; drop table", "\\u0000", "1e400", "\x7f"])
def test_odd_text_is_kept_as_it_is(sitting: Sitting, text: str) -> None:
    assert sitting.save_text(text).state == "saved"
    response = sitting.response()
    assert response is not None
    assert response.raw == {"text": text}


def test_no_revision_belongs_to_two_rows(sitting: Sitting) -> None:
    for number in range(3):
        sitting.save_text(str(number), base=number)
    with sitting.world.platform.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(ResponseRevision)) == 3


def test_database_that_is_away_is_said_in_a_line_and_the_client_told_when_to_try_again(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sitting = world.sitting()

    def fail() -> None:
        raise OperationalError(None, None, Exception("connection refused"))

    monkeypatch.setattr(world.platform.db, "transaction", fail)
    error = sitting.save_text("answer").error
    assert error is not None
    assert (error.code, error.status, error.details["retry_after"]) == ("save_failed", 503, 5)
    assert "failed: connection refused" in caplog.messages[-1]
    assert caplog.records[-1].exc_info is None
