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
        purpose="detector face (mediapipe_landmarker)",
        size=3758596,
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        address=f"{MEDIAPIPE}/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
        licence="Apache-2.0",
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
