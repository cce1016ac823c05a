"""Faces in front of the camera: none, one, or more than one; cut off, or turned to a side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.detectors.face_models import BACKENDS, Backend, Face, find_faces
from examhall.detectors.findings import certainty_field, finding_about
from examhall.detectors.tallies import Tally
from examhall.plugins import Detector, Finding, Health, Metrics, Sample, Stream, hookimpl
from examhall.plugins.vision import decode, digest_of, health_of

MISSING = "face.missing"
SECOND = "person.second"
COVERED = "face.covered"
AWAY = "face.away"
EDGE = 0.09
"""Eyes or mouth so near to the picture's edge (in sizes of the face) mean that the face is cut."""

TURN = 0.55
BUCKETS = ("0", "1", "2+")


class FaceConfiguration(Schema):
    """Which model looks, and how sure it has to be."""

    backend = fields.String(
        load_default="yunet",
        validate=validate.OneOf(sorted(BACKENDS)),
        metadata={
            "label": "Model",
            "help": "YuNet counts best; the MediaPipe models miss about half of all second faces.",
        },
    )
    score = certainty_field(
        "Certainty", 0.7, least=0.4, help_text="From how much certainty on a spot is a face."
    )
    turn = fields.Float(
        load_default=TURN,
        validate=validate.Range(0.3, 3),
        metadata={
            "label": "Turn of the head",
            "help": "How far the nose is to a side, in distances of the eyes. 0.55 is about 50 "
            "degrees; glances and a second screen beside the first are less. YuNet only.",
        },
    )


class FaceDetector(Detector):
    """Counts the faces of each frame, and looks where the only one's eyes, nose and mouth are.

    Hands and masks are not told: the models put a mouth where it should be, and the colours of
    skin, beards and light differ more than those of what may cover them.
    """

    key = "face"
    version = "1.0.0"
    title = "Face"
    summary = (
        "Notes frames without a face, with more than one, with one that the picture's edge cuts, "
        "and a head turned far to a side. A hand or a mask before the face is not told."
    )
    streams = frozenset({Stream.CAMERA})
    cadence = 0.25
    consent_class = "camera"
    finding_kinds = {
        MISSING: "No face in view",
        SECOND: "Second person in view",
        COVERED: "Face not fully in view",
        AWAY: "Head turned away",
    }

    def config_schema(self) -> type[Schema]:
        return FaceConfiguration

    def health(self) -> Health:
        backend = self._backend
        return health_of(self, backend.model, modules=backend.modules)

    def model_digest(self) -> str:
        return digest_of(self, self._backend.model)

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        findings = []
        for sample in batch:
            faces = find_faces(self, sample, self._backend)
            if faces is not None:
                findings += self._judge(sample, faces)
        return findings

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare with the column `faces` (a number, or `2+`), in buckets 0, 1 and 2+, by `scene`.

        Samples without that number, and pictures that cannot be read, are left out.
        """
        tally: Tally[str] = Tally()
        for sample, labels in dataset:
            wanted = labels.get("faces", "").removesuffix("+")
            faces = find_faces(self, sample, self._backend) if wanted.isdecimal() else None
            if faces is not None:
                found = _bucket(len(self._sure(faces)))
                tally.add(labels.get("scene", ""), _bucket(int(wanted)), found)
        return Metrics(tally.total, _figures(tally), tally.by_group(_figures))

    @property
    def _backend(self) -> Backend:
        return BACKENDS[self.config.get("backend", "yunet")]

    def _sure(self, faces: Sequence[Face]) -> list[Face]:
        return [face for face in faces if face.score >= self.config.get("score", 0.7)]

    def _judge(self, sample: Sample, faces: Sequence[Face]) -> list[Finding]:
        sure = self._sure(faces)
        if not sure:
            best = faces[0].score if faces else 0.0
            spot = f" The most face-like spot is one at {best:.0%}." if faces else ""
            text = f"No face is in the picture.{spot}"
            return [finding_about(sample, MISSING, text, 1.0 - best)]
        if len(sure) == 1:
            return list(self._look_closely(sample, sure[0]))
        text = f"{len(sure)} faces are in the picture, the second one at {sure[1].score:.0%}."
        boxes = [face.box for face in sure]
        return [finding_about(sample, SECOND, text, sure[1].score, boxes)]

    def _look_closely(self, sample: Sample, face: Face) -> Iterator[Finding]:
        picture = decode(sample)
        if picture is None or not face.points:
            return
        if _distance_to_edge(face) < EDGE:
            text = "Part of the face is outside the picture."
            yield finding_about(sample, COVERED, text, face.score, [face.box])
        turn = _turn(face, picture.shape[1] / picture.shape[0])
        if abs(turn) > self.config.get("turn", TURN):
            text = "The head is turned far to a side; what is there cannot be seen."
            yield finding_about(sample, AWAY, text, face.score, [face.box])


def _distance_to_edge(face: Face) -> float:
    """Return how far eyes, nose and mouth are from the picture's edge at least, in face sizes."""
    wide, high = max(face.box.width, 1e-6), max(face.box.height, 1e-6)
    return min(
        distance
        for x, y in face.points
        for distance in (x / wide, (1 - x) / wide, y / high, (1 - y) / high)
    )


def _turn(face: Face, aspect: float) -> float:
    """Return how far the nose is beside the middle of the eyes, in distances of the eyes."""
    (right_x, right_y), (left_x, left_y), (nose_x, nose_y) = (
        (x * aspect, y) for x, y in face.points[:3]
    )
    across, down = left_x - right_x, left_y - right_y
    length = across * across + down * down
    aside, below = nose_x - (left_x + right_x) / 2, nose_y - (left_y + right_y) / 2
    return (aside * across + below * down) / max(length, 1e-9)


def _bucket(count: int) -> str:
    return BUCKETS[min(count, 2)]


def _figures(tally: Tally[str]) -> dict[str, float]:
    """Return accuracy, and precision and recall of each bucket that occurs."""
    right = sum(tally.hits(bucket) for bucket in BUCKETS)
    rates = {
        f"{name} {bucket}": rate for bucket in BUCKETS for name, rate in tally.rates(bucket).items()
    }
    return {"samples": float(tally.total), "accuracy": right / max(1, tally.total), **rates}


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the face detector."""
    return [FaceDetector()]
