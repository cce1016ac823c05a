"""The server is killed while candidates save: what it acknowledged is there afterwards."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from examhall.core.accounts.models import User
from examhall.core.accounts.tokens import make_access_token
from examhall.core.attempts.models import ResponseRecord, ResponseRevision
from tests.core.attempts.world import LEASE, Sitting, World, open_world
from tests.services.serve import ServeProcess

CANDIDATES = 20
RUNS = int(os.environ.get("EXAMHALL_KILL_RUNS", "2"))
ITEMS = 3


@dataclass
class Candidate:
    """Types without a pause and notes what the server said."""

    sitting: Sitting
    token: str
    revisions: list[int] = field(default_factory=lambda: [0] * ITEMS)
    acknowledged: list[tuple[int, int, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def type_until_the_server_dies(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            for number in range(1_000_000):
                self._save(connection, number % ITEMS)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()

    def _save(self, connection: http.client.HTTPConnection, item: int) -> None:
        operation = str(uuid4())
        status, answer = request(
            connection,
            "PUT",
            f"/api/v1/attempts/{self.sitting.attempt_id}/responses/{self.sitting.items[item]}",
            self.token,
            {
                "operation_id": operation,
                "client_sequence": len(self.acknowledged) + 1,
                "base_revision": self.revisions[item],
                "lease_id": LEASE,
                "raw": {"text": operation},
            },
        )
        if status != 200:
            self.refused.append(json.dumps(answer))
            return
        self.revisions[item] = answer["data"]["revision"]
        self.acknowledged.append((item, self.revisions[item], operation))


def request(
    connection: http.client.HTTPConnection, method: str, path: str, token: str, body: Any = None
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


@pytest.fixture
def prepared(database_url: str, tmp_path: Path) -> Iterator[list[Candidate]]:
    """Candidates whose attempts run, in a database that no process uses but this one."""
    key = {"secret_keys": "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="}
    with open_world(database_url, tmp_path / "data", **key, rate_limits="false") as world:
        exam_id = world.exam({"time": {"limit_seconds": 3600}}, questions=ITEMS)
        candidates = []
        for _ in range(CANDIDATES):
            sitting = world.sitting(exam_id=exam_id)
            with world.platform.db.reading() as session:
                user = session.get_one(User, sitting.candidate.user_id)
            candidates.append(Candidate(sitting, make_access_token(world.platform, user)))
        yield candidates


def settings_of(world: World) -> dict[str, str]:
    settings = world.platform.settings
    return {
        "EXAMHALL_DATABASE_URL": settings.database_url,
        "EXAMHALL_DATA_DIR": str(settings.data_dir),
        "EXAMHALL_SECRET_KEYS": " ".join(settings.secret_keys),
        "EXAMHALL_RATE_LIMITS": "false",
    }


@pytest.mark.slow
@pytest.mark.timeout(60 + 60 * RUNS)
def test_kill_loses_nothing_that_was_acknowledged(
    prepared: list[Candidate], tmp_path: Path
) -> None:
    world = prepared[0].sitting.world
    chance = random.Random(len(str(tmp_path)))
    server = ServeProcess(tmp_path, settings_of(world))
    try:
        for _ in range(RUNS):
            before = sum(len(candidate.acknowledged) for candidate in prepared)
            type_until_killed(prepared, server, chance.uniform(0.5, 3.0))
            assert sum(len(candidate.acknowledged) for candidate in prepared) > before, server.log()
            server = ServeProcess(tmp_path, settings_of(world))
            check_after_restart(prepared, server.port)
    finally:
        server.stop()


def type_until_killed(candidates: list[Candidate], server: ServeProcess, seconds: float) -> None:
    threads = [
        threading.Thread(target=candidate.type_until_the_server_dies, args=(server.port,))
        for candidate in candidates
    ]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    server.kill()
    for thread in threads:
        thread.join()


def check_after_restart(candidates: list[Candidate], port: int) -> None:
    for candidate in candidates:
        assert candidate.refused == []
        stored = stored_revisions(candidate.sitting.world, candidate.sitting.attempt_id)
        for item, revision, operation in candidate.acknowledged:
            item_id = candidate.sitting.items[item]
            assert stored[item_id, revision] == {"text": operation}
        check_room(candidate, port)


def stored_revisions(world: World, attempt_id: UUID) -> dict[tuple[UUID, int | None], Any]:
    with world.platform.db.reading() as session:
        rows = session.scalars(
            select(ResponseRevision).where(ResponseRevision.attempt_id == attempt_id)
        ).all()
        current = session.scalars(
            select(ResponseRecord).where(ResponseRecord.attempt_id == attempt_id)
        ).all()
    stored = {(row.item_id, row.revision): row.raw for row in rows}
    assert len(stored) == len(rows)
    # What counts is the newest revision, whole: never half a save.
    for response in current:
        newest = max(revision or 0 for item_id, revision in stored if item_id == response.item_id)
        assert response.revision == newest
        assert response.raw == stored[response.item_id, newest]
    return stored


def check_room(candidate: Candidate, port: int) -> None:
    """The candidate goes on where the server's word was, or where it was too late to say so."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    path = f"/api/v1/attempts/{candidate.sitting.attempt_id}/room"
    status, answer = request(connection, "GET", path, candidate.token)
    connection.close()
    assert status == 200, answer
    for item, shown in enumerate(answer["data"]["items"]):
        assert shown["revision"] >= candidate.revisions[item]
        candidate.revisions[item] = shown["revision"]
