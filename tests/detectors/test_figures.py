"""What detectors make of labelled frames, with models that see what a test says."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examhall.detectors.face import FaceDetector
from examhall.detectors.face_models import YUNET, Face
from examhall.detectors.looking import LookingDetector, ObjectLook
from examhall.detectors.object_models import BACKENDS, Thing
from examhall.detectors.objects import ObjectsDetector
from examhall.detectors.room import RoomDetector
from examhall.detectors.second_person import SecondPersonDetector
from examhall.plugins import Box, Detector, Installation, Metrics, Sample, Stream

numpy = pytest.importorskip("numpy")

BOX = Box(0.4, 0.4, 0.2, 0.2)
FACE = Face(0.9, BOX)
LOOKING = [ObjectsDetector, RoomDetector, SecondPersonDetector]
Labels = Mapping[str, str]


def frame(*labels: str, faces: int = 0) -> Sample:
    """Return a frame in which the models see faces, and things with these labels."""
    sample = Sample(Stream.CAMERA, datetime(2026, 11, 21, 9, tzinfo=UTC), b"", "ab" * 32)
    picture, backend = numpy.zeros((90, 120, 3), numpy.uint8), BACKENDS["yolox"]
    things = [Thing(label, 0.9, BOX) for label in labels]
    sample.cache["rgb"] = picture
    sample.cache[f"faces:{YUNET.model}"] = [FACE] * faces
    # Nothing new is seen in a second look.
    sample.cache[f"objects:{backend.model}"] = ObjectLook(picture, backend, "", things, close=[])
    return sample


def unreadable() -> Sample:
    sample = frame()
    sample.cache["rgb"] = None
    return sample


def measure(detector: Detector, folder: Path, dataset: list[tuple[Sample, Labels]]) -> Metrics:
    detector.installation = Installation(models_dir=folder)
    return detector.evaluate(dataset)


def test_faces_are_counted_in_buckets(tmp_path: Path) -> None:
    metrics = measure(
        FaceDetector(),
        tmp_path,
        [
            (frame(faces=1), {"faces": "1", "scene": "single"}),
            (frame(faces=0), {"faces": "1", "scene": "single"}),
            (frame(faces=2), {"faces": "2+", "scene": "multi"}),
            (frame(faces=2), {"faces": "many"}),
            (unreadable(), {"faces": "1"}),
        ],
    )
    assert metrics.samples == 3
    assert metrics.figures == {
        "samples": 3,
        "accuracy": 2 / 3,
        "precision 0": 0,
        "recall 1": 1 / 2,
        "precision 1": 1,
        "recall 2+": 1,
        "precision 2+": 1,
    }
    assert metrics.groups == {
        "multi": {"samples": 1, "accuracy": 1, "recall 2+": 1, "precision 2+": 1},
        "single": {
            "samples": 2,
            "accuracy": 1 / 2,
            "precision 0": 0,
            "recall 1": 1 / 2,
            "precision 1": 1,
        },
    }


def test_second_persons_are_counted_by_face_or_figure(tmp_path: Path) -> None:
    metrics = measure(
        SecondPersonDetector(),
        tmp_path,
        [
            (frame(faces=2), {"persons": "2+", "scene": "multi"}),
            (frame("person", "person", faces=1), {"persons": "2", "scene": "multi"}),
            (frame("person", faces=1), {"persons": "3", "scene": "multi"}),
            (frame("person", faces=1), {"persons": "1", "scene": "single"}),
            (frame(faces=2), {}),
            (unreadable(), {"persons": "1"}),
        ],
    )
    assert metrics.samples == 4
    assert metrics.figures == {"samples": 4, "recall": 2 / 3, "precision": 1}
    assert metrics.groups == {
        "multi": {"samples": 3, "recall": 2 / 3, "precision": 1},
        "single": {"samples": 1},
    }


def test_false_alarms_at_look_alikes_are_told_by_themselves(tmp_path: Path) -> None:
    metrics = measure(
        ObjectsDetector(),
        tmp_path,
        [
            (frame("phone"), {"phone": "1", "scene": "phone"}),
            (frame("book"), {"phone": "1", "scene": "phone"}),
            (frame("phone"), {"phone": "0", "scene": "hardneg"}),
            (frame("phone"), {"phone": "perhaps"}),
            (unreadable(), {"phone": "1"}),
        ],
    )
    assert metrics.samples == 3
    assert metrics.figures == {"samples": 2, "false alarms": 0, "recall": 1 / 2, "precision": 1}
    assert metrics.groups == {
        "hardneg": {"samples": 1, "false alarms": 1, "precision": 0},
        "phone": {"samples": 2, "false alarms": 0, "recall": 1 / 2, "precision": 1},
    }


def test_a_room_has_figures_for_each_kind_that_its_labels_tell(tmp_path: Path) -> None:
    metrics = measure(
        RoomDetector(),
        tmp_path,
        [
            (frame("person", "person"), {"persons": "2", "phone": "0", "scene": "room"}),
            (frame("phone"), {"persons": "1", "phone": "1", "scene": "room"}),
            (frame("person"), {"phone": "1", "scene": "table"}),
            (frame("person"), {"persons": "some"}),
            (unreadable(), {"persons": "1"}),
        ],
    )
    assert metrics.samples == 3
    assert metrics.figures == {
        "person recall": 1,
        "person precision": 1,
        "phone recall": 1 / 2,
        "phone precision": 1,
        "empty precision": 0,
    }
    assert metrics.groups["table"] == {"phone recall": 0}


@pytest.mark.parametrize("make", LOOKING)
def test_frames_that_cannot_be_read_are_passed_over(
    make: type[LookingDetector], tmp_path: Path
) -> None:
    detector = make()
    detector.installation = Installation(models_dir=tmp_path)
    assert detector.look_at(unreadable()) is None
    shown = frame("person", "person", "phone", faces=2)
    found = detector.analyze(None, [unreadable(), shown, unreadable(), shown])
    assert found == 2 * detector.analyze(None, [shown])
    assert {finding.kind for finding in found} <= set(detector.finding_kinds)
    assert found


@pytest.mark.parametrize("make", LOOKING)
def test_all_models_have_to_be_there(make: type[LookingDetector], tmp_path: Path) -> None:
    detector = make()
    detector.installation = Installation(models_dir=tmp_path)
    for name in (BACKENDS["yolox"].model, *detector.also_needs):
        health = detector.health()
        assert health.status == "failed"
        assert name in health.message
        (tmp_path / name).write_bytes(b"model")
    assert detector.health().status == "ok"
    assert detector.model_digest()


@pytest.mark.parametrize(("score", "is_found"), [(0.28, False), (0.32, True)])
def test_a_second_opinion_has_to_be_surer_by_half(
    tmp_path: Path, score: float, is_found: bool
) -> None:
    # Asked only where the first model has a doubt, it sees phones in remote controls more often.
    sample = frame()
    for name, seen in (("yolo11", 0.3), ("yolox", score)):
        backend = BACKENDS[name]
        (tmp_path / backend.model).write_bytes(b"model")
        things = [Thing("phone", seen, BOX)]
        sample.cache[f"objects:{backend.model}"] = ObjectLook(
            sample.cache["rgb"], backend, "", things, close=[(BOX, things)]
        )
    detector = ObjectsDetector()
    detector.installation = Installation(models_dir=tmp_path)
    assert bool(detector.analyze(None, [sample])) is is_found
