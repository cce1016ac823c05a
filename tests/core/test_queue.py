"""Jobs run, once for equal wake-ups, again after a failure or a death: in threads and on RQ."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from examhall.core.queue import JobQueue, open_queue
from examhall.core.queue.threads import ThreadQueue
from examhall.core.settings import load_settings
from tests.processes import start_process
from tests.services.process import free_port
from tests.worker.recorder import Recorder
from tests.worker.rq_process import run_recorded_jobs


class Backend:
    """A queue with its workers, and with what the schedule does for it."""

    def __init__(self, queue: JobQueue, recorder: Recorder) -> None:
        self.queue = queue
        self.recorder = recorder
        self.processes: list[BaseProcess] = []
        self.ended = threading.Event()
        self.schedule = threading.Thread(target=self.maintain)
        self.schedule.start()

    def maintain(self) -> None:
        """Maintain the queue until the end."""
        while not self.ended.wait(0.1):
            self.queue.maintain()

    def start_worker(self) -> None:
        """Start what runs the jobs."""
        if isinstance(self.queue, ThreadQueue):
            self.queue.start_threads(self.recorder, None)  # type: ignore[arg-type]
            return
        arguments = (self.queue.url, self.recorder.folder)
        self.processes.append(start_process(run_recorded_jobs, *arguments))

    def stop(self) -> None:
        """End schedule, workers and queue."""
        self.ended.set()
        self.schedule.join()
        self.recorder.open_gate()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join(15)
            assert process.exitcode is not None
        self.queue.close()


@pytest.fixture
def open_backend(tmp_path: Path) -> Iterator[Callable[[str], Backend]]:
    """Open the queue of a Redis, or of threads for an empty URL."""
    opened: list[Backend] = []

    def open_one(url: str) -> Backend:
        queue = open_queue(load_settings({}, redis_url=url))
        opened.append(Backend(queue, Recorder(tmp_path)))
        return opened[-1]

    yield open_one
    for backend in opened:
        backend.stop()


@pytest.fixture(params=["threads", pytest.param("redis", marks=pytest.mark.services)])
def backend(request: pytest.FixtureRequest, open_backend: Callable[[str], Backend]) -> Backend:
    return open_backend(request.getfixturevalue("redis_url") if request.param == "redis" else "")


def test_a_job_runs_with_its_arguments(backend: Backend) -> None:
    backend.start_worker()
    backend.queue.enqueue("note", "a", "b")
    backend.recorder.wait_for(1, "end", "note", "a", "b")


def test_a_job_from_before_the_start_runs(backend: Backend) -> None:
    backend.queue.enqueue("note", "a")
    backend.start_worker()
    backend.recorder.wait_for(1, "end", "note", "a")


def test_jobs_of_every_lane_run(backend: Backend) -> None:
    backend.start_worker()
    for lane in ("default", "detection", "delivery", "bulk"):
        backend.queue.enqueue("note", lane, lane=lane)
    for lane in ("default", "detection", "delivery", "bulk"):
        backend.recorder.wait_for(1, "end", "note", lane)


def test_equal_wake_ups_that_wait_are_one(backend: Backend) -> None:
    for _ in range(5):
        backend.queue.enqueue("note", "a")
        backend.queue.enqueue("note", "b")
    assert backend.queue.depth("default") == 2
    backend.start_worker()
    backend.recorder.wait_for(1, "end", "note", "a")
    backend.recorder.wait_for(1, "end", "note", "b")
    time.sleep(0.3)
    assert backend.recorder.count("begin", "note", "a") == 1


def test_a_wake_up_during_the_run_leads_to_another_run(backend: Backend) -> None:
    backend.start_worker()
    backend.queue.enqueue("wait", "a")
    backend.recorder.wait_for(1, "begin", "wait", "a")
    for _ in range(3):
        backend.queue.enqueue("wait", "a")
    backend.recorder.open_gate()
    backend.recorder.wait_for(2, "end", "wait", "a")
    time.sleep(0.3)
    assert backend.recorder.count("begin", "wait", "a") == 2


def test_a_failed_job_is_tried_again(backend: Backend) -> None:
    backend.start_worker()
    backend.queue.enqueue("fail", "a")
    backend.recorder.wait_for(1, "end", "fail", "a")


def test_a_job_that_always_fails_stops_no_other(backend: Backend) -> None:
    backend.start_worker()
    backend.queue.enqueue("poison")
    backend.recorder.wait_for(1, "begin", "poison")
    backend.queue.enqueue("note", "a")
    backend.recorder.wait_for(1, "end", "note", "a")
    backend.recorder.wait_for(2, "begin", "poison")


def test_a_delayed_job_waits(backend: Backend) -> None:
    backend.start_worker()
    began = time.monotonic()
    backend.queue.enqueue("note", "late", delay=2.0)
    backend.queue.enqueue("note", "late", delay=3.0)
    backend.queue.enqueue("note", "now")
    backend.recorder.wait_for(1, "end", "note", "now")
    assert backend.recorder.count("begin", "note", "late") == 0
    backend.recorder.wait_for(1, "end", "note", "late")
    assert 1.0 <= time.monotonic() - began < 5.0
    time.sleep(1.5)
    assert backend.recorder.count("begin", "note", "late") == 1


def test_an_immediate_wake_up_does_not_wait_for_a_delayed_one(backend: Backend) -> None:
    backend.start_worker()
    backend.queue.enqueue("note", "a", delay=60)
    backend.queue.enqueue("note", "a")
    backend.recorder.wait_for(1, "end", "note", "a")


def test_a_shorter_delay_wins(backend: Backend) -> None:
    backend.start_worker()
    backend.queue.enqueue("note", "a", delay=60)
    backend.queue.enqueue("note", "a", delay=1)
    backend.recorder.wait_for(1, "end", "note", "a")


def test_closing_lets_the_running_job_end(backend: Backend) -> None:
    backend.start_worker()
    backend.queue.enqueue("wait", "a")
    backend.recorder.wait_for(1, "begin", "wait", "a")
    threading.Timer(0.5, backend.recorder.open_gate).start()
    if isinstance(backend.queue, ThreadQueue):
        backend.queue.close()
    else:
        backend.processes[0].terminate()
        backend.processes[0].join(15)
        assert backend.processes[0].exitcode == 0
    assert backend.recorder.count("end", "wait", "a") == 1


def test_the_same_job_never_runs_twice_at_once_in_threads(tmp_path: Path) -> None:
    queue, recorder = ThreadQueue(), Recorder(tmp_path)
    queue.start_threads(recorder, None)  # type: ignore[arg-type]
    queue.enqueue("wait", "a")
    recorder.wait_for(1, "begin", "wait", "a")
    queue.enqueue("wait", "a")
    queue.enqueue("note", "other")
    recorder.wait_for(1, "end", "note", "other")
    assert recorder.count("begin", "wait", "a") == 1
    recorder.open_gate()
    assert queue.settle()
    assert recorder.count("end", "wait", "a") == 2
    queue.close()


def test_a_closed_queue_takes_nothing_more() -> None:
    queue = ThreadQueue()
    queue.close()
    queue.enqueue("note")
    assert queue.depth("default") == 0


@pytest.mark.services
def test_a_killed_workers_job_is_done_again(
    redis_url: str, open_backend: Callable[[str], Backend]
) -> None:
    backend = open_backend(redis_url)
    for _ in range(2):
        backend.start_worker()
    backend.queue.enqueue("wait", "a")
    backend.recorder.wait_for(1, "begin", "wait", "a")
    os.kill(int(backend.recorder.lines()[0][1]), signal.SIGKILL)
    backend.recorder.wait_for(2, "begin", "wait", "a", seconds=15)
    backend.recorder.open_gate()
    backend.recorder.wait_for(1, "end", "wait", "a")


@pytest.mark.services
def test_a_long_job_is_not_taken_for_dead(
    redis_url: str, open_backend: Callable[[str], Backend]
) -> None:
    backend = open_backend(redis_url)
    for _ in range(2):
        backend.start_worker()
    backend.queue.enqueue("wait", "a")
    backend.recorder.wait_for(1, "begin", "wait", "a")
    time.sleep(9)
    assert backend.recorder.count("begin", "wait", "a") == 1
    backend.stop()
    assert backend.recorder.count("end", "wait", "a") == 1


@pytest.mark.services
def test_one_process_leads(redis_url: str) -> None:
    settings = load_settings({}, redis_url=redis_url)
    first, second = open_queue(settings), open_queue(settings)
    assert first.lead()
    assert not second.lead()
    assert first.lead()
    first.close()
    assert second.lead()
    second.close()


def test_a_redis_that_is_away_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    queue = open_queue(load_settings({}, redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    queue.enqueue("note", "a")
    queue.enqueue("note", "a", delay=5)
    queue.maintain()
    assert not queue.lead()
    assert queue.depth("default") == 0
    assert "could not be queued" in caplog.text
    queue.close()


def test_who_never_led_ends_without_asking_redis(caplog: pytest.LogCaptureFixture) -> None:
    queue = open_queue(load_settings({}, redis_url="redis://127.0.0.1:1/0"))
    with caplog.at_level(logging.INFO):
        queue.close()
    assert "leadership" not in caplog.text
