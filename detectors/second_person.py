"""A second person in the picture, by faces and by figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.detectors.face_models import BACKENDS as FACE_BACKENDS
from examhall.detectors.face_models import sharp_faces
from examhall.detectors.looking import (
    ObjectLook,
    backend_field,
    backend_health,
    chosen_backend,
    find_second,
)
from examhall.plugins import (
    Box,
    Detector,
    Finding,
    FrameEvidence,
    Health,
    Metrics,
    Sample,
    Stream,
    hookimpl,
)
from examhall.plugins.vision import decode, digest_of, find_model

SECOND = "person.second"
FACES = FACE_BACKENDS["yunet"]


class SecondPersonConfiguration(Schema):
    """Which model looks for figures, and how sure it and the face model have to be."""

    backend = backend_field()
    face_score = fields.Float(
        load_default=0.7,
        validate=validate.Range(0.4, 0.99),
        metadata={"label": "Certainty for faces"},
    )
    person_score = fields.Float(
        load_default=0.7,
        validate=validate.Range(0.3, 0.99),
        metadata={
            "label": "Certainty for figures",
            "help": "Lower ones see people from behind sooner, and coats and posters as well.",
        },
    )


class SecondPersonDetector(Detector):
    """Sees a second person whose face is turned away, too: two faces or two figures are enough."""

    key = "second_person"
    version = "1.0.0"
    title = "Second person"
    summary = "Notes frames with two faces, or with two figures whose faces cannot be seen."
    streams = frozenset({Stream.CAMERA})
    cadence = 0.5
    consent_class = "camera"
    finding_kinds = {SECOND: "Second person in view"}

    def config_schema(self) -> type[Schema]:
        return SecondPersonConfiguration

    def health(self) -> Health:
        return backend_health(self, FACES.model)

    def model_digest(self) -> str:
        return digest_of(self, chosen_backend(self).model)

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        found = (self._judge(sample) for sample in batch)
        return [finding for finding in found if finding is not None]

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare with the column `persons` (a number, or `2+`), by `scene`.

        Samples without that column, and pictures that cannot be read, are left out.
        """
        counts: Counter[tuple[str, bool, bool]] = Counter()
        for sample, labels in dataset:
            wanted = labels.get("persons", "").removesuffix("+")
            if wanted.isdecimal() and decode(sample) is not None:
                found = self._judge(sample) is not None
                counts[labels.get("scene", ""), int(wanted) >= 2, found] += 1
        scenes = sorted({scene for scene, _, _ in counts})
        return Metrics(
            samples=counts.total(),
            figures=_figures(counts),
            groups={
                scene: _figures(Counter({key: n for key, n in counts.items() if key[0] == scene}))
                for scene in scenes
            },
        )

    def _judge(self, sample: Sample) -> Finding | None:
        look = ObjectLook.at(self, sample)
        if look is None:
            return None
        path = str(find_model(self, FACES.model))
        faces = sharp_faces(look.picture, path, sample.cache)
        second = find_second(
            look,
            faces,
            self.config.get("face_score", 0.7),
            self.config.get("person_score", 0.7),
        )
        if second is None:
            return None
        score, boxes, text = second
        return _finding(sample, score, text, boxes)


def _finding(sample: Sample, score: float, text: str, boxes: Sequence[Box]) -> Finding:
    evidence = FrameEvidence(sample.sha256, sample.at, tuple(boxes))
    return Finding(SECOND, sample.at, sample.at, min(1.0, score), text, (evidence,))


def _figures(counts: Counter[tuple[str, bool, bool]]) -> dict[str, float]:
    """Return samples, and precision and recall where they can be told."""
    hits = sum(n for (_, wanted, found), n in counts.items() if wanted and found)
    labelled = sum(n for (_, wanted, _), n in counts.items() if wanted)
    reported = sum(n for (_, _, found), n in counts.items() if found)
    figures = {"samples": float(counts.total())}
    if labelled:
        figures["recall"] = hits / labelled
    if reported:
        figures["precision"] = hits / reported
    return figures


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of second persons."""
    return [SecondPersonDetector()]
