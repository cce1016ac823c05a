"""Real worker processes, as `examhall worker` starts them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings
from tests.partner import LOOPBACK

EXAMHALL = Path(sys.executable).with_name("examhall")
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def environment(postgres_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """The settings of an installation with PostgreSQL and Redis."""
    return {
        "EXAMHALL_DATA_DIR": str(tmp_path),
        "EXAMHALL_DATABASE_URL": postgres_url,
        "EXAMHALL_REDIS_URL": redis_url,
        "EXAMHALL_OUTBOUND_NETWORKS": LOOPBACK,
        "EXAMHALL_ALLOW_PLAIN_HTTP": "true",
    }


@pytest.fixture
def platform(environment: dict[str, str]) -> Iterator[Platform]:
    """The platform of the web process."""
    platform = open_platform(load_settings(environment))
    yield platform
    platform.close()


@pytest.fixture
def start_worker(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start `examhall worker` with these options; ends them all."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> subprocess.Popen[bytes]:
        log = (tmp_path / f"worker-{len(started)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [EXAMHALL, "worker", *options], env={**os.environ, **environment}, stderr=log
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
    for process in started:
        process.wait(30)
    for log in sorted(tmp_path.glob("worker-*.log")):
        # Shown where a test failed.
        sys.stderr.write(f"{log.name}\n{log.read_text()}\n")


def children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the processes in which the jobs run."""
    return psutil.Process(process.pid).children()


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.05)
