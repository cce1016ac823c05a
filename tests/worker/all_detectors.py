"""Analyses one session in a process of its own: `all_detectors SESSION`, settings as usual."""

import sys
from uuid import UUID

from examhall.worker import runner
from examhall.worker.detection import analyse_session

if __name__ == "__main__":
    platform = runner.get_platform()
    analyse_session(platform, UUID(sys.argv[1]))
    runner.close_platform()
