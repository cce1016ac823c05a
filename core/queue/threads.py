"""Jobs in threads of this process: the embedded default."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from examhall.core.queue import LANES, RETRY_SECONDS, RUNNER, lane_of

if TYPE_CHECKING:
    from examhall.core.platform import Platform

log = logging.getLogger(__name__)

THREADS: Mapping[str, int] = {"default": 2, "detection": 1, "delivery": 2, "bulk": 1}
CLOSE_SECONDS = 5.0


class Runner(Protocol):
    """What the worker's side offers, found by name."""

    def run(self, platform: Platform, job: str, *args: str) -> None:
        """Run one job; raise what it raises."""

    def start_schedule(self, platform: Platform) -> Schedule:
        """Start the periodic jobs."""


class Schedule(Protocol):
    """The running periodic jobs."""

    def stop(self) -> None:
        """End them."""


@dataclass(frozen=True, slots=True)
class _Task:
    job: str
    args: tuple[str, ...]
    lane: str
    tries: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        return (self.job, *self.args)


class ThreadQueue:
    """A queue whose jobs run here; the same job with the same arguments never runs twice at once.

    Jobs enqueued before `start` wait for it.
    """

    def __init__(self, threads: Mapping[str, int] = THREADS) -> None:
        self._threads_per_lane = threads
        self._changed = threading.Condition()
        self._lanes: dict[str, deque[_Task]] = {lane: deque() for lane in LANES}
        self._waiting: set[tuple[str, ...]] = set()
        self._running: set[tuple[str, ...]] = set()
        self._delayed: list[tuple[float, int, _Task]] = []
        self._delayed_until: dict[tuple[str, ...], float] = {}
        self._order = count()
        self._closing_at: float | None = None
        self._threads: list[threading.Thread] = []
        self._schedule: Schedule | None = None

    def start(self, platform: Platform) -> None:
        """Start the threads of every lane and the periodic jobs."""
        runner: Any = import_module(RUNNER)
        self.start_threads(runner, platform)
        self._schedule = runner.start_schedule(platform)

    def start_threads(self, runner: Runner, platform: Platform) -> None:
        """Start the threads alone."""
        for lane, threads in self._threads_per_lane.items():
            for number in range(threads):
                thread = threading.Thread(
                    target=self._work,
                    args=(lane, runner, platform),
                    name=f"examhall-{lane}-{number}",
                    daemon=True,
                )
                thread.start()
                self._threads.append(thread)

    def enqueue(self, job: str, *args: str, lane: str | None = None, delay: float = 0.0) -> None:
        """Have a job run; see JobQueue."""
        with self._changed:
            if self._closing_at is None:
                self._add(_Task(job, args, lane or lane_of(job)), delay)

    def depth(self, lane: str) -> int:
        """Return how many jobs wait in a lane."""
        with self._changed:
            return len(self._lanes[lane])

    def is_reachable(self) -> bool:
        """Say yes: it is a part of this process."""
        return True

    def lead(self) -> bool:
        """Say yes: every process with threads has its own schedule."""
        return True

    def maintain(self) -> None:
        """Do nothing: the threads see to delayed jobs."""

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until nothing waits and nothing runs (delayed jobs aside); say whether that came."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._waiting and not self._running, timeout=timeout
            )

    def close(self) -> None:
        """Take no more jobs, finish for some seconds, stop."""
        if self._schedule is not None:
            self._schedule.stop()
            self._schedule = None
        deadline = time.monotonic() + CLOSE_SECONDS
        with self._changed:
            self._closing_at = deadline
            self._delayed.clear()
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _add(self, task: _Task, delay: float = 0.0) -> None:
        if delay > 0:
            due = time.monotonic() + delay
            if self._delayed_until.get(task.key, float("inf")) <= due:
                return
            self._delayed_until[task.key] = due
            heapq.heappush(self._delayed, (due, next(self._order), task))
        elif task.key not in self._waiting:
            self._waiting.add(task.key)
            self._lanes[task.lane].append(task)
        self._changed.notify_all()

    def _add_due(self) -> float | None:
        """Move delayed jobs whose time has come; return the seconds until the next."""
        now = time.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            due, _, task = heapq.heappop(self._delayed)
            if self._delayed_until.get(task.key) == due:
                del self._delayed_until[task.key]
            self._add(task)
        return self._delayed[0][0] - now if self._delayed else None

    def _take(self, lane: str) -> _Task | None:
        """Wait for the next job of a lane; None when the queue closes."""
        with self._changed:
            while True:
                until_next = self._add_due()
                if self._closing_at is not None and (
                    not self._lanes[lane] or time.monotonic() >= self._closing_at
                ):
                    return None
                for task in self._lanes[lane]:
                    if task.key not in self._running:
                        self._lanes[lane].remove(task)
                        self._waiting.discard(task.key)
                        self._running.add(task.key)
                        return task
                self._changed.wait(until_next)

    def _work(self, lane: str, runner: Runner, platform: Platform) -> None:
        while task := self._take(lane):
            failed = False
            try:
                runner.run(platform, task.job, *task.args)
            except Exception:
                log.exception("job %s%s failed (try %d)", task.job, task.args, task.tries + 1)
                failed = True
            with self._changed:
                self._running.discard(task.key)
                if failed and task.tries < len(RETRY_SECONDS) and self._closing_at is None:
                    again = _Task(task.job, task.args, task.lane, task.tries + 1)
                    self._add(again, RETRY_SECONDS[task.tries])
                self._changed.notify_all()
