"""A worker process for tests: `rq_process URL FOLDER` runs the recorder's jobs."""

import sys
from pathlib import Path
from types import ModuleType

from examhall.core.queue import LANES, RUNNER
from examhall.core.queue.rq_worker import work
from tests.worker.recorder import Recorder

if __name__ == "__main__":
    recorder = Recorder(Path(sys.argv[2]))
    runner = ModuleType(RUNNER)
    vars(runner)["perform"] = lambda job, *args: recorder.run(None, job, *args)
    sys.modules[RUNNER] = runner
    work(sys.argv[1], LANES)
