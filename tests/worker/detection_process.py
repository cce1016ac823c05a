"""A worker for tests: runs jobs as `examhall worker` or `examhall serve` does, but slowly.

Its settings come from the environment; it has the scripted detector besides the installed ones.
"""

import sys
import time
from typing import Any

from examhall.core.queue import LANES
from examhall.core.queue.rq_worker import work
from examhall.worker import detection, runner
from tests.core.proctoring.watching import load_scripted

if __name__ == "__main__":
    platform = runner.get_platform()
    load_scripted(platform)
    commit = detection.commit_batch

    def slowly(*arguments: Any) -> None:
        time.sleep(0.15)
        commit(*arguments)

    detection.commit_batch = slowly
    if platform.settings.redis_url:
        runner.start_schedule(platform)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        work(platform.settings.redis_url, LANES)
    else:
        platform.queue.start(platform)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        time.sleep(600)
