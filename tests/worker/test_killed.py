"""A worker killed in the middle of a session: as if it had not been."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from sqlalchemy import func, select

from examhall.core.proctoring.models import Chunk, FindingRecord, ProctoringSession
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, EMPTY, TWO
from tests.core.proctoring.watching import Watched, open_watching, watch
from tests.processes import kill, start_until_ready
from tests.worker.conftest import wait_until
from tests.worker.detection_process import detect_slowly

PATIENCE = 150.0
STORY = [ALONE] * 4 + [TWO] * 12 + [ALONE] * 8 + [EMPTY] * 12 + [ALONE] * 4


@pytest.fixture(
    params=["threads", pytest.param("redis", marks=pytest.mark.services)],
)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """SQLite with the jobs in threads of `examhall serve`, or PostgreSQL and Redis."""
    if request.param == "threads":
        url, more = request.getfixturevalue("sqlite_url"), {}
    else:
        url = request.getfixturevalue("postgres_url")
        more = {"redis_url": request.getfixturevalue("redis_url")}
    with open_watching(url, tmp_path, **more) as world:
        yield world


@contextmanager
def worker(world: World) -> Iterator[BaseProcess]:
    settings = world.platform.settings
    environment = {
        "EXAMHALL_DATABASE_URL": settings.database_url,
        "EXAMHALL_DATA_DIR": str(settings.data_dir),
        "EXAMHALL_REDIS_URL": settings.redis_url,
    }
    process = start_until_ready(detect_slowly, environment)
    try:
        yield process
    finally:
        kill(process)


def analysed(world: World) -> int:
    with world.platform.db.reading() as session:
        return session.scalar(select(func.count()).where(Chunk.state == "analysed")) or 0


def summary(watched: Watched) -> list[tuple[str, str, int, str]]:
    return [
        (row.kind, row.state, row.finding_count, row.explanation) for row in watched.incidents()
    ]


def let_holds_run_out(world: World) -> None:
    with world.platform.db.transaction() as session:
        for row in session.scalars(select(ProctoringSession)):
            row.leased_until = row.leased_until and row.leased_until - timedelta(minutes=5)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_chunk_counts_once_and_incidents_are_the_same(world: World) -> None:
    undisturbed = watch(world)
    undisturbed.show(STORY, size=4)
    undisturbed.analyse()
    before = analysed(world)
    people = [watch(world), watch(world)]
    for watched in people:
        chunks = [watched.chunk(STORY[at : at + 4]) for at in range(0, len(STORY), 4)]
        for late in (*chunks[1::2], *chunks[::2]):
            watched.send(late)
    with worker(world) as process:
        wait_until(lambda: analysed(world) > before, PATIENCE)
        kill(process)
    assert before < analysed(world) < 3 * before
    let_holds_run_out(world)
    with worker(world):
        for watched in people:
            world.platform.queue.enqueue("analyse_session", str(watched.session_id))
        world.platform.queue.enqueue("analyse_waiting")
        wait_until(lambda: analysed(world) == 3 * before, PATIENCE)
    for watched in people:
        assert [row.seen_by for row in watched.chunks()] == [{"scripted": [0, 1, 2, 3]}] * 10
        assert summary(watched) == summary(undisturbed)
    with world.platform.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(FindingRecord)) == 3 * 24
