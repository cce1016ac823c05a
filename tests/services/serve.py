"""`examhall serve` as a process that can be killed and started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.services.process import StartError

STARTED = re.compile(r"examhall serves http://\S+:(\d+)")
START_SECONDS = 60
COMMAND = Path(sys.executable).with_name("examhall")


class ServeProcess:
    """One web process; `port` is where it listens."""

    def __init__(
        self, folder: Path, settings: Mapping[str, str], options: Sequence[str] = ()
    ) -> None:
        self.port = 0
        self._log = folder / "serve.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [COMMAND, "serve", "--port", "0", *options],
                env={**os.environ, **settings},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def kill(self) -> None:
        """End it as a loss of power would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it as an operator would."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def log(self) -> str:
        """Return what it wrote."""
        return self._log.read_text(errors="replace")

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not (found := STARTED.search(self.log())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StartError(f"examhall serve did not start:\n{self.log()}")
            time.sleep(0.02)
        self.port = int(found[1])
