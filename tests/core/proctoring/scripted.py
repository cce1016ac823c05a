"""A detector that reads the number of faces from the width of the picture, and faults as well."""

import io
import time
from collections.abc import Sequence
from typing import Any

from PIL import Image

from examhall.plugins import Box, Detector, Finding, FrameEvidence, Sample, Stream, hookimpl

ALONE, EMPTY, TWO, RAISE, RUBBISH, HANG = 16, 24, 32, 40, 48, 56


def picture(width: int, number: int = 0) -> bytes:
    """Return a JPEG of a width; another number makes it another picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, 16)).save(buffer, "jpeg", comment=f"picture {number}")
    return buffer.getvalue()


class ScriptedDetector(Detector):
    """Does what the pictures say."""

    key = "scripted"
    version = "1.0"
    title = "Scripted"
    streams = frozenset({Stream.CAMERA})
    cadence = 0.25
    consent_class = "camera"
    finding_kinds = {"face.missing": "No face in view", "person.second": "Second person in view"}

    def model_digest(self) -> str:
        return "ab" * 32

    def open(self) -> list[Any]:
        return []

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        state.append([sample.at for sample in batch])
        return [finding for sample in batch for finding in look(sample)]


def look(sample: Sample) -> list[Finding]:
    width = Image.open(io.BytesIO(sample.data)).width
    if width == RAISE:
        raise RuntimeError("the model is broken")
    if width == RUBBISH:
        return ["a face"]
    if width == HANG:
        time.sleep(30)
    kind = {EMPTY: "face.missing", TWO: "person.second"}.get(width)
    if kind is None:
        return []
    boxes = (Box(0.1, 0.2, 0.3, 0.4, "face"),)
    evidence = (FrameEvidence(sample.sha256, sample.at, boxes),)
    return [Finding(kind, sample.at, sample.at, 0.9, f"A width of {width}.", evidence)]


@hookimpl
def examhall_detectors() -> list[Detector]:
    return [ScriptedDetector()]
