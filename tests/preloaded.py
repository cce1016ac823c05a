"""What processes for tests have imported before they are forked; see `processes.py`."""

from importlib.metadata import entry_points

import examhall.worker.runner
import tests.core.proctoring.watching
from examhall.core.queue import rq_worker
from examhall.core.registry.loading import GROUP

__all__ = ["examhall", "rq_worker", "tests"]

for point in entry_points(group=GROUP):
    point.load()
