"""A whole examhall in processes of its own, as an institution runs it: small, or at scale."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.partner import LOOPBACK
from tests.services.s3 import S3Server

STARTED = re.compile(r"examhall serves (http://\S+)")
START_SECONDS = 40
COMMAND = Path(sys.executable).with_name("examhall")


class Deployment:
    """Running processes with one set of settings; `url` is where people go."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.settings = {
            "EXAMHALL_DATA_DIR": str(folder / "data"),
            # The partner of the tests lives on this machine.
            "EXAMHALL_OUTBOUND_NETWORKS": LOOPBACK,
            "EXAMHALL_ALLOW_PLAIN_HTTP": "true",
            **settings,
        }
        self.url = ""
        self._processes: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str, said: str = "") -> str:
        """Run an `examhall` command to its end and return what it printed."""
        done = subprocess.run(
            [COMMAND, *arguments],
            env={**os.environ, **self.settings},
            cwd=self.folder,
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"examhall {arguments}: {done.stderr}"
        return done.stdout

    def start_web(self) -> None:
        """Start `examhall serve` on a free port."""
        log = self._start("serve", "--port", "0")
        self.url = wait_for(lambda: _find_address(log), START_SECONDS, log.read_text)

    def start_worker(self) -> None:
        """Start `examhall worker`."""
        log = self._start("worker", "--processes", "2")
        wait_for(lambda: "examhall works" in log.read_text(), START_SECONDS, log.read_text)

    def stop(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(15)

    def _start(self, *arguments: str) -> Path:
        log = self.folder / f"{arguments[0]}.log"
        with log.open("ab") as file:
            self._processes.append(
                subprocess.Popen(
                    [COMMAND, *arguments],
                    env={**os.environ, **self.settings},
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                )
            )
        return log


@contextmanager
def embedded(folder: Path, models_dir: Path) -> Iterator[Deployment]:
    """Run one process with SQLite, threads and a folder: no settings but the models' folder."""
    deployment = Deployment(folder, {"EXAMHALL_MODELS_DIR": str(models_dir)})
    deployment.run("db", "upgrade")
    try:
        deployment.start_web()
        yield deployment
    finally:
        deployment.stop()


@contextmanager
def scaled(
    folder: Path, models_dir: Path, database_url: str, redis_url: str, s3: S3Server
) -> Iterator[Deployment]:
    """Run web and worker processes on PostgreSQL, Redis and an S3 server."""
    prefix = "EXAMHALL_EVIDENCE_STORE_MINIO_"
    settings = {
        "EXAMHALL_MODELS_DIR": str(models_dir),
        "EXAMHALL_DATABASE_URL": database_url,
        "EXAMHALL_REDIS_URL": redis_url,
        "EXAMHALL_EVIDENCE_STORE": "minio",
        f"{prefix}ENDPOINT": s3.endpoint,
        f"{prefix}ACCESS_KEY": s3.access_key,
        f"{prefix}SECRET_KEY": s3.secret_key,
        f"{prefix}BUCKET": s3.bucket,
        f"{prefix}REGION": "us-east-1",
        f"{prefix}SECURE": "false",
    }
    deployment = Deployment(folder, settings)
    try:
        deployment.start_web()
        deployment.start_worker()
        yield deployment
    finally:
        deployment.stop()


def wait_for(
    look: Callable[[], Any], seconds: float, explain: Callable[[], str] = lambda: ""
) -> Any:
    """Call `look` until it gives something; fail with an explanation when it does not."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not seen in {seconds} s: {explain()}"
        time.sleep(0.05)


def _find_address(log: Path) -> str:
    found = STARTED.search(log.read_text())
    return found[1] if found else ""
