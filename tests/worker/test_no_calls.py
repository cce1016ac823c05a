"""The detectors' libraries call nobody: a worker is watched while it analyses a session."""

import csv
import importlib.util
import json
import sys
import wave
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from examhall.core.contracts.base import Kind
from examhall.core.contracts.detector import Stream
from examhall.core.proctoring.chunks import NewChunk
from examhall.core.proctoring.samples import Upload, content_type_of
from tests.core.attempts.world import World, open_world
from tests.core.proctoring.watching import START, Watched, watch
from tests.network_trace import trace_network

pytestmark = pytest.mark.vision

ADDRESS = "import socket; socket.socket().connect_ex(('192.0.2.1', 9))"
DATAGRAM = "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))"
NAME = "import socket\ntry: socket.getaddrinfo('usage.example', 443)\nexcept OSError: pass"
LOOPBACK = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path, models_dir: Path) -> Iterator[World]:
    with open_world(sqlite_url, tmp_path, models_dir=models_dir) as world:
        yield world


@pytest.fixture
def samples(shared: Path) -> dict[Stream, list[bytes]]:
    """A person with a phone, two persons, nobody; speech; an event."""
    with (shared / "media" / "MANIFEST.csv").open(newline="") as manifest:
        rows = [row for row in csv.DictReader(manifest) if row["file"].startswith("images/")]
    wanted = [("faces", "1"), ("faces", "2"), ("faces", "0"), ("phone", "1")]
    names = [next(row["file"] for row in rows if row[column] == value) for column, value in wanted]
    pictures = [(shared / "media" / name).read_bytes() for name in names]
    sound = sorted((shared / "media" / "audio").glob("*.wav"))[0]
    with wave.open(str(sound)) as file:
        pcm = file.readframes(16000 * 3)
    event = json.dumps({"type": "focus.lost"}).encode()
    return {
        Stream.CAMERA: pictures,
        Stream.ROOM: pictures,
        Stream.SCREEN: pictures[:1],
        Stream.MICROPHONE: [pcm],
        Stream.BROWSER: [event],
    }


def send(watched: Watched, stream: Stream, data: list[bytes]) -> None:
    uploads = tuple(
        Upload(START + timedelta(seconds=number), one, content_type_of(stream))
        for number, one in enumerate(data)
    )
    end = START + timedelta(seconds=len(data))
    watched.send(NewChunk(stream.value, 0, START, end, uploads, watched.sending_clock()))


@pytest.mark.parametrize("backend", ["automatic", "yolox", "ultralytics"])
def test_a_worker_with_every_bundled_detector_calls_nobody(
    world: World, samples: dict[Stream, list[bytes]], tmp_path: Path, backend: str
) -> None:
    if backend == "ultralytics" and importlib.util.find_spec("ultralytics") is None:
        pytest.skip("the package ultralytics, an extra, is not installed")
    detectors = world.platform.plugins.all(Kind.DETECTOR)
    keys = [one.key for one in detectors]
    assert {"face", "gaze", "identity", "objects", "second_person", "audio"} <= set(keys)
    watched = watch(world, detectors=keys)
    recorded = set(watched.session().policy["streams"])
    for stream, data in samples.items():
        if stream in recorded and stream is not Stream.ROOM:
            send(watched, stream, data)
    settings = world.platform.settings
    environment = {
        "EXAMHALL_DATABASE_URL": settings.database_url,
        "EXAMHALL_DATA_DIR": str(settings.data_dir),
        "EXAMHALL_MODELS_DIR": str(settings.models_dir),
        "EXAMHALL_DETECTOR_OBJECTS_BACKEND": backend,
        "EXAMHALL_DETECTOR_SECOND_PERSON_BACKEND": backend,
    }
    command = [sys.executable, "-m", "tests.worker.all_detectors", str(watched.session_id)]
    trace = trace_network(command, tmp_path, environment)
    assert trace.code == 0, trace.output
    chunks = watched.chunks()
    assert {row.state for row in chunks} == {"analysed"}, trace.output
    assert [row.note for row in chunks] == [""] * len(chunks)
    looked = {key for row in chunks for key in row.seen_by}
    assert set(keys) - looked <= {key for key in keys if not can_look(world, key, recorded)}
    assert watched.findings()
    assert trace.calls_out == []


def can_look(world: World, key: str, recorded: set[str]) -> bool:
    """Say whether something was recorded for a detector, except by a second device."""
    streams = world.platform.plugins.detector(key).streams - {Stream.ROOM}
    return not recorded.isdisjoint(stream.value for stream in streams)


@pytest.mark.parametrize("code", [ADDRESS, DATAGRAM, NAME])
def test_a_process_that_does_call_is_caught(tmp_path: Path, code: str) -> None:
    assert trace_network([sys.executable, "-c", code], tmp_path).calls_out


def test_the_machine_itself_may_be_called(tmp_path: Path) -> None:
    assert trace_network([sys.executable, "-c", LOOPBACK], tmp_path).calls_out == []
