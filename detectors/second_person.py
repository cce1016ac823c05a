"""A second person in the picture, by faces and by figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from marshmallow import Schema

from examhall.detectors.face_models import YUNET, find_faces
from examhall.detectors.findings import certainty_field, finding_about
from examhall.detectors.looking import LookingDetector, ObjectLook, backend_field, find_second
from examhall.detectors.tallies import Tally
from examhall.plugins import Detector, Finding, Metrics, Sample, Stream, hookimpl

SECOND = "person.second"


class SecondPersonConfiguration(Schema):
    """Which model looks for figures, and how sure it and the face model have to be."""

    backend = backend_field()
    face_score = certainty_field("Certainty for faces", 0.7, least=0.4)
    person_score = certainty_field(
        "Certainty for figures",
        None,
        least=0.3,
        help_text="Lower ones see people from behind sooner, and coats and posters as well. Empty: "
        "what suits the model.",
    )


class SecondPersonDetector(LookingDetector):
    """Sees a second person whose face is turned away, too: two faces or two figures are enough."""

    key = "second_person"
    version = "1.0.0"
    title = "Second person"
    summary = "Notes frames with two faces, or with two figures whose faces cannot be seen."
    streams = frozenset({Stream.CAMERA})
    cadence = 0.5
    consent_class = "camera"
    finding_kinds = {SECOND: "Second person in view"}
    also_needs = (YUNET.model,)

    def config_schema(self) -> type[Schema]:
        return SecondPersonConfiguration

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare with the column `persons` (a number, or `2+`), by `scene`.

        Samples without that column, and pictures that cannot be read, are left out.
        """
        tally: Tally[bool] = Tally()
        for sample, labels in dataset:
            wanted = labels.get("persons", "").removesuffix("+")
            found = self.look_at(sample) if wanted.isdecimal() else None
            if found is not None:
                tally.add(labels.get("scene", ""), int(wanted) >= 2, bool(found))
        return Metrics(tally.total, _figures(tally), tally.by_group(_figures))

    def judge(self, sample: Sample, look: ObjectLook) -> Iterator[Finding]:
        second = find_second(
            look,
            find_faces(self, sample) or [],
            self.config.get("face_score", 0.7),
            self.least_person,
        )
        if second is not None:
            score, boxes, text = second
            yield finding_about(sample, SECOND, text, score, boxes)


def _figures(tally: Tally[bool]) -> dict[str, float]:
    """Return samples, and precision and recall where they can be told."""
    return {"samples": float(tally.total), **tally.rates(True)}


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of second persons."""
    return [SecondPersonDetector()]
