"""Responses a second that a regrade counts and releases, with two worker processes.

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
from pathlib import Path
from uuid import UUID

import pytest

from examhall.core.db import upgrade
from examhall.core.exams.operations import add_question_version
from examhall.core.permissions import SYSTEM
from examhall.core.platform import Platform, open_platform
from examhall.core.regrading.operations import Replacement, release_regrade, start_regrade
from examhall.core.regrading.queries import RunSummary, get_summary
from examhall.core.settings import load_settings
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


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bench.db'}"
        return
    server = PostgresServer(durable=True)
    yield server.url(server.create_database())
    server.stop()


@pytest.fixture
def platform(url: str, tmp_path: Path, redis_server: RedisServer) -> Iterator[Platform]:
    redis_server.flush()
    upgrade(url)
    settings = load_settings(
        {}, data_dir=tmp_path, database_url=url, redis_url=redis_server.url, secret_keys=KEY
    )
    opened = open_platform(settings)
    yield opened
    opened.close()


@pytest.mark.timeout(0)
def test_regrade(platform: Platform, request: pytest.FixtureRequest) -> None:
    house = House(platform)
    version = house.published(tuple(map(question, range(QUESTIONS))), SCORING)
    began = time.perf_counter()
    fill(house, version, ATTEMPTS)
    filled = time.perf_counter() - began
    replacements = []
    for number, (_, source) in enumerate(read_sources(house, version)[:MENDED]):
        add_question_version(platform, SYSTEM, source.question_id, mended(number))
        replacements.append(Replacement(source.question_id))
    with workers(platform):
        began = time.perf_counter()
        run = start_regrade(platform, SYSTEM, version.exam_id, questions=replacements)
        shown = wait_for(platform, run.id, "ready")
        counted = time.perf_counter() - began
        began = time.perf_counter()
        release_regrade(platform, SYSTEM, run.id)
        done = wait_for(platform, run.id, "released")
        released = time.perf_counter() - began
    assert (shown.total, shown.refused) == (ATTEMPTS, 0)
    assert (done.changed, done.stale) == (shown.changed, 0)
    responses, written = ATTEMPTS * QUESTIONS, done.changed * QUESTIONS
    print(f"\n{request.node.name}: {responses} responses made in {filled:.0f} s")
    print(f"counted in {counted:.1f} s: {responses / counted:.0f}/s; aim {AIM}")
    print(
        f"released {done.changed} attempts with {written} item scores in {released:.1f} s: "
        f"{written / released:.0f}/s"
    )
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


@contextmanager
def workers(platform: Platform) -> Iterator[None]:
    """Run worker processes as `examhall worker` does, without its schedule."""
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
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)
            if process.stdin is not None:
                process.stdin.close()


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
