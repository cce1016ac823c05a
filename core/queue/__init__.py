"""The queue of jobs: `open_queue` gives RQ on Redis, or threads of this process.

A job is only a wake-up with ids. What is to be done stands in the database, and a sweep enqueues
what was forgotten, so a lost wake-up costs seconds and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from examhall.core.settings import Settings

if TYPE_CHECKING:
    from examhall.core.platform import Platform

RUNNER = "examhall.worker.runner"
"""Where the jobs' functions are found; by name, because core does not import the worker."""

LANES = ("default", "detection", "delivery", "bulk")
"""The queues: one for each kind of work, so that none waits behind another; a worker looks into
those that come first first."""

_LANE_OF_JOB = {
    "analyse_waiting": "detection",
    "analyse_session": "detection",
    "deliver_outbox": "delivery",
    "apply_inbox": "delivery",
    "emit_events": "delivery",
    "count_regrade": "bulk",
    "release_regrade": "bulk",
    "purge_evidence": "bulk",
}

RETRY_SECONDS = (1, 5, 25)
"""How long a job that raised waits before each new try; afterwards the sweep decides."""


class JobQueue(Protocol):
    """Wakes workers up."""

    def start(self, platform: Platform) -> None:
        """Run jobs and the schedule in this process, where the queue is of that kind."""

    def enqueue(self, job: str, *args: str, lane: str | None = None, delay: float = 0.0) -> None:
        """Have `job` run with `args`, `delay` seconds from now at the earliest.

        A wake-up that equals one still waiting is dropped; one that arrives while the same job
        runs leads to another run. Without `lane` the job goes to its usual one. Never raises: a
        queue that cannot be reached is logged.
        """

    def depth(self, lane: str) -> int:
        """Return how many jobs wait in a lane (without delayed ones)."""

    def is_reachable(self) -> bool:
        """Say whether the queue answers."""

    def lead(self) -> bool:
        """Say whether this process is the one to run the schedule for the next seconds."""

    def maintain(self) -> None:
        """Do what the queue itself needs every second or so."""

    def close(self) -> None:
        """Give running jobs a short time to end, and stop."""


def lane_of(job: str) -> str:
    """Return the lane that a job usually goes to."""
    return _LANE_OF_JOB.get(job, "default")


def open_queue(settings: Settings) -> JobQueue:
    """Return the queue that the settings ask for."""
    # Each kind is loaded only where it is used: RQ costs a third of a second at start.
    if settings.redis_url:
        from examhall.core.queue.rq_queue import RqQueue  # noqa: PLC0415

        return RqQueue(settings.redis_url)
    from examhall.core.queue.threads import ThreadQueue  # noqa: PLC0415

    return ThreadQueue()
