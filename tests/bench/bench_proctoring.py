"""Frames a second from stored chunks to committed findings, beside the models alone.

One worker process (`python -m examhall.worker.process detection`) on one core, with PostgreSQL and
Redis; the detectors `face`, `gaze` and `objects` look at every frame. The models alone run in a
process of their own on the same core, in turn with the pipeline, many times: a core is not equally
fast all the time, so each round's pipeline is compared with the models just before and just after
it, and the median of the rounds is told, by the clock and by CPU time.

The second test has ten candidates send chunks in real time with the usual settings, and measures
from the acknowledgement of a chunk to its findings in the database, and to incidents on the wall.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import import_module
from itertools import cycle, islice, pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from redis import Redis
from rq import Worker
from sqlalchemy import func, select

from examhall.core.db import upgrade
from examhall.core.live import LiveMessage
from examhall.core.proctoring.chunks import NewChunk
from examhall.core.proctoring.models import Chunk, FindingRecord
from examhall.core.proctoring.samples import Upload
from tests.bench.bench_saves import tree_seconds
from tests.core.attempts.world import World, open_world
from tests.core.proctoring.watching import START, Watched, watch
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer
from tests.worker.test_detection import with_comment

Part = dict[str, float]
Parts = dict[str, Part]
ROUNDS = int(os.environ.get("EXAMHALL_BENCH_ROUNDS", "9"))
SESSIONS = int(os.environ.get("EXAMHALL_BENCH_SESSIONS", "2"))
FRAMES = int(os.environ.get("EXAMHALL_BENCH_FRAMES", "30"))
"""Frames of each session in the first test."""
SECONDS = float(os.environ.get("EXAMHALL_BENCH_SECONDS", "60"))
CANDIDATES = int(os.environ.get("EXAMHALL_BENCH_CANDIDATES", "10"))
CHUNK_SECONDS = 5
FRAME_SECONDS = 0.5
SIZE = (640, 480)
PATIENCE = 600.0
AIM = 0.85
DELAY_AIM = 3.0
KEY = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
DETECTORS = ["face", "gaze", "objects"]
CORE = max(os.sched_getaffinity(0))
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@pytest.fixture
def world(tmp_path: Path, redis_server: RedisServer, models_dir: Path) -> Iterator[World]:
    server = PostgresServer(durable=True)
    redis_server.flush()
    url = server.url(server.create_database())
    upgrade(url)
    options = {"redis_url": redis_server.url, "models_dir": models_dir, "secret_keys": KEY}
    with open_world(url, tmp_path, **options) as world:
        yield world
    server.stop()


@pytest.fixture
def frames(shared: Path) -> list[bytes]:
    """Frames of a person at a desk, 640x480 as browsers send them."""
    cv2: Any = import_module("cv2")
    video = cv2.VideoCapture(str(shared / "media" / "video" / "center_left_center.mp4"))
    found = []
    while video.grab():
        picture = cv2.resize(video.retrieve()[1], SIZE)
        found.append(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes())
    return found[:: max(1, len(found) // 60)]


@pytest.fixture
def people(shared: Path) -> list[bytes]:
    """Frames of two people at a desk."""
    cv2: Any = import_module("cv2")
    lines = (shared / "media" / "MANIFEST.csv").read_text().splitlines()
    names = [line.split(",")[0] for line in lines if ",2,2,0," in line][:6]
    pictures = (cv2.resize(cv2.imread(str(shared / "media" / name)), SIZE) for name in names)
    return [
        cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes()
        for picture in pictures
    ]


@pytest.mark.timeout(0)
def test_throughput(
    world: World,
    frames: list[bytes],
    people: list[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = [*people[:3], *frames[: FRAMES - 3]]
    rules: dict[str, Any] = {"frame_seconds": 1.0, "detectors": DETECTORS}
    alone: list[Parts] = []
    whole: list[Part] = []
    with worker(world, EXAMHALL_DETECTION_LATE_SECONDS="86400") as process:
        send(watch(world, **rules), shown, spacing=1.0)
        wait_until_analysed(world)
        alone.append(measure_alone(shown, tmp_path, world))
        for _ in range(ROUNDS):
            with monkeypatch.context() as patch:
                patch.setattr(world.platform.queue, "enqueue", lambda *_, **__: None)
                for _ in range(SESSIONS):
                    send(watch(world, **rules), shown, spacing=1.0)
            whole.append(measure_pipeline(world, process))
            alone.append(measure_alone(shown, tmp_path, world))
    report(alone, whole)
    require_all_seen(world)


def measure_pipeline(world: World, process: subprocess.Popen[bytes]) -> Part:
    """Wake the worker up, and measure until nothing waits."""
    began, before = time.perf_counter(), tree_seconds(process.pid)
    world.platform.queue.enqueue("analyse_waiting")
    wait_until_analysed(world)
    each = 1000 / (SESSIONS * FRAMES)
    clock = time.perf_counter() - began
    return {"clock": clock * each, "cpu": (tree_seconds(process.pid) - before) * each}


@pytest.mark.timeout(0)
def test_delay(world: World, frames: list[bytes], people: list[bytes]) -> None:
    rules: dict[str, Any] = {"detectors": DETECTORS, "chunk_seconds": float(CHUNK_SECONDS)}
    first = watch(world, **rules)
    watched = [first] + [watch(world, exam_id=first.exam_id) for _ in range(CANDIDATES - 1)]
    with worker(world) as process:
        send(first, frames[:4])
        wait_until_analysed(world)
        stop = threading.Event()
        seen: list[tuple[float, LiveMessage]] = []
        listener = threading.Thread(target=listen, args=[first, seen, stop])
        listener.start()
        cameras = [
            Camera(one, frames, people, delay=number * CHUNK_SECONDS / CANDIDATES)
            for number, one in enumerate(watched)
        ]
        before = tree_seconds(process.pid)
        began = time.perf_counter()
        run_all(cameras)
        wait_until_analysed(world)
        used = (tree_seconds(process.pid) - before) / (time.perf_counter() - began)
        stop.set()
        listener.join()
    delays = chunk_delays(world, after=cameras)
    shown = incident_delays(cameras, seen)
    print(f"\n{CANDIDATES} candidates, chunks of {CHUNK_SECONDS} s, {SECONDS:.0f} s long")
    print(f"acknowledged to findings committed: {spread(delays)}; aim {DELAY_AIM:g} s")
    print(f"acknowledged to incident on the live channel: {spread(shown)}")
    print(f"looks: {looks(world)}")
    print(f"the worker's share of a core: {used:.0%}; {machine()}")


def send(watched: Watched, frames: Sequence[bytes], *, spacing: float = FRAME_SECONDS) -> None:
    """Send frames that were captured before, in chunks of five seconds."""
    size = round(CHUNK_SECONDS / spacing)
    for at in range(0, len(frames), size):
        chunk = make_chunk(watched, frames[at : at + size], spacing)
        watched.send(replace(chunk, sent_at=watched.sending_clock()))


def make_chunk(watched: Watched, frames: Sequence[bytes], spacing: float) -> NewChunk:
    """Return the session's next chunk, whose frames no other has."""
    sequence = next(watched.sequences)
    name = f"{watched.session_id} {sequence}"
    start = START + timedelta(seconds=sequence * CHUNK_SECONDS)
    step = timedelta(seconds=spacing)
    uploads = tuple(
        Upload(start + index * step, with_comment(frame, f"{name} {index}"), "image/jpeg")
        for index, frame in enumerate(frames)
    )
    end = start + timedelta(seconds=CHUNK_SECONDS)
    return NewChunk("camera", sequence, start, end, uploads, end)


@dataclass
class Camera:
    """A candidate who sends chunks in real time; every fourth shows two people."""

    watched: Watched
    frames: list[bytes]
    people: list[bytes]
    delay: float
    acknowledged: dict[str, float] = field(default_factory=dict)

    def run(self, began: float) -> None:
        """Send, from a moment of the monotonic clock on."""
        for number in range(int(SECONDS // CHUNK_SECONDS)):
            due = began + self.delay + number * CHUNK_SECONDS
            time.sleep(max(0.0, due - time.monotonic()))
            source = self.people if number % 4 == 3 else self.frames
            frames = list(islice(cycle(source), round(CHUNK_SECONDS / FRAME_SECONDS)))
            chunk = make_chunk(self.watched, frames, FRAME_SECONDS)
            self.watched.send(chunk)
            now = time.monotonic()
            self.acknowledged |= {upload.sha256: now for upload in chunk.uploads}


def run_all(cameras: Sequence[Camera]) -> None:
    """Let all send to their end."""
    at = time.monotonic() + 0.5
    threads = [threading.Thread(target=camera.run, args=[at]) for camera in cameras]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def listen(watched: Watched, seen: list[tuple[float, LiveMessage]], stop: threading.Event) -> None:
    """Note incidents as the wall hears of them."""
    with watched.platform.live.subscribe(f"exam:{watched.exam_id}", heartbeat=0.1) as messages:
        for message in messages:
            if isinstance(message, LiveMessage) and message.event == "incident":
                seen.append((time.monotonic(), message))
            if stop.is_set():
                return


def incident_delays(
    cameras: Sequence[Camera], seen: Sequence[tuple[float, LiveMessage]]
) -> list[float]:
    """Return how long after its newest frame was acknowledged each change of an incident came."""
    acknowledged: dict[str, float] = {}
    for camera in cameras:
        acknowledged |= camera.acknowledged
    delays = []
    for at, message in seen:
        known = [acknowledged.get(one["sha256"], 0.0) for one in message.data["evidence"]]
        if any(known):
            delays.append(at - max(known))
    return delays


def chunk_delays(world: World, after: Sequence[Camera]) -> list[float]:
    """Return for each chunk the seconds from its storing to the commit of its findings."""
    ids = [camera.watched.session_id for camera in after]
    with world.platform.db.reading() as session:
        rows = session.execute(
            select(Chunk.received_at, Chunk.analysed_at).where(Chunk.session_id.in_(ids))
        ).all()
    return [(done - received).total_seconds() for received, done in rows if done is not None]


def looks(world: World) -> dict[str, int]:
    """Return how many frames there were, and how many each detector looked at."""
    counts: dict[str, int] = {}
    with world.platform.db.reading() as session:
        for samples, seen_by in session.execute(select(Chunk.samples, Chunk.seen_by)):
            counts["frames"] = counts.get("frames", 0) + len(samples)
            for key, indexes in seen_by.items():
                counts[key] = counts.get(key, 0) + len(indexes)
    return counts


def require_all_seen(world: World) -> None:
    """Make sure that the figure is about what it says."""
    counts = looks(world)
    assert {counts[key] for key in DETECTORS} == {counts["frames"]}
    with world.platform.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(FindingRecord))


def wait_until_analysed(world: World) -> None:
    """Wait until no chunk waits."""
    deadline = time.monotonic() + PATIENCE
    waiting = select(Chunk.id).where(Chunk.state == "stored").limit(1)
    while True:
        with world.platform.db.reading() as session:
            if session.scalar(waiting) is None:
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def worker(world: World, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one worker process on one core, as `examhall worker` starts it."""
    settings = world.platform.settings
    environment = {
        **os.environ,
        **ONE_THREAD,
        "EXAMHALL_DATABASE_URL": settings.database_url,
        "EXAMHALL_DATA_DIR": str(settings.data_dir),
        "EXAMHALL_MODELS_DIR": str(settings.models_dir),
        "EXAMHALL_REDIS_URL": settings.redis_url,
        "EXAMHALL_SECRET_KEYS": " ".join(settings.secret_keys),
        "EXAMHALL_LOG_LEVEL": "WARNING",
        **more,
    }
    process = subprocess.Popen(
        [*on_one_core(), "-m", "examhall.worker.process", "detection"],
        stdin=subprocess.PIPE,
        env=environment,
    )
    try:
        with Redis.from_url(settings.redis_url) as connection:
            while Worker.count(connection=connection) < 1:
                assert process.poll() is None
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(60)
        if process.stdin is not None:
            process.stdin.close()


def on_one_core() -> list[str]:
    """Return the beginning of a command for Python on one core."""
    return ["taskset", "-c", str(CORE), sys.executable]


def measure_alone(frames: Sequence[bytes], folder: Path, world: World) -> Parts:
    """Run the models alone on the core that the worker has."""
    place = folder / "frames"
    place.mkdir(exist_ok=True)
    for number, frame in enumerate(frames):
        (place / f"{number:04}.jpg").write_bytes(frame)
    models = str(world.platform.settings.models_dir)
    command = [*on_one_core(), "-m", "tests.bench.models_alone", str(place), models]
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, check=True
    )
    result: Parts = json.loads(done.stdout)
    return result


def report(alone: Sequence[Parts], whole: Sequence[Part]) -> None:
    """Print the pipeline beside the sum of its models: the median round, and all shares."""
    print(f"\n{ROUNDS} rounds of {SESSIONS} sessions of {FRAMES} frames; milliseconds a frame")
    for kind in ("clock", "cpu"):
        sums = [sum(part[kind] for part in parts.values()) for parts in alone]
        shares = sorted(
            (before + after) / 2 / pipeline[kind]
            for (before, after), pipeline in zip(pairwise(sums), whole, strict=True)
        )
        parts = {name: median(one[name][kind] for one in alone) for name in alone[0]}
        plain, ours = median(sums), median(part[kind] for part in whole)
        print(f"  {kind}: " + ", ".join(f"{name} {value:.1f}" for name, value in parts.items()))
        print(
            f"  {kind}: models alone {plain:.1f} ms, {1000 / plain:.1f} frames/s; pipeline "
            f"{ours:.1f} ms, {1000 / ours:.1f} frames/s; share {median(shares):.0%} "
            f"({', '.join(f'{share:.0%}' for share in shares)}), aim {AIM:.0%}"
        )
    print(machine())


def machine() -> str:
    """Say how busy the machine is."""
    return f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def spread(values: Sequence[float]) -> str:
    """Return the median, the 95th percentile and the greatest of some seconds."""
    if not values:
        return "none"
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    middle = ordered[len(ordered) // 2]
    return f"p50 {middle:.2f} s, p95 {p95:.2f} s, max {ordered[-1]:.2f} s of {len(ordered)}"
