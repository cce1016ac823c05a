"""Faces in front of the camera: none, one, or more than one; cut off, or turned to a side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.detectors.face_models import BACKENDS, Backend, Face, find_faces
from examhall.plugins import (
    Detector,
    Finding,
    FrameEvidence,
    Health,
    Metrics,
    Sample,
    Stream,
    hookimpl,
)
from examhall.plugins.vision import decode, digest_of, find_model, health_of

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
    score = fields.Float(
        load_default=0.7,
        validate=validate.Range(0.4, 0.99),
        metadata={"label": "Certainty", "help": "From how much certainty on a spot is a face."},
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
            faces = self._find_faces(sample)
            if faces is not None:
                findings += self._judge(sample, faces)
        return findings

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare with the column `faces` (a number), in buckets 0, 1 and 2+, by `scene`.

        Samples without that number, and pictures that cannot be read, are left out.
        """
        pairs: Counter[tuple[str, str, str]] = Counter()
        for sample, labels in dataset:
            wanted = labels.get("faces", "")
            faces = self._find_faces(sample) if wanted.isdecimal() else None
            if faces is not None:
                found = _bucket(len(self._sure(faces)))
                pairs[labels.get("scene", ""), _bucket(int(wanted)), found] += 1
        scenes = sorted({scene for scene, _, _ in pairs})
        return Metrics(
            samples=pairs.total(),
            figures=_figures(pairs),
            groups={
                scene: _figures(Counter({key: n for key, n in pairs.items() if key[0] == scene}))
                for scene in scenes
            },
        )

    @property
    def _backend(self) -> Backend:
        return BACKENDS[self.config.get("backend", "yunet")]

    def _find_faces(self, sample: Sample) -> list[Face] | None:
        """Return everything face-like, the surest first; None for an unreadable picture."""
        picture = decode(sample)
        if picture is None:
            return None
        path = str(find_model(self, self._backend.model))
        return find_faces(self.config.get("backend", "yunet"), picture, path, sample.cache)

    def _sure(self, faces: Sequence[Face]) -> list[Face]:
        return [face for face in faces if face.score >= self.config.get("score", 0.7)]

    def _judge(self, sample: Sample, faces: Sequence[Face]) -> list[Finding]:
        sure = self._sure(faces)
        if not sure:
            best = faces[0].score if faces else 0.0
            spot = f" The most face-like spot is one at {best:.0%}." if faces else ""
            return [_finding(sample, MISSING, 1.0 - best, f"No face is in the picture.{spot}")]
        if len(sure) == 1:
            return list(self._look_closely(sample, sure[0]))
        text = f"{len(sure)} faces are in the picture, the second one at {sure[1].score:.0%}."
        return [_finding(sample, SECOND, sure[1].score, text, sure)]

    def _look_closely(self, sample: Sample, face: Face) -> Iterator[Finding]:
        picture = decode(sample)
        if picture is None or not face.points:
            return
        if _distance_to_edge(face) < EDGE:
            text = "Part of the face is outside the picture."
            yield _finding(sample, COVERED, face.score, text, [face])
        turn = _turn(face, picture.shape[1] / picture.shape[0])
        if abs(turn) > self.config.get("turn", TURN):
            text = "The head is turned far to a side; what is there cannot be seen."
            yield _finding(sample, AWAY, face.score, text, [face])


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


def _finding(
    sample: Sample, kind: str, confidence: float, text: str, faces: Sequence[Face] = ()
) -> Finding:
    boxes = tuple(face.box for face in faces)
    return Finding(
        kind=kind,
        start=sample.at,
        end=sample.at,
        confidence=min(1.0, max(0.0, confidence)),
        explanation=text,
        evidence=(FrameEvidence(sample.sha256, sample.at, boxes),),
    )


def _bucket(count: int) -> str:
    return BUCKETS[min(count, 2)]


def _figures(pairs: Counter[tuple[str, str, str]]) -> dict[str, float]:
    """Return accuracy, and precision and recall of each bucket that occurs."""
    right = sum(n for (_, wanted, found), n in pairs.items() if wanted == found)
    figures = {"samples": float(pairs.total()), "accuracy": right / max(1, pairs.total())}
    for bucket in BUCKETS:
        hits = sum(n for (_, wanted, found), n in pairs.items() if wanted == found == bucket)
        labelled = sum(n for (_, wanted, _), n in pairs.items() if wanted == bucket)
        reported = sum(n for (_, _, found), n in pairs.items() if found == bucket)
        if labelled:
            figures[f"recall {bucket}"] = hits / labelled
        if reported:
            figures[f"precision {bucket}"] = hits / reported
    return figures


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the face detector."""
    return [FaceDetector()]
