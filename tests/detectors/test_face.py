"""The face detector, with its real models on real pictures."""

import csv
import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from examhall.detectors.face import FaceConfiguration, FaceDetector
from examhall.plugins import Installation, Sample, Stream
from examhall.plugins.vision import decode

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
MODELS = {
    "yunet": "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    "mediapipe": "b4578f35940bf5a1a655214a1cce5cab13eba73c1297cd78e1a04c2380b0152f",
    "mediapipe_landmarker": "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
}
ROOT = Path(__file__).parents[2]


def make(models_dir: Path, **config: object) -> FaceDetector:
    detector = FaceDetector()
    detector.installation = Installation(models_dir=models_dir)
    return detector.configured(FaceConfiguration().load(config))


def sample(data: bytes) -> Sample:
    return Sample(Stream.CAMERA, NOW, data, "ab" * 32)


def jpeg(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 150)).save(buffer, "jpeg")
    return buffer.getvalue()


def labelled(shared: Path) -> Iterator[tuple[Sample, dict[str, str]]]:
    with (shared / "media" / "MANIFEST.csv").open(newline="") as manifest:
        for row in csv.DictReader(manifest):
            if row["file"].endswith(".jpg"):
                yield sample((shared / "media" / row["file"]).read_bytes()), row


def pictures(shared: Path, faces: str) -> list[bytes]:
    return [one.data for one, row in labelled(shared) if row["faces"] == faces]


@pytest.mark.vision
def test_it_counts_faces_right_in_98_of_100_pictures(shared: Path, models_dir: Path) -> None:
    metrics = make(models_dir).evaluate(labelled(shared))
    assert metrics.samples >= 100
    assert metrics.figures["accuracy"] >= 0.98
    for bucket in ("0", "1", "2+"):
        assert metrics.figures[f"recall {bucket}"] >= 0.95
        assert metrics.figures[f"precision {bucket}"] >= 0.95
    assert set(metrics.groups) >= {"single", "multi", "noperson"}
    assert sum(group["samples"] for group in metrics.groups.values()) == metrics.samples


@pytest.mark.vision
@pytest.mark.parametrize("backend", sorted(MODELS))
def test_every_model_finds_what_it_should(shared: Path, models_dir: Path, backend: str) -> None:
    detector = make(models_dir, backend=backend, score=0.5)
    assert detector.health().status == "ok"
    assert detector.model_digest() == MODELS[backend]
    nobody = [sample(data) for data in pictures(shared, "0")[:10]]
    missing = detector.analyze(None, nobody)
    assert [one.kind for one in missing].count("face.missing") >= 9
    alone = [sample(data) for data in pictures(shared, "1")[:20]]
    assert len(detector.analyze(None, alone)) <= 2
    pair = [sample(data) for data in pictures(shared, "2")]
    assert "person.second" in {one.kind for one in detector.analyze(None, pair)}


@pytest.mark.vision
def test_a_finding_shows_what_was_seen(shared: Path, models_dir: Path) -> None:
    detector = make(models_dir)
    [second] = detector.analyze(None, [sample(pictures(shared, "2")[0])])
    assert second.kind == "person.second"
    assert second.start == second.end == NOW
    assert 0.7 <= second.confidence <= 1
    assert "2 faces" in second.explanation
    [frame] = second.evidence
    assert frame.sha256 == "ab" * 32
    assert len(frame.boxes) == 2
    for box in frame.boxes:
        assert 0 <= box.left <= box.left + box.width <= 1
        assert 0 <= box.top <= box.top + box.height <= 1
    [missing] = detector.analyze(None, [sample(pictures(shared, "0")[0])])
    assert missing.kind == "face.missing"
    assert missing.explanation.startswith("No face is in the picture.")


@pytest.mark.vision
def test_cut_faces_and_turned_heads_are_told_and_others_left_alone(
    shared: Path, models_dir: Path
) -> None:
    detector = make(models_dir)
    found: dict[str, list[str]] = {"face.covered": [], "face.away": []}
    for one, row in labelled(shared):
        for finding in detector.analyze(None, [one]) if row["persons"] == "1" else []:
            if finding.kind in found:
                found[finding.kind].append(row["file"])
    assert sorted(found["face.covered"]) == [
        "images/fr_obama_partial_face.jpg",
        "images/fr_obama_partial_face2.jpg",
    ]
    assert found["face.away"] == ["images/fpi_3.jpg"]


@pytest.mark.vision
@pytest.mark.parametrize("backend", sorted(MODELS))
def test_pictures_that_cannot_be_read_are_passed_over(models_dir: Path, backend: str) -> None:
    detector = make(models_dir, backend=backend)
    good = jpeg(64, 48)
    bomb = bytearray(good)
    at = bomb.index(b"\xff\xc0")
    bomb[at + 5 : at + 9] = (20000).to_bytes(2, "big") * 2
    bad = [b"", b"\xff\xd8", b"nonsense", good[:30], bytes(bomb), b"\xff" * 500]
    assert detector.analyze(None, [sample(data) for data in bad]) == []
    assert len(detector.analyze(None, [sample(good)])) == 1


@pytest.mark.vision
@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (16, 16), (3000, 40)])
def test_pictures_of_odd_shapes(models_dir: Path, size: tuple[int, int]) -> None:
    [finding] = make(models_dir).analyze(None, [sample(jpeg(*size))])
    assert finding.kind == "face.missing"


@pytest.mark.vision
def test_several_sessions_at_once(shared: Path, models_dir: Path) -> None:
    detector = make(models_dir)
    stories = {faces: [sample(data) for data in pictures(shared, faces)[:5]] for faces in "012"}
    found: dict[int, list[str]] = {}

    def look(number: int) -> None:
        batch = [Sample(one.stream, one.at, one.data) for one in stories["012"[number % 3]]]
        found[number] = [one.kind for one in detector.analyze(None, batch)]

    threads = [threading.Thread(target=look, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, kinds in found.items():
        assert set(kinds) == [{"face.missing"}, set(), {"person.second"}][number % 3]


@pytest.mark.vision
def test_a_frame_is_decoded_once(models_dir: Path) -> None:
    one = sample(jpeg(64, 48))
    first = decode(one)
    assert first is not None
    assert first.shape == (48, 64, 3)
    assert decode(one) is first


@pytest.mark.vision
def test_colours_are_red_green_blue() -> None:
    picture = decode(sample(jpeg(16, 16)))
    assert picture is not None
    assert picture[8, 8].tolist() == pytest.approx([90, 120, 150], abs=6)


def test_without_models_it_says_how_to_get_them(tmp_path: Path) -> None:
    detector = make(tmp_path)
    health = detector.health()
    assert health.status == "failed"
    assert "examhall models fetch" in health.hint
    assert detector.model_digest() == ""


@pytest.mark.vision
@pytest.mark.parametrize("backend", sorted(MODELS))
def test_a_process_that_used_a_model_ends_quietly(models_dir: Path, backend: str) -> None:
    program = f"""
import mediapipe.tasks.python
from tests.detectors.test_face import *
make(Path({str(models_dir)!r}), backend={backend!r}).analyze(None, [sample(jpeg(64, 48))])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
