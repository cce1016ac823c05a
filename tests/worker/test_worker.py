"""`examhall worker` does what stands in the database, whatever is killed meanwhile."""

import signal
import subprocess
from collections.abc import Callable, Iterator

import psutil
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from examhall.core.integrations.connections import update_connection
from examhall.core.integrations.models import Connection
from examhall.core.permissions import SYSTEM
from examhall.core.platform import Platform
from examhall.worker.cli import worker as worker_command
from tests.core.integrations.world import connect, messages, queue
from tests.partner import Answer, partner
from tests.worker.conftest import children, wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(autouse=True)
def partners_of_earlier_tests_are_gone(platform: Platform) -> Iterator[None]:
    yield
    with platform.db.reading() as session:
        connections = session.scalars(select(Connection.id)).all()
    for connection_id in connections:
        update_connection(platform, SYSTEM, connection_id, state="disabled")


def is_delivered(platform: Platform) -> bool:
    return all(message.state == "delivered" for message in messages(platform))


@pytest.mark.usefixtures("worker")
def test_a_message_is_delivered_once_through_failures(platform: Platform) -> None:
    answers = [Answer(500), Answer(429, {"Retry-After": "2"}), Answer(503)]
    with partner(*answers) as server:
        connect(platform, server.url)
        queue(platform, "result:1", order="attempt:1", points="7")
        queue(platform, "result:1", order="attempt:1", points="7")
        wait_until(lambda: is_delivered(platform), 60)
    assert {call.headers["X-Examhall-Delivery"] for call in server.calls} == {"result:1"}
    assert len(server.calls) == 4
    assert server.calls[2].at - server.calls[1].at >= 2.0


def test_a_killed_process_is_replaced_and_its_job_done_again(
    platform: Platform, worker: subprocess.Popen[bytes]
) -> None:
    with partner(Answer(wait=300)) as server:
        connect(platform, server.url)
        queue(platform, "result:1")
        wait_until(lambda: server.calls)
        before = children(worker)
        for process in before:
            process.kill()
        wait_until(lambda: len(server.calls) == 2)
        wait_until(lambda: is_delivered(platform))
        assert server.calls[1].at - server.calls[0].at < 40
        assert {process.pid for process in children(worker)}.isdisjoint(p.pid for p in before)
    assert {call.headers["X-Examhall-Delivery"] for call in server.calls} == {"result:1"}
    assert messages(platform)[-1].tries == 2


@pytest.mark.usefixtures("worker")
def test_work_that_was_never_queued_is_found(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with partner() as server:
        connect(platform, server.url)
        with monkeypatch.context() as redis_is_away:
            redis_is_away.setattr(platform.queue, "enqueue", lambda *_, **__: None)
            queue(platform, "result:1")
        wait_until(lambda: is_delivered(platform))
    assert len(server.calls) == 1


def test_processes_end_with_the_command_that_was_killed(worker: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: len(children(worker)) == 2)
    processes = children(worker)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []


def test_sigterm_lets_the_job_end(platform: Platform, start_worker: Start) -> None:
    worker = start_worker("--processes", "1")
    with partner(Answer(wait=2)) as server:
        connect(platform, server.url)
        queue(platform, "result:1")
        wait_until(lambda: server.calls)
        worker.terminate()
        assert worker.wait(30) == 0
    assert messages(platform)[-1].state == "delivered"
    assert len(server.calls) == 1


def test_lanes_can_be_chosen(platform: Platform, start_worker: Start) -> None:
    start_worker("--processes", "1", "--lane", "detection")
    with partner() as server:
        connect(platform, server.url)
        queue(platform, "result:1")
        wait_until(lambda: platform.queue.depth("delivery") == 1)
        start_worker("--processes", "1", "--lane", "delivery", "--no-scheduler")
        wait_until(lambda: is_delivered(platform))


def test_without_redis_the_command_says_what_to_do(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The logs of this process are the tests' own.
    monkeypatch.setattr("examhall.worker.cli.configure_logs", lambda _: None)
    result = CliRunner().invoke(worker_command, env={**environment, "EXAMHALL_REDIS_URL": ""})
    assert result.exit_code == 1
    assert "EXAMHALL_REDIS_URL" in result.stderr
