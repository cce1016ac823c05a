"""Events reach every sink at least once and in order per subject, and the hook after the commit."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import EntryPoint
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from examhall.core.contracts.base import Kind
from examhall.core.db import database_now
from examhall.core.events import delivery
from examhall.core.events.base import DomainEvent, Topic
from examhall.core.events.delivery import deliver_events, has_due_events
from examhall.core.events.models import EventDelivery
from examhall.core.events.operations import emit
from examhall.core.leases import release_lease, take_lease
from examhall.core.platform import Platform
from tests.core.events import sinks


@dataclass(frozen=True, slots=True, kw_only=True)
class SomethingHappened(DomainEvent):
    """An event for tests."""

    event_type: ClassVar[str] = "test.happened"
    topic: ClassVar[Topic] = Topic.ASSESSMENT

    number: int
    about: UUID | None = None


@pytest.fixture
def two_sinks(platform: Platform) -> Iterator[Platform]:
    """A platform with two sinks that remember, and the hook."""
    sinks.forget()
    point = EntryPoint("event_sink.memory", "tests.core.events.sinks", "examhall")
    platform.plugins.load([point])
    platform.plugins.refresh()
    platform.plugins.set_enabled(Kind.EVENT_SINK, "log", False)
    yield platform
    sinks.forget()


def tell(platform: Platform, subject: str, *numbers: int) -> None:
    """Emit events in one transaction."""
    with platform.db.transaction() as session:
        for number in numbers:
            emit(session, SomethingHappened(subject=subject, number=number))


def let_time_pass(platform: Platform) -> None:
    """Make everything due."""
    with platform.db.transaction() as session:
        session.execute(update(EventDelivery).values(due_at=database_now(session)))


def waiting(platform: Platform) -> int:
    """Count what is not delivered."""
    with platform.db.reading() as session:
        return session.scalar(select(func.count()).select_from(EventDelivery)) or 0


def numbers(events: list[sinks.EventEnvelope], subject: str) -> list[int]:
    """Return the numbers of a subject's events in the order in which they came."""
    return [event.metadata["number"] for event in events if event.subject == subject]


def test_every_sink_and_the_hook_get_every_event_once(two_sinks: Platform) -> None:
    tell(two_sinks, "a", 1, 2)
    tell(two_sinks, "b", 3)
    deliver_events(two_sinks)
    deliver_events(two_sinks)
    for got in (sinks.one.got, sinks.two.got, sinks.heard):
        assert [event.metadata["number"] for event in got] == [1, 2, 3]
    assert waiting(two_sinks) == 0


def test_an_event_carries_all_that_the_envelope_has(two_sinks: Platform) -> None:
    user, exam, about = uuid4(), uuid4(), uuid4()
    event = SomethingHappened(
        subject="attempt:7", user_id=user, exam_id=exam, course_id="C1", number=1, about=about
    )
    with two_sinks.db.transaction() as session:
        now = database_now(session)
        emit(session, event)
    deliver_events(two_sinks)
    (got,) = sinks.one.got
    assert (got.event_type, got.topic, got.subject) == (
        "test.happened",
        "assessment.events",
        "attempt:7",
    )
    assert (got.user_id, got.exam_id, got.course_id) == (str(user), str(exam), "C1")
    assert got.metadata == {"number": 1, "about": str(about)}
    assert now <= got.timestamp <= now + timedelta(seconds=5)
    UUID(got.event_id)


def test_a_rolled_back_event_is_never_heard(two_sinks: Platform) -> None:
    with two_sinks.db.transaction() as session:
        emit(session, SomethingHappened(subject="a", number=1))
        session.rollback()
    deliver_events(two_sinks)
    assert sinks.one.got == []
    assert sinks.heard == []


def test_a_failing_sink_gets_its_events_later_and_stops_no_other(two_sinks: Platform) -> None:
    sinks.one.refuses.append(lambda event: True)
    tell(two_sinks, "a", 1, 2)
    deliver_events(two_sinks)
    assert numbers(sinks.two.got, "a") == [1, 2]
    assert waiting(two_sinks) == 2
    with two_sinks.db.reading() as session:
        assert not has_due_events(session)
        assert "not now" in (session.scalar(select(EventDelivery.last_error)) or "")
    sinks.one.refuses.clear()
    let_time_pass(two_sinks)
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == [1, 2]


def test_one_bad_event_holds_back_its_subject_alone(two_sinks: Platform) -> None:
    sinks.one.refuses.append(lambda event: event.metadata["number"] == 2)
    tell(two_sinks, "a", 1, 2, 3)
    tell(two_sinks, "b", 4, 5)
    deliver_events(two_sinks)
    let_time_pass(two_sinks)
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == [1]
    assert numbers(sinks.one.got, "b") == [4, 5]
    sinks.one.refuses.clear()
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == [1]
    let_time_pass(two_sinks)
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == [1, 2, 3]


def test_later_events_wait_for_earlier_ones_of_their_subject(two_sinks: Platform) -> None:
    sinks.one.refuses.append(lambda event: True)
    tell(two_sinks, "a", 1)
    deliver_events(two_sinks)
    sinks.one.refuses.clear()
    tell(two_sinks, "a", 2)
    tell(two_sinks, "b", 3)
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == []
    assert numbers(sinks.one.got, "b") == [3]
    let_time_pass(two_sinks)
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == [1, 2]


def test_a_sink_that_is_paused_misses_nothing(two_sinks: Platform) -> None:
    sinks.one.refuses.append(lambda event: True)
    for number in range(6):
        tell(two_sinks, "a", number)
        deliver_events(two_sinks)
        let_time_pass(two_sinks)
        two_sinks.plugins.flush()
    two_sinks.plugins.refresh()
    assert two_sinks.plugins.find(Kind.EVENT_SINK, "one") is None
    sinks.one.refuses.clear()
    tell(two_sinks, "a", 6)
    deliver_events(two_sinks)
    assert sinks.one.got == []
    two_sinks.plugins.set_enabled(Kind.EVENT_SINK, "one", True)
    let_time_pass(two_sinks)
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == list(range(7))


def test_a_sink_that_is_switched_off_gets_no_new_events(two_sinks: Platform) -> None:
    two_sinks.plugins.set_enabled(Kind.EVENT_SINK, "one", False)
    tell(two_sinks, "a", 1)
    deliver_events(two_sinks)
    two_sinks.plugins.set_enabled(Kind.EVENT_SINK, "one", True)
    tell(two_sinks, "a", 2)
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == [2]
    assert numbers(sinks.two.got, "a") == [1, 2]


def test_many_writers_and_workers_keep_the_order_of_each_subject(two_sinks: Platform) -> None:
    counters = dict.fromkeys(("a", "b", "c"), 0)
    locks = {subject: threading.Lock() for subject in counters}

    def write(index: int) -> None:
        subject = "abc"[index % 3]
        with two_sinks.db.transaction() as session, locks[subject]:
            number = counters[subject] = counters[subject] + 1
            emit(session, SomethingHappened(subject=subject, number=number))

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(write, index) for index in range(60)]
        jobs += [pool.submit(deliver_events, two_sinks) for _ in range(20)]
        for job in jobs:
            job.result()
    deliver_events(two_sinks)
    let_time_pass(two_sinks)
    deliver_events(two_sinks)
    for subject in counters:
        for got in (sinks.one.got, sinks.two.got):
            assert list(dict.fromkeys(numbers(got, subject))) == list(range(1, 21))


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.services)], indirect=True
)
def test_an_event_waits_for_an_open_transaction_of_its_subject(two_sinks: Platform) -> None:
    """Otherwise a later number could be seen, and sent, before an earlier one."""
    second_done = threading.Event()

    def second() -> None:
        tell(two_sinks, "a", 2)
        second_done.set()

    with two_sinks.db.transaction() as session:
        emit(session, SomethingHappened(subject="a", number=1))
        thread = threading.Thread(target=second)
        thread.start()
        assert not second_done.wait(0.5)
        deliver_events(two_sinks)
        assert sinks.one.got == []
        tell(two_sinks, "b", 3)
    thread.join()
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == [1, 2]


def test_a_worker_that_died_while_delivering_loses_nothing(
    two_sinks: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(two_sinks, "a", 1)
    with two_sinks.db.transaction() as session:
        assert take_lease(session, "events:one", "the dead one", 0.4)
    deliver_events(two_sinks)
    assert sinks.one.got == []
    threading.Event().wait(0.5)
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == [1]


def test_a_large_backlog_is_delivered_in_batches(
    two_sinks: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "BATCH", 10)
    tell(two_sinks, "a", *range(35))
    deliver_events(two_sinks)
    assert numbers(sinks.one.got, "a") == list(range(35))
    assert max(sinks.one.batches) == 10


def test_a_lease_has_one_holder_until_it_runs_out(platform: Platform) -> None:
    def take(holder: str, seconds: float = 60) -> bool:
        with platform.db.transaction() as session:
            return take_lease(session, "job", holder, seconds)

    assert take("one", 0.3)
    assert take("one", 0.3)
    assert not take("two")
    threading.Event().wait(0.4)
    assert take("two")
    with platform.db.transaction() as session:
        release_lease(session, "job", "one")
    assert not take("one")
    with platform.db.transaction() as session:
        release_lease(session, "job", "two")
    assert take("one")
