"""Responses a second that a regrade counts and releases, by the clock and by CPU time.

Two worker processes that wait for work when the clock starts. CPU is theirs and PostgreSQL's.

A 40-question exam (choice, text, number) with 25,000 finished attempts, that is 1,000,000
responses; three questions get another key. EXAMHALL_BENCH_ATTEMPTS makes it smaller. Counted is
every response, released are those of the attempts that change.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from redis import Redis
from rq import Worker

from examhall.core.db import upgrade
from examhall.core.exams.operations import add_question_version
from examhall.core.permissions import SYSTEM
from examhall.core.platform import Platform, open_platform
from examhall.core.regrading.operations import Replacement, release_regrade, start_regrade
from examhall.core.regrading.queries import RunSummary, get_summary
from examhall.core.settings import load_settings
from tests.bench.bench_saves import tree_seconds
from tests.bench.regrading import QUESTIONS, fill, mended, question, read_sources
from tests.exam_house import House
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer

ATTEMPTS = int(os.environ.get("EXAMHALL_BENCH_ATTEMPTS", "25000"))
PROCESSES = 2
MENDED = 3
PATIENCE = 1800.0
AIM = 20_000
KEY = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
SCORING = {"scoring": {"scorer": "sum", "settings": {"pass_fraction": "0.5"}}}


@dataclass(slots=True)
class Place:
    """A database; `pid` is of its server, where it has one."""

    url: str
    pid: int | None = None


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield Place(f"sqlite:///{tmp_path / 'bench.db'}")
        return
    server = PostgresServer(durable=True)
    yield Place(server.url(server.create_database()), server.pid)
    server.stop()


@pytest.fixture
def platform(place: Place, tmp_path: Path, redis_server: RedisServer) -> Iterator[Platform]:
    redis_server.flush()
    upgrade(place.url)
    settings = load_settings(
        {}, data_dir=tmp_path, database_url=place.url, redis_url=redis_server.url, secret_keys=KEY
    )
    opened = open_platform(settings)
    yield opened
    opened.close()


@pytest.mark.timeout(0)
def test_regrade(platform: Platform, place: Place, request: pytest.FixtureRequest) -> None:
    house = House(platform)
    version = house.published(tuple(map(question, range(QUESTIONS))), SCORING)
    began = time.perf_counter()
    fill(house, version, ATTEMPTS)
    filled = time.perf_counter() - began
    replacements = []
    for number, (_, source) in enumerate(read_sources(house, version)[:MENDED]):
        add_question_version(platform, SYSTEM, source.question_id, mended(number))
        replacements.append(Replacement(source.question_id))
    responses = ATTEMPTS * QUESTIONS
    print(f"\n{request.node.name}: {responses} responses made in {filled:.0f} s")
    began = time.perf_counter()
    with workers(platform) as own:
        print(f"workers ready after {time.perf_counter() - began:.1f} s")
        pids = [*own, place.pid] if place.pid else own
        with measured(pids) as counted:
            run = start_regrade(platform, SYSTEM, version.exam_id, questions=replacements)
            shown = wait_for(platform, run.id, "ready")
        assert (shown.total, shown.refused) == (ATTEMPTS, 0)
        print(f"counted: {counted.say(responses)}; aim {AIM} by the clock")
        with measured(pids) as released:
            release_regrade(platform, SYSTEM, run.id)
            done = wait_for(platform, run.id, "released")
    assert (done.changed, done.stale) == (shown.changed, 0)
    written = done.changed * QUESTIONS
    print(f"released {done.changed} attempts with {written} item scores: {released.say(written)}")
    print(f"both: {(counted + released).say(responses)} of all responses")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


@dataclass(slots=True)
class Measure:
    """Seconds by the clock, and of CPU."""

    clock: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Measure) -> Measure:
        return Measure(self.clock + other.clock, self.cpu + other.cpu)

    def say(self, count: int) -> str:
        """Say how many of something that is a second."""
        return (
            f"{self.clock:.1f} s, {count / self.clock:.0f}/s by the clock; "
            f"{self.cpu:.1f} s of CPU, {count / self.cpu:.0f}/s a core"
        )


@contextmanager
def measured(pids: list[int]) -> Iterator[Measure]:
    """Measure what happens meanwhile, and the CPU time of some processes."""
    measure = Measure()
    began, before = time.perf_counter(), sum(map(tree_seconds, pids))
    yield measure
    measure.clock = time.perf_counter() - began
    measure.cpu = sum(map(tree_seconds, pids)) - before


@contextmanager
def workers(platform: Platform) -> Iterator[list[int]]:
    """Run worker processes as `examhall worker` does, without its schedule; give their numbers."""
    settings = platform.settings
    environment = {
        **os.environ,
        "EXAMHALL_DATABASE_URL": settings.database_url,
        "EXAMHALL_DATA_DIR": str(settings.data_dir),
        "EXAMHALL_REDIS_URL": settings.redis_url or "",
        "EXAMHALL_SECRET_KEYS": " ".join(settings.secret_keys),
        "EXAMHALL_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "examhall.worker.process", "bulk"]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) for _ in range(PROCESSES)
    ]
    try:
        wait_until_ready(settings.redis_url or "")
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)
            if process.stdin is not None:
                process.stdin.close()


def wait_until_ready(redis_url: str) -> None:
    """Wait until the workers wait for work."""
    deadline = time.monotonic() + PATIENCE
    with Redis.from_url(redis_url) as connection:
        while Worker.count(connection=connection) < PROCESSES:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def wait_for(platform: Platform, run_id: UUID, state: str) -> RunSummary:
    """Look until a run has a state."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with platform.db.reading() as session:
            summary = get_summary(session, SYSTEM, run_id)
        if summary.run.state == state:
            return summary
        time.sleep(0.2)
    raise TimeoutError(f"the regrade did not become {state}")
