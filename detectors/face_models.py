"""The models that find faces: each gives the faces of one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from examhall.plugins import Box, Detector, Sample
from examhall.plugins.vision import ModelPool, Picture, decode, find_model, opencv

LONG_SIDE = 320
"""Pixels of the longer side that YuNet looks at: fast, and right on all labelled pictures."""

FLOOR = 0.4
"""Spots less face-like than this are not reported at all."""

OVERLAP = 0.3
MOST_FACES = 5


@dataclass(frozen=True, slots=True)
class Face:
    """Something face-like, as sure as `score` says (0 to 1).

    `points` are eyes, nose and corners of the mouth as fractions, right before left as the person
    has them; not every model tells them.
    """

    score: float
    box: Box
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Backend:
    """A way to find faces: its model's file, the Python packages it needs, the function."""

    model: str
    modules: tuple[str, ...]
    find: Callable[[Picture, str], list[Face]]


def _find_with_yunet(picture: Picture, path: str) -> list[Face]:
    cv2 = opencv()
    height, width = picture.shape[:2]
    scale = LONG_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    with _yunet.borrow(path) as model:
        model.setInputSize(size)
        _, rows = model.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    return [
        Face(score, _box(left, top, width, height, *size), _points(marks, *size))
        for left, top, width, height, *marks, score in (() if rows is None else rows.tolist())
    ]


def _points(marks: list[float], wide: int, high: int) -> tuple[tuple[float, float], ...]:
    return tuple((x / wide, y / high) for x, y in zip(marks[::2], marks[1::2], strict=True))


def _find_with_detector(picture: Picture, path: str) -> list[Face]:
    height, width = picture.shape[:2]
    with _detector.borrow(path) as model:
        found = model.detect(_image(picture)).detections
    boxes = [detection.bounding_box for detection in found]
    return [
        Face(
            float(detection.categories[0].score),
            _box(box.origin_x, box.origin_y, box.width, box.height, width, height),
        )
        for detection, box in zip(found, boxes, strict=True)
    ]


def _find_with_landmarker(picture: Picture, path: str) -> list[Face]:
    with _landmarker.borrow(path) as model:
        found = model.detect(_image(picture)).face_landmarks
    # The landmarker says no score, only that it is above its threshold.
    return [Face(0.9, _around([(mark.x, mark.y) for mark in marks])) for marks in found]


def _make_yunet(path: str) -> Any:
    return opencv().FaceDetectorYN.create(path, "", (LONG_SIDE, LONG_SIDE), FLOOR, OVERLAP, 500)


def _make_detector(path: str) -> Any:
    tasks = import_module("mediapipe.tasks.python")
    options = tasks.vision.FaceDetectorOptions(
        base_options=tasks.BaseOptions(model_asset_path=path), min_detection_confidence=FLOOR
    )
    return tasks.vision.FaceDetector.create_from_options(options)


def _make_landmarker(path: str) -> Any:
    tasks = import_module("mediapipe.tasks.python")
    options = tasks.vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=path), num_faces=MOST_FACES
    )
    return tasks.vision.FaceLandmarker.create_from_options(options)


def _close_task(task: Any) -> None:
    task.close()


_yunet: ModelPool[Any] = ModelPool(_make_yunet)
_detector: ModelPool[Any] = ModelPool(_make_detector, _close_task)
_landmarker: ModelPool[Any] = ModelPool(_make_landmarker, _close_task)


def _image(picture: Picture) -> Any:
    mediapipe = import_module("mediapipe")
    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)


def _box(left: float, top: float, width: float, height: float, wide: int, high: int) -> Box:
    """Return a box in fractions, cut at the edges of the picture."""
    right, bottom = min(1.0, (left + width) / wide), min(1.0, (top + height) / high)
    left, top = max(0.0, left / wide), max(0.0, top / high)
    return Box(left, top, max(0.0, right - left), max(0.0, bottom - top), "face")


def _around(points: list[tuple[float, float]]) -> Box:
    left, top = (min(point[axis] for point in points) for axis in (0, 1))
    right, bottom = (max(point[axis] for point in points) for axis in (0, 1))
    return _box(left, top, right - left, bottom - top, 1, 1)


YUNET = Backend("face_detection_yunet_2023mar.onnx", ("cv2",), _find_with_yunet)
BACKENDS: Mapping[str, Backend] = {
    "yunet": YUNET,
    "mediapipe": Backend(
        "blaze_face_short_range.tflite", ("cv2", "mediapipe"), _find_with_detector
    ),
    "mediapipe_landmarker": Backend(
        "face_landmarker.task", ("cv2", "mediapipe"), _find_with_landmarker
    ),
}


def find_faces(detector: Detector, sample: Sample, backend: Backend = YUNET) -> list[Face] | None:
    """Return everything face-like in a frame, the surest first; None for an unreadable picture.

    The next detector that looks at the frame with the same model gets the same faces.
    """
    picture = decode(sample)
    if picture is None:
        return None
    key = f"faces:{backend.model}"
    if key not in sample.cache:
        found = backend.find(picture, str(find_model(detector, backend.model)))
        sample.cache[key] = sorted(found, key=lambda face: -face.score)
    faces: list[Face] = sample.cache[key]
    return faces
