"""Start and end server processes so that none of them outlives the tests."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

UNPRIVILEGED_USER = "nobody"
LOG_LINES_SHOWN = 20


class NotInstalledError(Exception):
    """A server that a test needs is not on this machine."""


class StartError(Exception):
    """A server is here and does not start."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_folder(purpose: str) -> Path:
    """Make a throw-away folder that belongs to the user whom servers run as."""
    folder = Path(tempfile.mkdtemp(prefix=f"examhall-{purpose}-"))
    if os.geteuid() == 0:
        shutil.chown(folder, UNPRIVILEGED_USER)
    return folder


def remove_folder(folder: Path) -> None:
    """Remove a folder whose last files may vanish at the same time."""
    shutil.rmtree(folder, ignore_errors=True)


def as_unprivileged_user() -> dict[str, Any]:
    """Return the arguments for subprocess: PostgreSQL and Ceph refuse to run as root."""
    if os.geteuid() != 0:
        return {}
    group = pwd.getpwnam(UNPRIVILEGED_USER).pw_gid
    return {"user": UNPRIVILEGED_USER, "group": group, "extra_groups": []}


def reachable(path: Path, folder: Path) -> Path:
    """Return ``path``, or its copy in ``folder`` where the unprivileged user may not go."""
    way = [path, *path.parents] if path.is_dir() else path.parents
    if os.geteuid() != 0 or all(step.stat().st_mode & stat.S_IXOTH for step in way):
        return path
    copy = folder / path.name
    if path.is_dir():
        shutil.copytree(path, copy, symlinks=True)
    else:
        shutil.copy2(path, copy)
    return copy


class ServerProcess:
    """One running server: a command, its folder, its log and the signal that ends it."""

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        end_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = Path(command[0]).name
        self.log = folder / f"{self.name}.log"
        self._end_signal = end_signal
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_die_with_us(end_signal), *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, "HOME": str(folder), **(env or {})},
                **as_unprivileged_user(),
            )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for ``ready``; raise StartError with the log's end when it does not come."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None:
                raise StartError(f"{self.name} ended at its start:\n{self._last_words()}")
            if time.monotonic() > deadline:
                raise StartError(f"{self.name} is not ready in {seconds} s:\n{self._last_words()}")
            time.sleep(0.01)

    def stop(self, seconds: float = 10) -> None:
        """End the server: as it wishes at first, then at once."""
        self._process.send_signal(self._end_signal)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(seconds)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES_SHOWN:])


def _die_with_us(end_signal: signal.Signals) -> list[str]:
    """Return the prefix that ends a server even when the tests themselves are killed."""
    if shutil.which("setpriv") is None:
        return []
    return ["setpriv", "--pdeathsig", end_signal.name.removeprefix("SIG"), "--"]
