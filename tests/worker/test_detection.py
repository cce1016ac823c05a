"""The whole way of a frame: stored, analysed by a real model, an incident on the wall in time."""

import csv
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from examhall.core.live import LiveMessage
from examhall.core.proctoring.chunks import NewChunk
from examhall.core.proctoring.samples import Upload
from tests.core.attempts.world import World, open_world
from tests.core.proctoring.watching import FRAME, START, Watched, watch

SECONDS = 5.0
"""How soon the wall must show what changed in front of the camera."""


@pytest.fixture
def world(database_url: str, tmp_path: Path, models_dir: Path) -> Iterator[World]:
    with open_world(database_url, tmp_path, models_dir=models_dir) as world:
        world.platform.queue.start(world.platform)
        yield world


@pytest.fixture
def faces(shared: Path) -> dict[str, bytes]:
    """One picture each with nobody, one person, two."""
    with (shared / "media" / "MANIFEST.csv").open(newline="") as manifest:
        rows = {
            row["faces"]: row["file"]
            for row in csv.DictReader(manifest)
            if row["file"].startswith("images/") and row["scene"] in {"noperson", "single", "multi"}
        }
    return {count: (shared / "media" / rows[count]).read_bytes() for count in "012"}


class Camera:
    """Sends chunks of a second in real time, two frames each."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.began = time.monotonic()

    def show(self, picture: bytes, seconds: int) -> float:
        """Show a picture; return when it was seen first."""
        shown = time.monotonic()
        for _ in range(seconds):
            sequence = next(self.watched.sequences)
            start = START + sequence * 2 * FRAME
            # A picture of a camera is never the same twice.
            frames = [with_comment(picture, f"{sequence} {index}") for index in range(2)]
            uploads = tuple(
                Upload(start + index * FRAME, frame, "image/jpeg")
                for index, frame in enumerate(frames)
            )
            end = start + timedelta(seconds=1)
            time.sleep(max(0.0, self.began + sequence + 1 - time.monotonic()))
            self.watched.send(NewChunk("camera", sequence, start, end, uploads, end))
        return shown


def with_comment(picture: bytes, text: str) -> bytes:
    """Return a JPEG with a comment in it."""
    length = (len(text) + 2).to_bytes(2, "big")
    return picture[:2] + b"\xff\xfe" + length + text.encode() + picture[2:]


def listen(watched: Watched, incidents: dict[str, float], stop: threading.Event) -> None:
    with watched.platform.live.subscribe(f"exam:{watched.exam_id}", heartbeat=0.1) as messages:
        for message in messages:
            if isinstance(message, LiveMessage) and message.event == "incident":
                incidents.setdefault(message.data["kind"], time.monotonic())
            if stop.is_set():
                return


@pytest.mark.vision
@pytest.mark.slow
def test_a_change_before_the_camera_is_on_the_wall_in_time(
    world: World, faces: dict[str, bytes]
) -> None:
    watched = watch(world, detectors=["face"])
    incidents: dict[str, float] = {}
    stop = threading.Event()
    listener = threading.Thread(target=listen, args=[watched, incidents, stop])
    listener.start()
    camera = Camera(watched)
    camera.show(faces["1"], 4)
    second = camera.show(faces["2"], 4)
    camera.show(faces["1"], 6)
    empty = camera.show(faces["0"], 5)
    camera.show(faces["1"], 2)
    time.sleep(1)
    stop.set()
    listener.join()
    assert set(incidents) == {"person.second", "face.missing"}
    assert incidents["person.second"] - second < SECONDS
    assert incidents["face.missing"] - empty < SECONDS
    rows = watched.incidents()
    assert [row.kind for row in rows] == ["person.second", "face.missing"]
    assert all(len(row.evidence) >= 3 for row in rows)
