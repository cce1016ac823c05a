"""Without Redis the serve process does the jobs and the periodic work itself."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from examhall.core.contracts.base import Kind
from examhall.core.events.models import EventDelivery
from examhall.core.integrations.models import OutboxMessage
from examhall.core.platform import Platform, open_platform
from examhall.core.queue import lane_of
from examhall.core.settings import load_settings
from examhall.worker import forgotten, runner
from examhall.worker.forgotten import Reminders, Work, find_forgotten_work
from examhall.worker.jobs import JOBS
from examhall.worker.schedule import Periodic, Schedule, periodic_work
from tests.core.integrations.world import connect, connection_now, messages, queue
from tests.partner import LOOPBACK, Answer, partner
from tests.worker.conftest import wait_until


@pytest.fixture
def platform(database_url: str, tmp_path: Path) -> Iterator[Platform]:
    settings = load_settings(
        {},
        data_dir=tmp_path,
        database_url=database_url,
        outbound_networks=[LOOPBACK],
        allow_plain_http=True,
    )
    platform = open_platform(settings)
    yield platform
    platform.close()


def is_delivered(platform: Platform) -> bool:
    return all(message.state == "delivered" for message in messages(platform))


def test_a_message_is_delivered_once_through_failures(platform: Platform) -> None:
    platform.queue.start(platform)
    with partner(Answer(500), Answer(429, {"Retry-After": "2"})) as server:
        connect(platform, server.url)
        queue(platform, "result:1")
        queue(platform, "result:1")
        wait_until(lambda: is_delivered(platform))
    assert {call.headers["X-Examhall-Delivery"] for call in server.calls} == {"result:1"}
    assert len(server.calls) == 3
    assert server.calls[2].at - server.calls[1].at >= 2.0


def test_events_reach_the_log_and_audit_entries_their_chain(
    platform: Platform, tmp_path: Path
) -> None:
    path = tmp_path / "events.jsonl"
    platform.plugins.configure(Kind.EVENT_SINK, "log", {"path": str(path)})
    platform.queue.start(platform)
    with partner() as server:
        connect(platform, server.url)
        queue(platform, "result:1")
        wait_until(lambda: path.exists() and path.read_text())
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["event_type"] == "message.delivered"


def test_a_connection_that_was_paused_is_left_alone(platform: Platform) -> None:
    platform.queue.start(platform)
    with partner(Answer(401)) as server:
        connection = connect(platform, server.url)
        queue(platform, "result:1")
        wait_until(lambda: connection_now(platform, connection).state == "paused")
        time.sleep(2.5)
    assert len(server.calls) == 1


def test_every_job_that_the_sweep_finds_is_known() -> None:
    assert set(JOBS) == {
        "score_attempt",
        "analyse_waiting",
        "analyse_session",
        "deliver_outbox",
        "apply_inbox",
        "emit_events",
        "count_regrade",
        "release_regrade",
        "purge_evidence",
    }
    assert {job: lane_of(job) for job in JOBS} == {
        "score_attempt": "default",
        "analyse_waiting": "detection",
        "analyse_session": "detection",
        "deliver_outbox": "delivery",
        "apply_inbox": "delivery",
        "emit_events": "delivery",
        "count_regrade": "bulk",
        "release_regrade": "bulk",
        "purge_evidence": "bulk",
    }


def test_work_in_the_database_is_found(platform: Platform) -> None:
    with partner() as server:
        connection = connect(platform, server.url)
        queue(platform, "result:1")
    with platform.db.reading() as session:
        found = list(find_forgotten_work(session, 120))
    assert [work.job for work in found] == ["deliver_outbox"]
    assert found[0].args == (str(connection.id),)
    runner.run(platform, "deliver_outbox", str(connection.id))
    with platform.db.transaction() as session:
        session.execute(update(OutboxMessage).values(state="delivered"))
    with platform.db.reading() as session:
        assert [work.job for work in find_forgotten_work(session, 120)] in ([], ["emit_events"])
    runner.run(platform, "emit_events")
    with platform.db.reading() as session:
        assert session.query(EventDelivery).count() == 0


def test_reminders_become_rarer_for_work_that_gets_nowhere(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueued: list[tuple[str, ...]] = []
    now = 1000.0
    found = [Work("score_attempt", ("1",))]
    monkeypatch.setattr(platform.queue, "enqueue", lambda *job: enqueued.append(job))
    monkeypatch.setattr(forgotten, "find_forgotten_work", lambda *_: found)
    monkeypatch.setattr(forgotten.time, "monotonic", lambda: now)
    reminders = Reminders()
    times = []
    for second in range(100):
        now = 1000.0 + second
        before = len(enqueued)
        reminders.remind(platform)
        if len(enqueued) > before:
            times.append(second)
    assert times == [0, 5, 15, 35, 75]
    found[:] = [Work("score_attempt", ("1",), "further")]
    reminders.remind(platform)
    assert len(enqueued) == 6
    found.clear()
    reminders.remind(platform)
    found[:] = [Work("score_attempt", ("1",), "further")]
    reminders.remind(platform)
    assert len(enqueued) == 7


def test_one_failing_piece_of_periodic_work_stops_no_other(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []

    def fail(platform: Platform) -> None:
        raise RuntimeError("told to")

    work = [Periodic("bad", 0.1, fail), Periodic("good", 0.1, lambda _: done.append(1))]
    schedule = Schedule(platform, work)
    with caplog.at_level(logging.CRITICAL):
        schedule.start()
        wait_until(lambda: len(done) >= 3)
        schedule.stop()
    count = len(done)
    time.sleep(0.5)
    assert len(done) == count


def test_the_sweep_runs_as_often_as_the_settings_say(platform: Platform) -> None:
    periods = {work.name: work.seconds for work in periodic_work(platform)}
    assert periods["sweep_attempts"] == platform.settings.sweep_seconds
    assert set(periods) == {
        "sweep_attempts",
        "maintain_queue",
        "find_forgotten_work",
        "seal_audit",
        "wake_purge",
    }
