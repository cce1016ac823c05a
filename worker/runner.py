"""Runs jobs: in a thread of the serve process, or in a process of `examhall worker`.

Core finds this module by name (core.queue.RUNNER).
"""

from __future__ import annotations

import logging
import threading
import time

from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings
from examhall.worker.jobs import JOBS
from examhall.worker.schedule import Schedule

log = logging.getLogger(__name__)

_guard = threading.Lock()
_platform: Platform | None = None


def run(platform: Platform, job: str, *args: str) -> None:
    """Run one job; what it raises is for the queue, which tries again."""
    began = time.monotonic()
    JOBS[job](platform, *args)
    log.info("job %s %s done in %.3f s", job, " ".join(args), time.monotonic() - began)


def perform(job: str, *args: str) -> None:
    """Run one job with this process's platform; RQ calls it."""
    run(get_platform(), job, *args)


def get_platform() -> Platform:
    """Return this process's platform, opened at the first call with the environment's settings."""
    global _platform  # noqa: PLW0603 - one for each process is what it is about
    with _guard:
        if _platform is None:
            _platform = open_platform(load_settings())
            _platform.plugins.start()
        return _platform


def close_platform() -> None:
    """Close this process's platform, if it was opened."""
    global _platform  # noqa: PLW0603
    with _guard:
        if _platform is not None:
            _platform.close()
            _platform = None


def start_schedule(platform: Platform) -> Schedule:
    """Start the periodic jobs in a thread."""
    schedule = Schedule(platform)
    schedule.start()
    return schedule
