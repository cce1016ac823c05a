"""A worker for tests: runs jobs as `examhall worker` or `examhall serve` does, but slowly.

It has the scripted detector besides the installed ones.
"""

import os
import time
from collections.abc import Mapping
from multiprocessing.synchronize import Event
from typing import Any

from examhall.core.queue import LANES
from examhall.core.queue.rq_worker import work
from examhall.worker import detection, runner
from tests.core.proctoring.watching import load_scripted


def detect_slowly(environment: Mapping[str, str], ready: Event) -> None:
    os.environ.update(environment)
    platform = runner.get_platform()
    load_scripted(platform)
    commit = detection.commit_batch

    def slowly(*arguments: Any) -> None:
        time.sleep(0.15)
        commit(*arguments)

    detection.commit_batch = slowly
    if platform.settings.redis_url:
        runner.start_schedule(platform)
        ready.set()
        work(platform.settings.redis_url, LANES)
    else:
        platform.queue.start(platform)
        ready.set()
        time.sleep(600)
