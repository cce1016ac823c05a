"""Saves a second and CPU milliseconds a save, beside plain upserts on the same server.

32 candidates save over keep-alive HTTP as fast as they are answered; PostgreSQL is durable
(fsync and synchronous_commit on). CPU is that of the web process and of PostgreSQL together.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import func, select

from examhall.core.accounts.models import User
from examhall.core.accounts.tokens import make_access_token
from examhall.core.attempts.models import ResponseRevision
from examhall.core.db import upgrade
from tests.core.attempts.world import LEASE, Sitting, World, open_world
from tests.services.postgres import PostgresServer
from tests.services.serve import ServeProcess

ROOT = Path(__file__).parents[2]
CANDIDATES = 32
ITEMS = 10
SECONDS = float(os.environ.get("EXAMHALL_BENCH_SECONDS", "10"))
WARM_SECONDS = 2.0
CPU_LIMIT = 2.5
RATE_SHARE = 0.25


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer(durable=True)
    yield server
    server.stop()


@pytest.fixture
def sittings(server: PostgresServer, tmp_path: Path) -> Iterator[list[Sitting]]:
    name = server.create_database()
    upgrade(server.url(name))
    key = {"secret_keys": "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="}
    with open_world(server.url(name), tmp_path / "data", **key) as world:
        exam_id = world.exam({"time": {"limit_seconds": 3600}}, questions=ITEMS)
        yield [world.sitting(exam_id=exam_id) for _ in range(CANDIDATES)]


def test_saves(server: PostgresServer, sittings: list[Sitting], tmp_path: Path) -> None:
    world = sittings[0].world
    web = ServeProcess(tmp_path, settings_of(world))
    try:
        plan = write_plan(world, sittings, web.port, tmp_path)
        run_load("http", plan, WARM_SECONDS)
        saves = measure("http", plan, [web.pid, server.pid])
    finally:
        web.stop()
    prepare_table(server, world)
    run_load("sql", plan, WARM_SECONDS)
    plain = measure("sql", plan, [server.pid])
    report(saves, plain)
    with world.platform.db.reading() as session:
        stored = session.scalar(select(func.count()).select_from(ResponseRevision))
    assert stored is not None
    assert stored >= saves["count"]


def settings_of(world: World) -> dict[str, str]:
    settings = world.platform.settings
    return {
        "EXAMHALL_DATABASE_URL": settings.database_url,
        "EXAMHALL_DATA_DIR": str(settings.data_dir),
        "EXAMHALL_SECRET_KEYS": " ".join(settings.secret_keys),
    }


def write_plan(world: World, sittings: list[Sitting], port: int, folder: Path) -> Path:
    with world.platform.db.reading() as session:
        users = [session.get_one(User, sitting.candidate.user_id) for sitting in sittings]
    url = world.platform.settings.database_url.replace("+psycopg", "")
    plan = {
        "port": port,
        "database": url,
        "candidates": [
            {
                "attempt_id": str(sitting.attempt_id),
                "items": [str(item) for item in sitting.items],
                "lease_id": LEASE,
                "token": make_access_token(world.platform, user),
            }
            for sitting, user in zip(sittings, users, strict=True)
        ],
    }
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    return path


def prepare_table(server: PostgresServer, world: World) -> None:
    url = world.platform.settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        settings = [
            connection.execute(f"show {name}").fetchone()
            for name in ("fsync", "synchronous_commit", "full_page_writes")
        ]
        assert settings == [("on",)] * 3
        connection.execute(
            "create table bench_responses (attempt int, item int, revision int, raw jsonb,"
            " saved_at timestamptz, primary key (attempt, item))"
        )


def measure(kind: str, plan: Path, pids: list[int]) -> dict[str, Any]:
    before = cpu_seconds(pids)
    result = run_load(kind, plan, SECONDS)
    result["cpu"] = {
        name: (after - before[name]) * 1000 / result["count"]
        for name, after in cpu_seconds(pids).items()
    }
    return result


def run_load(kind: str, plan: Path, seconds: float) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.saving", kind, str(plan), str(seconds)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def cpu_seconds(pids: list[int]) -> dict[str, float]:
    """Return the CPU time of each process with all that it has started."""
    return {psutil.Process(pid).name().split(":")[0]: tree_seconds(pid) for pid in pids}


def tree_seconds(pid: int) -> float:
    """Return the CPU time of a process with all that it has started."""
    root = psutil.Process(pid)
    total = root.cpu_times().children_user + root.cpu_times().children_system
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return float(total)


def report(saves: dict[str, Any], plain: dict[str, Any]) -> None:
    cpu = sum(saves["cpu"].values())
    parts = ", ".join(f"{name} {value:.2f}" for name, value in saves["cpu"].items())
    own = sum(plain["cpu"].values())
    print(f"\nsaves over HTTP: {saves['rate']:.0f}/s, {CANDIDATES} candidates, {latency(saves)}")
    print(f"CPU a save: {cpu:.2f} ms ({parts}); aim {CPU_LIMIT}")
    print(f"plain upserts: {plain['rate']:.0f}/s, {latency(plain)}, PostgreSQL {own:.2f} ms CPU")
    print(f"share of the plain rate: {saves['rate'] / plain['rate']:.0%}; aim {RATE_SHARE:.0%}")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def latency(result: dict[str, Any]) -> str:
    return f"p50 {result['p50']:.1f} p99 {result['p99']:.1f} max {result['max']:.0f} ms"
