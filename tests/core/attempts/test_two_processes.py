"""Two web processes on one PostgreSQL: nothing lost, no deadlock, whatever else happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from examhall.core.attempts.control import grant_time
from examhall.core.attempts.responses import SaveResult
from examhall.core.attempts.submission import submit_attempt
from examhall.core.attempts.sweep import sweep_attempts
from examhall.core.permissions import Role
from tests.core.attempts.world import LEASE, Sitting, World, now, open_world

pytestmark = pytest.mark.services


@pytest.fixture
def worlds(postgres_url: str, tmp_path: Path) -> Iterator[tuple[World, World]]:
    """The same database seen by two processes."""
    with open_world(postgres_url, tmp_path) as one, open_world(postgres_url, tmp_path) as other:
        yield one, other


def seen_by(world: World, sitting: Sitting) -> Sitting:
    return Sitting(world, sitting.candidate, sitting.attempt_id, sitting.items)


def test_one_attempt_written_through_both_keeps_every_revision(
    worlds: tuple[World, World],
) -> None:
    here = worlds[0].sitting({"time": {"limit_seconds": 3600}})
    there = seen_by(worlds[1], here)
    operations = [here.operation(f"text {number}") for number in range(60)]

    def write(part: int) -> None:
        sitting = (here, there)[part % 2]
        for operation in operations[part::4]:
            assert sitting.save(operation)[0].error is None

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    rows = here.revisions()
    assert {row.operation_id for row in rows} == {op.operation_id for op in operations}
    counted = sorted(row.revision for row in rows if row.revision is not None)
    assert counted == list(range(1, len(counted) + 1))
    response = here.response()
    assert response is not None
    assert response.raw == {"text": "text 59"}


def test_a_retry_through_the_other_process_gets_the_same_answer(
    worlds: tuple[World, World],
) -> None:
    here = worlds[0].sitting()
    operation = here.operation("Paris")
    with ThreadPoolExecutor(8) as pool:
        results = list(
            pool.map(lambda number: seen_by(worlds[number % 2], here).save(operation)[0], range(16))
        )
    assert {(result.state, result.revision, result.saved_at) for result in results} == {
        ("saved", 1, results[0].saved_at)
    }
    assert len(here.revisions()) == 1


def test_saves_submissions_grants_and_sweeps_do_not_block_one_another(
    worlds: tuple[World, World],
) -> None:
    exam_id = worlds[0].exam({"time": {"limit_seconds": 3600}})
    sittings = [worlds[0].sitting(exam_id=exam_id) for _ in range(6)]
    proctor = worlds[0].person(Role.PROCTOR)
    over = threading.Event()
    refused: list[SaveResult] = []

    def write(world: World) -> None:
        while not over.is_set():
            operations = [seen_by(world, one).operation("x", base=0) for one in sittings]
            refused.extend(
                result for result in world.platform.saves.save(operations) if result.error
            )

    def sweep() -> None:
        while not over.is_set():
            sweep_attempts(worlds[1].platform)
            time.sleep(0.05)

    threads = [threading.Thread(target=write, args=(world,)) for world in worlds * 2]
    threads.append(threading.Thread(target=sweep))
    for thread in threads:
        thread.start()
    for number, sitting in enumerate(sittings):
        grant_time(worlds[number % 2].platform, proctor, sitting.attempt_id, Decimal(5), "late")
        submit_attempt(worlds[number % 2].platform, sitting.candidate, sitting.attempt_id, LEASE)
    over.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert refused == []
    assert {sitting.attempt().state for sitting in sittings} == {"submitted"}


def test_a_database_that_drops_its_connections_loses_nothing(
    worlds: tuple[World, World],
) -> None:
    here = worlds[0].sitting({"time": {"limit_seconds": 3600}})
    over = threading.Event()

    def cut() -> None:
        while not over.wait(0.15):
            with worlds[1].platform.db.transaction() as session:
                session.execute(
                    text(
                        # It waits for their end: nothing is cut once this thread has ended.
                        "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                        "where datname = current_database() and pid <> pg_backend_pid()"
                    )
                )

    acknowledged: dict[int, str] = {}
    thread = threading.Thread(target=cut)
    thread.start()
    begin = now()
    number = 0
    while (now() - begin).total_seconds() < 3:
        operation = here.operation(f"text {number}", base=number)
        result = here.save(operation)[0]
        while result.error is not None:
            # What a client does: the same operation again.
            assert result.error.code == "save_failed"
            result = here.save(operation)[0]
        assert result.state == "saved"
        acknowledged[result.revision] = f"text {number}"
        number += 1
    over.set()
    thread.join()
    stored = {row.revision: row.raw["text"] for row in here.revisions()}
    assert number > 5
    assert stored == acknowledged
