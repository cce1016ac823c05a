"""Jobs in RQ on Redis, for any number of worker machines."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from redis import Redis
from redis import retry as redis_retry
from redis.backoff import NoBackoff
from redis.exceptions import LockError, RedisError
from rq import Queue, Retry
from rq.registry import StartedJobRegistry
from rq.scheduler import RQScheduler
from rq.serializers import JSONSerializer

from examhall.core.queue import LANES, RETRY_SECONDS, RUNNER, lane_of

if TYPE_CHECKING:
    from examhall.core.platform import Platform

log = logging.getLogger(__name__)

PREFIX = "examhall:job:"
JOB_TIMEOUT = 600
FAILURE_TTL = 86400
WAITING_SECONDS = 30
"""How long a wake-up holds back its equals: a job that vanished is missed no longer than this."""
LEADER_SECONDS = 3


def waiting_key(job: str, args: tuple[str, ...]) -> str:
    """Return the Redis key that says that this job waits to be run."""
    return PREFIX + "waiting:" + ":".join((job, *args))


def open_lanes(connection: Redis) -> dict[str, Queue]:
    """Return RQ's queues. Jobs are JSON: whoever may write to Redis cannot make us run pickles."""
    return {lane: Queue(lane, connection=connection, serializer=JSONSerializer) for lane in LANES}


class RqQueue:
    """A queue whose jobs run in `examhall worker` processes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection: Redis = Redis.from_url(
            url,
            socket_connect_timeout=2,
            socket_timeout=5,
            health_check_interval=30,
            retry=redis_retry.Retry(NoBackoff(), 1),
        )
        self._lanes = open_lanes(self.connection)
        self._leadership = self.connection.lock(
            PREFIX + "scheduler", timeout=LEADER_SECONDS, thread_local=False
        )

    def start(self, platform: Platform) -> None:
        """Do nothing: the jobs run in worker processes."""

    def enqueue(self, job: str, *args: str, lane: str | None = None, delay: float = 0.0) -> None:
        """Have a job run; see JobQueue."""
        queue = self._lanes[lane or lane_of(job)]
        try:
            if delay > 0:
                self._enqueue_later(queue, job, args, delay)
            else:
                self._enqueue_now(queue, job, args)
        except RedisError as error:
            log.warning("job %s%s could not be queued, the sweep will: %s", job, args, error)

    def depth(self, lane: str) -> int:
        """Return how many jobs wait in a lane; 0 when Redis does not answer."""
        try:
            return self._lanes[lane].count
        except RedisError as error:
            log.warning("the depth of lane %s is unknown: %s", lane, error)
            return 0

    def is_reachable(self) -> bool:
        """Say whether Redis answers."""
        try:
            return bool(self.connection.ping())
        except RedisError:
            return False

    def lead(self) -> bool:
        """Become or stay the one process that runs the schedule, for LEADER_SECONDS from now."""
        try:
            return self._keep_leading() or bool(self._leadership.acquire(blocking=False))
        except RedisError as error:
            log.warning("nobody can lead the schedule: %s", error)
            return False

    def maintain(self) -> None:
        """Move delayed jobs whose time has come, and jobs of dead workers, into their lanes."""
        try:
            scheduler = RQScheduler(
                list(LANES), connection=self.connection, serializer=JSONSerializer
            )
            scheduler.prepare_registries(LANES)
            scheduler.enqueue_scheduled_jobs()  # type: ignore[no-untyped-call]
            for lane in LANES:
                StartedJobRegistry(
                    lane, connection=self.connection, serializer=JSONSerializer
                ).cleanup()
        except RedisError as error:
            log.warning("delayed jobs have to wait: %s", error)

    def close(self) -> None:
        """Give up leadership and close the connection."""
        try:
            # Who never led asks nobody: Redis may be away.
            if self._leadership.local.token is not None and self._leadership.owned():
                self._leadership.release()
        except RedisError as error:
            log.info("leadership runs out by itself: %s", error)
        self.connection.close()

    def _keep_leading(self) -> bool:
        try:
            self._leadership.reacquire()
        except LockError:
            return False
        return True

    def _enqueue_now(self, queue: Queue, job: str, args: tuple[str, ...]) -> None:
        key = waiting_key(job, args)
        if not self.connection.set(key, "1", nx=True, ex=WAITING_SECONDS):
            return
        try:
            self._put(queue, job, args)
        except RedisError:
            self.connection.delete(key)
            raise

    def _enqueue_later(self, queue: Queue, job: str, args: tuple[str, ...], delay: float) -> None:
        key = PREFIX + "delayed:" + ":".join((job, *args))
        milliseconds = max(1, round(delay * 1000))
        if 0 <= self.connection.pttl(key) <= milliseconds:
            return
        self.connection.set(key, "1", px=milliseconds)
        self._put(queue, job, args, timedelta(seconds=delay))

    def _put(
        self, queue: Queue, job: str, args: tuple[str, ...], delay: timedelta | None = None
    ) -> None:
        function = f"{RUNNER}.perform"
        retry = Retry(max=len(RETRY_SECONDS), interval=list(RETRY_SECONDS))
        options = {
            "job_timeout": JOB_TIMEOUT,
            "result_ttl": 0,
            "failure_ttl": FAILURE_TTL,
            "description": " ".join((job, *args)),
            "retry": retry,
        }
        if delay is None:
            queue.enqueue(function, job, *args, **options)
        else:
            queue.enqueue_in(delay, function, job, *args, **options)
