"""Whether the person in front of the camera is still the one who checked in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import combinations
from typing import Any

from marshmallow import Schema

from examhall.detectors.face_models import YUNET, Face, find_faces
from examhall.detectors.findings import certainty_field, finding_about
from examhall.detectors.object_models import make_session
from examhall.detectors.tallies import Tally
from examhall.plugins import Detector, Finding, Health, Metrics, Sample, Stream, hookimpl
from examhall.plugins.vision import (
    ModelPool,
    Picture,
    decode,
    digest_of,
    find_model,
    health_of,
    opencv,
)

CHANGED = "identity.changed"
MODEL = "mobilefacenet.onnx"
SIDE = 112
TEMPLATE = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Where eyes, nose and corners of the mouth lie in a picture of 112 pixels that the model expects
(the alignment of ArcFace, Deng and others, 2019)."""

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
LEAST_FACE = 0.06
"""Faces narrower than this share of the picture are too coarse to be compared."""

MOST_REFERENCES = 5


class IdentityConfiguration(Schema):
    """How alike two faces of one person are at least."""

    score = certainty_field(
        "Likeness",
        0.4,
        most=0.9,
        help_text="Cosine of the two faces; a lower one spares candidates with a hand at the "
        "mouth.",
    )
    face_score = certainty_field(
        "Certainty for faces", 0.8, least=0.4, help_text="Unclear faces are not compared."
    )


@dataclass(slots=True)
class _Known:
    """The faces that the person showed at first."""

    references: list[Any] = field(default_factory=list)


class IdentityDetector(Detector):
    """Compares each clear face with those of the check-in, or of the first frames without one.

    Only numbers made of the face are kept, in the worker's memory, until the session ends.
    """

    key = "identity"
    version = "1.0.0"
    title = "Same person"
    summary = "Notes when the face is unlike the one at check-in, for a person to look at."
    streams = frozenset({Stream.CAMERA})
    cadence = 5.0
    consent_class = "biometric"
    finding_kinds = {CHANGED: "Another person may sit there"}

    def config_schema(self) -> type[Schema]:
        return IdentityConfiguration

    def health(self) -> Health:
        return health_of(self, YUNET.model, MODEL, modules=("cv2", "onnxruntime"))

    def model_digest(self) -> str:
        return digest_of(self, MODEL)

    def open(self) -> Any:
        return _Known()

    def calibrate(self, state: Any, samples: Sequence[Sample]) -> None:
        for sample in samples:
            self._learn(state, self._describe(sample)[0])

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        found = (self._compare(state, sample) for sample in batch)
        return [finding for finding in found if finding is not None]

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare all pairs of pictures with the column `identity`; groups are its people.

        `balanced accuracy` is the mean of the shares of equal pairs found alike (`recall`) and of
        unlike pairs found unlike, at the configured likeness; `precision` is the share of pairs
        found alike that are equal.
        """
        people: dict[str, list[Any]] = defaultdict(list)
        for sample, labels in dataset:
            name = labels.get("identity", "")
            face = self._describe(sample)[0] if name else None
            if face is not None:
                people[name].append(face)
        every = [(name, face) for name, faces in people.items() for face in faces]
        pairs = [
            ({one, other}, float(left @ right) >= self._least)
            for (one, left), (other, right) in combinations(every, 2)
        ]
        return Metrics(
            samples=len(every),
            figures=_figures(pairs),
            groups={name: _figures([p for p in pairs if name in p[0]]) for name in sorted(people)},
        )

    @property
    def _least(self) -> float:
        return float(self.config.get("score", 0.4))

    def _learn(self, known: _Known, face: Any) -> None:
        if face is not None and len(known.references) < MOST_REFERENCES:
            known.references.append(face)

    def _compare(self, known: _Known, sample: Sample) -> Finding | None:
        face, box = self._describe(sample)
        if face is None or box is None:
            return None
        if not known.references:
            self._learn(known, face)
            return None
        likeness = max(float(face @ reference) for reference in known.references)
        if likeness >= self._least:
            return None
        text = (
            f"The face is unlike the first one: likeness {likeness:.2f}, {self._least:.2f} is "
            "expected. A hand, glasses or bad light can be the reason."
        )
        return finding_about(sample, CHANGED, text, 1 - likeness / self._least, [box.box])

    def _describe(self, sample: Sample) -> tuple[Any, Face | None]:
        """Return the numbers of the only clear face in a frame (128, length 1), and the face."""
        picture, faces = decode(sample), find_faces(self, sample)
        if picture is None or faces is None:
            return None, None
        clear = [face for face in faces if face.score >= self.config.get("face_score", 0.8)]
        # With two faces nobody can say whose likeness is asked for.
        if len(clear) != 1 or clear[0].box.width < LEAST_FACE:
            return None, None
        return _embed(_align(picture, clear[0]), str(find_model(self, MODEL))), clear[0]


def _align(picture: Picture, face: Face) -> Picture | None:
    numpy, cv2 = import_module("numpy"), opencv()
    height, width = picture.shape[:2]
    marks = numpy.array([(x * width, y * height) for x, y in face.points], numpy.float32)
    matrix, _ = cv2.estimateAffinePartial2D(
        marks, numpy.array(TEMPLATE, numpy.float32), method=cv2.LMEDS
    )
    if matrix is None:
        return None
    aligned: Picture = cv2.warpAffine(picture, matrix, (SIDE, SIDE))
    return aligned


def _embed(aligned: Picture | None, path: str) -> Any:
    if aligned is None:
        return None
    numpy = import_module("numpy")
    scaled = (aligned.astype(numpy.float32) / 255 - MEAN) / DEVIATION
    tensor = scaled.transpose(2, 0, 1)[None].astype(numpy.float32)
    with _sessions.borrow(path) as session:
        row = session.run(None, {session.get_inputs()[0].name: tensor})[0][0]
    length = float(numpy.linalg.norm(row))
    return row / length if length else None


def _figures(pairs: Sequence[tuple[set[str], bool]]) -> dict[str, float]:
    """Return what pairs of faces show; a pair has its people, and whether they look alike."""
    tally: Tally[bool] = Tally()
    for names, is_alike in pairs:
        tally.add("", len(names) == 1, is_alike)
    figures = {"pairs": float(tally.total)}
    equal, unlike = tally.rates(True), tally.rates(False)
    if "recall" in equal and "recall" in unlike:
        figures["balanced accuracy"] = (equal["recall"] + unlike["recall"]) / 2
        figures["equal found alike"] = equal["recall"]
        figures["unlike found unlike"] = unlike["recall"]
    return {**figures, **equal}


_sessions: ModelPool[Any] = ModelPool(make_session)


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of identity."""
    return [IdentityDetector()]
