"""The detectors' models: what they are called, who publishes them, and whether a file is right.

(The tables of proctoring are in `models`.)
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from examhall.core.errors import InvalidError, NotFoundError

MEDIAPIPE = "https://storage.googleapis.com/mediapipe-models"
GITHUB = "https://raw.githubusercontent.com"
OPENCV_ZOO = "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models"


@dataclass(frozen=True, slots=True)
class Model:
    """A model as its publisher offers it; another content than `sha256` is refused."""

    name: str
    purpose: str
    size: int
    sha256: str
    address: str
    licence: str


class ModelState(StrEnum):
    """What lies in the folder under a model's name."""

    READY = "ready"
    MISSING = "missing"
    ALTERED = "altered"


MODELS: tuple[Model, ...] = (
    Model(
        name="face_detection_yunet_2023mar.onnx",
        purpose="detector face (yunet, the default)",
        size=232589,
        sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        address=f"{OPENCV_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx",
        licence="MIT",
    ),
    Model(
        name="blaze_face_short_range.tflite",
        purpose="detector face (mediapipe)",
        size=229746,
        sha256="b4578f35940bf5a1a655214a1cce5cab13eba73c1297cd78e1a04c2380b0152f",
        address=f"{MEDIAPIPE}/face_detector/blaze_face_short_range/float16/1/"
        "blaze_face_short_range.tflite",
        licence="Apache-2.0",
    ),
    Model(
        name="face_landmarker.task",
        purpose="detectors gaze and face (mediapipe_landmarker)",
        size=3758596,
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        address=f"{MEDIAPIPE}/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
        licence="Apache-2.0",
    ),
    Model(
        name="yolox_nano.onnx",
        purpose="detectors objects and second_person (yolox)",
        size=3678356,
        sha256="e8af074932d4ed7e232278e3055cefcdea3edf178874a3694ae292649fb464dd",
        address=f"{GITHUB}/Bigisland1729/object-detection-models/"
        "7f3f2fa34b351e3d2af150893458106ad3f3a84f/yolox_nano.onnx",
        licence="Apache-2.0",
    ),
    Model(
        name="mobilefacenet.onnx",
        purpose="detector identity",
        size=3998070,
        sha256="b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507",
        address=f"{GITHUB}/foamliu/MobileFaceNet/"
        "a6cc9032a659b615f477833e1a70b5e7931bcccc/weights/MobileFaceNet.onnx",
        licence="Apache-2.0",
    ),
    Model(
        name="silero_vad.onnx",
        purpose="detector audio",
        size=2327524,
        sha256="1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
        address=f"{GITHUB}/snakers4/silero-vad/"
        "806dcba3f0b5d95282d0889a074954a2f8c6397b/src/silero_vad/data/silero_vad.onnx",
        licence="MIT",
    ),
)


def get_model(name: str) -> Model:
    """Return a model of the list; NotFoundError names those that there are."""
    for model in MODELS:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in MODELS)
    raise NotFoundError(f"There is no model {name}. There are: {known}.")


def get_state(folder: Path, model: Model) -> ModelState:
    """Say whether a model's file is there and is what its publisher made."""
    try:
        with (folder / model.name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ModelState.MISSING
    return ModelState.READY if found == model.sha256 else ModelState.ALTERED


def install_model(folder: Path, model: Model, pieces: Iterable[bytes]) -> Path:
    """Write a model's file, whole and verified or not at all; returns its path.

    Raises InvalidError when the content is another one; what was there before stays then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".part-")
    path = folder / model.name
    try:
        with os.fdopen(handle, "wb") as file:
            _write_verified(file, model, pieces)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return path


def _write_verified(file: IO[bytes], model: Model, pieces: Iterable[bytes]) -> None:
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        size += len(piece)
        if size > model.size:
            break
        digest.update(piece)
        file.write(piece)
    if size != model.size or digest.hexdigest() != model.sha256:
        raise InvalidError(
            f"{model.name} is not what its publisher made: nothing was changed.",
            expected=model.sha256,
            found=digest.hexdigest(),
        )
