"""The processes of `examhall worker`: started, started anew when they die, ended together."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
SHORTEST_LIFE_SECONDS = 5.0
PATIENCE_SECONDS = 60.0
"""How long a process may take to end its current job before it is killed."""


class WorkerPool:
    """Keeps a number of worker processes alive until SIGTERM or SIGINT."""

    def __init__(self, lanes: Sequence[str], processes: int) -> None:
        self._lanes = lanes
        self._wanted = processes
        self._processes: dict[subprocess.Popen[bytes], float] = {}
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until a signal comes, then let every process end its job."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            while not self._stopping.is_set():
                self._replace_dead()
                self._stopping.wait(LOOK_SECONDS)
        finally:
            self._end_all()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _replace_dead(self) -> None:
        for process, began in list(self._processes.items()):
            if process.poll() is None:
                continue
            log.warning("worker process %d ended with %d", process.pid, process.returncode)
            if time.monotonic() - began < SHORTEST_LIFE_SECONDS:
                self._stopping.wait(1.0)
            self._forget(process)
        while len(self._processes) < self._wanted and not self._stopping.is_set():
            self._start()

    def _start(self) -> None:
        # A session of its own: Ctrl+C reaches this process alone, which tells the others. The
        # pipe tells them when this process is gone without a word.
        process = subprocess.Popen(  # noqa: S603 - the words are ours
            [sys.executable, "-m", "examhall.worker.process", *self._lanes],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._processes[process] = time.monotonic()

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            process.stdin.close()
        del self._processes[process]

    def _end_all(self) -> None:
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for process in list(self._processes):
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("worker process %d is killed: its job does not end", process.pid)
                process.kill()
                process.wait()
            self._forget(process)
