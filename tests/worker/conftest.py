"""Real worker processes, as `examhall worker` starts them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings
from tests.partner import LOOPBACK
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer

EXAMHALL = Path(sys.executable).with_name("examhall")
Start = Callable[..., subprocess.Popen[bytes]]


class Workers:
    """The commands `examhall worker` of a module's tests."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self._shared: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Start `examhall worker` with these options."""
        with (self._folder / f"worker-{len(self._started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [EXAMHALL, "worker", *options],
                env={**os.environ, **self._environment},
                stderr=log,
            )
        self._started.append(process)
        return process

    def share(self) -> subprocess.Popen[bytes]:
        """Return a command with two processes: the one that runs, or a new one."""
        if self._shared is None or self._shared.poll() is not None:
            self._shared = self.start("--processes", "2")
        return self._shared

    def stop(self) -> None:
        """End them all."""
        for process in self._started:
            if process.poll() is None:
                process.terminate()
        for process in self._started:
            process.wait(30)

    def logs(self) -> str:
        """Return all that they wrote."""
        logs = sorted(self._folder.glob("worker-*.log"))
        return "\n".join(f"{log.name}\n{log.read_text()}" for log in logs)


@pytest.fixture(scope="module")
def environment(
    postgres_server: PostgresServer,
    postgres_template: str,
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    """The settings of an installation with PostgreSQL and Redis, the same for all of a module."""
    database = postgres_server.borrow_database(postgres_template)
    redis_server.flush()
    yield {
        "EXAMHALL_DATA_DIR": str(tmp_path_factory.mktemp("installation")),
        "EXAMHALL_DATABASE_URL": postgres_server.url(database),
        "EXAMHALL_REDIS_URL": redis_server.url,
        "EXAMHALL_OUTBOUND_NETWORKS": LOOPBACK,
        "EXAMHALL_ALLOW_PLAIN_HTTP": "true",
    }
    postgres_server.give_back(database, postgres_template)


@pytest.fixture(scope="module")
def platform(environment: dict[str, str]) -> Iterator[Platform]:
    """The platform of the web process."""
    platform = open_platform(load_settings(environment))
    yield platform
    platform.close()


@pytest.fixture(scope="module")
def workers(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workers]:
    """All workers of the module, ended with it."""
    workers = Workers(environment, tmp_path_factory.mktemp("workers"))
    yield workers
    workers.stop()


@pytest.fixture
def worker(workers: Workers) -> Iterator[subprocess.Popen[bytes]]:
    """`examhall worker` with two processes, which tests share until one of them ends it."""
    yield workers.share()
    # Shown where a test failed.
    sys.stderr.write(workers.logs())


@pytest.fixture
def start_worker(workers: Workers, redis_url: str) -> Iterator[Start]:
    """Start `examhall worker` with these options, where no other runs; ends them all."""
    workers.stop()
    yield workers.start
    workers.stop()
    sys.stderr.write(workers.logs())


def children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the processes in which the jobs run."""
    return psutil.Process(process.pid).children()


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.05)
