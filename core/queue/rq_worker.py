"""RQ's worker as examhall needs it: jobs in the process itself, death noticed within seconds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from examhall.core.queue.rq_queue import open_lanes, waiting_key

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
DEAD_AFTER_SECONDS = 6
DEQUEUE_SECONDS = 3


class InProcessWorker(SimpleWorker):
    """Runs jobs in this process, so that models stay loaded, and beats while it does.

    RQ's own SimpleWorker sends no heartbeat during a job: it must claim the job for its whole time
    limit, and a killed worker's job is found only after that.
    """

    log_result_lifespan = False
    max_connection_wait_time = 5.0

    @property
    def dequeue_timeout(self) -> int:
        """How long one wait for a job lasts, in seconds."""
        return DEQUEUE_SECONDS

    def get_heartbeat_ttl(self, job: Job) -> int:
        """Return after how many seconds without a beat the job counts as abandoned."""
        return DEAD_AFTER_SECONDS

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """Run a job: from now on an equal wake-up is queued anew."""
        self.connection.delete(waiting_key(str(job.args[0]), tuple(job.args[1:])))
        with self._beating(job):
            return super().perform_job(job, queue)

    @contextmanager
    def _beating(self, job: Job) -> Iterator[None]:
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(BEAT_SECONDS):
                try:
                    if self.execution is not None:
                        self.maintain_heartbeats(job)
                except RedisError as error:
                    log.warning("job %s: no heartbeat: %s", job.id, error)

        thread = threading.Thread(target=beat, name="examhall-beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def work(url: str, lanes: Sequence[str]) -> None:
    """Run jobs of these lanes, earlier lanes first, until SIGTERM; ends after the current job."""
    connection = Redis.from_url(url, socket_connect_timeout=5, health_check_interval=30)
    queues = [queue for lane, queue in open_lanes(connection).items() if lane in lanes]
    queues.sort(key=lambda queue: lanes.index(queue.name))
    worker = InProcessWorker(queues, connection=connection, serializer=JSONSerializer)
    try:
        worker.work(logging_level="WARNING")
    finally:
        connection.close()
