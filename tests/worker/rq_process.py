"""A worker process for tests that runs the recorder's jobs."""

import sys
from pathlib import Path
from types import ModuleType

from examhall.core.queue import LANES, RUNNER
from examhall.core.queue.rq_worker import work
from tests.worker.recorder import Recorder


def run_recorded_jobs(url: str, folder: Path) -> None:
    recorder = Recorder(folder)
    runner = ModuleType(RUNNER)
    vars(runner)["perform"] = lambda job, *args: recorder.run(None, job, *args)
    sys.modules[RUNNER] = runner
    work(url, LANES)
