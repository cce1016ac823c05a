"""The models behind the object detectors: each gives the things in one picture.

YOLOX-nano (Apache-2.0) comes first where nothing else was chosen. YOLO11n sees more phones; its
weights are AGPL-3.0, so that an institution has to fetch them on purpose. Both run in ONNX Runtime;
the package `ultralytics` is a third way, for whoever has it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from examhall.plugins import Box
from examhall.plugins.vision import ModelPool, Picture, opencv

SIDE = 416
"""Pixels of the square that the models look at."""

FLOOR = 0.05
"""Things less sure than this are not reported at all."""

OVERLAP = 0.5
GREY = 114

LABELS: Mapping[int, str] = {
    0: "person",
    62: "screen",
    63: "laptop",
    65: "remote",
    66: "keyboard",
    67: "phone",
    73: "book",
}
"""The classes of COCO that matter in an exam, by their number."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something in a picture, as sure as `score` says (0 to 1)."""

    label: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True)
class Backend:
    """A way to find things: its model's file, the Python packages it needs, the function.

    `phone_score` and `person_score` are the certainties from which its phones, and a second figure
    apart from the first, can be believed.
    """

    model: str
    modules: tuple[str, ...]
    find: Callable[[Picture, str], list[Thing]]
    phone_score: float
    person_score: float = 0.7


@dataclass(frozen=True, slots=True)
class _Fit:
    """How a picture was laid into the square: scale, and offset in its pixels."""

    scale: float
    left: int
    top: int


def _lay(picture: Picture, *, centred: bool) -> tuple[Any, _Fit]:
    numpy = import_module("numpy")
    height, width = picture.shape[:2]
    scale = min(SIDE / height, SIDE / width)
    high, wide = max(1, round(height * scale)), max(1, round(width * scale))
    left, top = ((SIDE - wide) // 2, (SIDE - high) // 2) if centred else (0, 0)
    square = numpy.full((SIDE, SIDE, 3), GREY, numpy.uint8)
    square[top : top + high, left : left + wide] = opencv().resize(picture, (wide, high))
    return square, _Fit(scale, left, top)


def _tensor(square: Any, order: tuple[int, int, int], scale: float) -> Any:
    """Return colours by planes (1 x 3 x side x side), one after the other: eight times faster."""
    numpy = import_module("numpy")
    planes = opencv().split(square)
    tensor = numpy.empty((1, 3, SIDE, SIDE), numpy.float32)
    for place, colour in enumerate(order):
        numpy.multiply(planes[colour], numpy.float32(scale), out=tensor[0, place])
    return tensor


def _find_with_yolox(picture: Picture, path: str) -> list[Thing]:
    """Decode the raw grid of YOLOX: centre and size are relative to each cell's stride."""
    numpy = import_module("numpy")
    square, fit = _lay(picture, centred=False)
    # It was trained on OpenCV's order of colours, without scaling.
    tensor = _tensor(square, (2, 1, 0), 1.0)
    with _sessions.borrow(path) as session:
        rows = session.run(None, {session.get_inputs()[0].name: tensor})[0][0]
    cells, strides = _grid()
    centres = (rows[:, :2] + cells) * strides
    sizes = numpy.exp(numpy.clip(rows[:, 2:4], -10, 10)) * strides
    return _things(centres, sizes, rows[:, 4:5] * rows[:, 5:], fit, picture)


def _find_with_yolo11(picture: Picture, path: str) -> list[Thing]:
    square, fit = _lay(picture, centred=True)
    tensor = _tensor(square, (0, 1, 2), 1 / 255)
    with _sessions.borrow(path) as session:
        rows = session.run(None, {session.get_inputs()[0].name: tensor})[0][0].T
    return _things(rows[:, :2], rows[:, 2:4], rows[:, 4:], fit, picture)


def _find_with_ultralytics(picture: Picture, path: str) -> list[Thing]:
    height, width = picture.shape[:2]
    with _ultralytics.borrow(path) as model:
        options = {"imgsz": SIDE, "conf": FLOOR, "iou": OVERLAP, "verbose": False, "device": "cpu"}
        boxes = model.predict(picture[:, :, ::-1], **options)[0].boxes
    found = zip(boxes.cls.int().tolist(), boxes.conf.tolist(), boxes.xyxyn.tolist(), strict=True)
    return [
        Thing(LABELS[number], score, Box(left, top, right - left, bottom - top, LABELS[number]))
        for number, score, (left, top, right, bottom) in found
        if number in LABELS and width and height
    ]


def _things(centres: Any, sizes: Any, scores: Any, fit: _Fit, picture: Picture) -> list[Thing]:
    height, width = picture.shape[:2]
    corners = (centres - sizes / 2 - (fit.left, fit.top)) / fit.scale
    sides = sizes / fit.scale
    found = []
    for number, label in LABELS.items():
        sure = scores[:, number] > FLOOR
        if not sure.any():
            continue
        boxes = [
            [left, top, wide, high]
            for (left, top), (wide, high) in zip(
                corners[sure].tolist(), sides[sure].tolist(), strict=True
            )
        ]
        kept = scores[sure, number].tolist()
        chosen = opencv().dnn.NMSBoxes(boxes, kept, FLOOR, OVERLAP)
        found += [
            Thing(label, min(1.0, kept[n]), _box(boxes[n], width, height, label))
            for n in (int(n) for n in chosen)
        ]
    return sorted(found, key=lambda thing: -thing.score)


def _box(pixels: list[float], width: int, height: int, label: str) -> Box:
    left, top, wide, high = pixels
    right, bottom = min(width, left + wide), min(height, top + high)
    left, top = max(0.0, left), max(0.0, top)
    wide, high = max(0.0, right - left), max(0.0, bottom - top)
    return Box(left / width, top / height, wide / width, high / height, label)


@cache
def _grid() -> tuple[Any, Any]:
    """Return the cell of each row of YOLOX's answer, and its stride in pixels."""
    numpy = import_module("numpy")
    cells, strides = [], []
    for stride in (8, 16, 32):
        count = SIDE // stride
        down, across = numpy.mgrid[:count, :count]
        cells.append(numpy.stack([across.ravel(), down.ravel()], 1))
        strides.append(numpy.full((count * count, 1), stride))
    return numpy.concatenate(cells), numpy.concatenate(strides)


def make_session(path: str) -> Any:
    """Load a model into ONNX Runtime, on one thread: two processes beat two threads."""
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _make_ultralytics(path: str) -> Any:
    # Without this it looks up hosts of its maker when it is imported.
    os.environ["YOLO_OFFLINE"] = "true"
    return import_module("ultralytics").YOLO(path)


_sessions: ModelPool[Any] = ModelPool(make_session)
_ultralytics: ModelPool[Any] = ModelPool(_make_ultralytics)

BACKENDS: Mapping[str, Backend] = {
    "yolo11": Backend("yolo11n_416.onnx", ("cv2", "onnxruntime"), _find_with_yolo11, 0.4, 0.6),
    "yolox": Backend("yolox_nano.onnx", ("cv2", "onnxruntime"), _find_with_yolox, 0.2),
    "ultralytics": Backend("yolo11n.pt", ("cv2", "ultralytics"), _find_with_ultralytics, 0.4, 0.6),
}
