"""Jobs that write down what happens to them, for tests of the queue."""

import os
import time
from pathlib import Path


class Recorder:
    """Runs any job: notes begin and end, and waits or fails as the job's name says.

    `wait` waits until the gate is opened, `fail` raises at the first try, `poison` always.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "log"

    def run(self, platform: object, job: str, *args: str) -> None:
        """Run a job."""
        self._note("begin", job, *args)
        if job == "wait":
            while not (self.folder / "gate").exists():
                time.sleep(0.01)
        elif job == "poison" or (job == "fail" and self.count("begin", job, *args) == 1):
            raise RuntimeError(f"{job} was told to")
        self._note("end", job, *args)

    def open_gate(self) -> None:
        """Let waiting jobs end."""
        (self.folder / "gate").touch()

    def lines(self) -> list[list[str]]:
        """Return everything noted so far: word, process, job, arguments."""
        return (
            [line.split() for line in self._log.read_text().splitlines()]
            if self._log.exists()
            else []
        )

    def count(self, word: str, job: str, *args: str) -> int:
        """Return how often something happened to a job."""
        return sum(line[0] == word and line[2:] == [job, *args] for line in self.lines())

    def wait_for(self, count: int, word: str, job: str, *args: str, seconds: float = 10) -> None:
        """Wait until something happened to a job so many times."""
        deadline = time.monotonic() + seconds
        while self.count(word, job, *args) < count:
            assert time.monotonic() < deadline, (count, word, job, args, self.lines())
            time.sleep(0.02)

    def _note(self, *words: str) -> None:
        text = " ".join((words[0], str(os.getpid()), *words[1:])) + "\n"
        descriptor = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, text.encode())
        os.close(descriptor)
