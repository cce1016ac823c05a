"""One worker process: `python -m examhall.worker.process LANE...`, started by `examhall worker`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence

from examhall.core.logs import configure_logs
from examhall.core.queue.rq_worker import work
from examhall.worker import runner


def main(lanes: Sequence[str]) -> None:
    """Run jobs until SIGTERM; the platform and its models are loaded once."""
    platform = runner.get_platform()
    configure_logs(platform.settings.log_level)
    threading.Thread(target=_end_with_parent, name="examhall-parent", daemon=True).start()
    try:
        work(platform.settings.redis_url, lanes)
    finally:
        runner.close_platform()


def _end_with_parent() -> None:
    """End gracefully when the standard input closes: then `examhall worker` is gone."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1:])
