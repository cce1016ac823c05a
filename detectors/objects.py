"""Phones and other things that an exam may not allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from marshmallow import Schema, fields, validate

from examhall.detectors.findings import certainty_field, finding_about
from examhall.detectors.looking import (
    HINT,
    LookingDetector,
    ObjectLook,
    backend_field,
    second_backend,
)
from examhall.detectors.object_models import Thing
from examhall.detectors.tallies import Tally
from examhall.plugins import Detector, Finding, Metrics, Sample, Stream, hookimpl

PHONE = "object.phone"
CAUTION = 1.5
"""How much surer a model has to be whose opinion is asked for where another one has a hint."""

KINDS: Mapping[str, tuple[str, str]] = {
    PHONE: ("phone", "Possible phone"),
    "object.book": ("book", "Possible book"),
    "object.laptop": ("laptop", "Possible second computer"),
    "object.screen": ("screen", "Possible second screen"),
}


class ObjectsConfiguration(Schema):
    """Which model looks, for what, and how sure it has to be."""

    backend = backend_field()
    phone_score = certainty_field(
        "Certainty for phones",
        None,
        help_text="The mean of two looks: at the whole picture, and at the person alone. "
        "Empty: what suits the model.",
    )
    hint = fields.Float(
        load_default=HINT,
        validate=validate.Range(0, 0.9),
        metadata={
            "label": "Hint for a second look",
            "help": "How sure the look at the whole picture is before the person alone is looked "
            "at. 0: always, which takes twice to three times as long.",
        },
    )
    second_opinion = fields.Boolean(
        load_default=True,
        metadata={
            "label": "Ask the other model too",
            "help": "Where there is a hint and both models were fetched: finds more phones.",
        },
    )
    other_score = certainty_field("Certainty for other things", 0.6)
    others = fields.List(
        fields.String(validate=validate.OneOf(["book", "laptop", "screen"])),
        load_default=list,
        metadata={
            "label": "Other things to look for",
            "help": "The candidate's own screen or laptop may be in the picture.",
        },
    )


class ObjectsDetector(LookingDetector):
    """Looks for phones, twice: in the whole picture and around the person."""

    key = "objects"
    version = "1.0.0"
    title = "Phones and other things"
    summary = "Notes possible phones, and books, laptops or screens where the exam asks for it."
    streams = frozenset({Stream.CAMERA})
    cadence = 1.0
    consent_class = "camera"
    finding_kinds = {kind: title for kind, (_, title) in KINDS.items()}

    def config_schema(self) -> type[Schema]:
        return ObjectsConfiguration

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare with the column `phone` (0 or 1), by `scene`.

        `precision` counts false alarms in ordinary pictures; those of scene `hardneg`, which show
        things made to look like phones, are told by themselves. Pictures without that column or
        that cannot be read are left out.
        """
        tally: Tally[bool] = Tally()
        for sample, labels in dataset:
            wanted = labels.get("phone", "")
            found = self.look_at(sample) if wanted in {"0", "1"} else None
            if found is not None:
                is_found = any(finding.kind == PHONE for finding in found)
                tally.add(labels.get("scene", ""), wanted == "1", is_found)
        return Metrics(tally.total, _figures(tally.without("hardneg")), tally.by_group(_figures))

    def judge(self, sample: Sample, look: ObjectLook) -> Iterator[Finding]:
        for kind, (label, title) in KINDS.items():
            if label != "phone" and label not in self.config.get("others", ()):
                continue
            score, thing = self._score(sample, look, label)
            if thing is not None and score >= self._least(label):
                text = (
                    f"{title}: the looks at the picture make it {score:.0%} sure. Small models "
                    "take other things for it now and then; look at the frame."
                )
                yield finding_about(sample, kind, text, score, [thing.box])

    def _score(self, sample: Sample, look: ObjectLook, label: str) -> tuple[float, Thing | None]:
        """Return how sure a thing is, on the first model's scale, and where it was seen best."""
        hint = self.config.get("hint", HINT)
        score, thing = look.score_twice(label, hint)
        asks = label == "phone" and self.config.get("second_opinion", True)
        other = second_backend(self) if asks and thing is not None and thing.score >= HINT else None
        opinion = ObjectLook.at(self, sample, other) if other else None
        if opinion is None:
            return score, thing
        second, seen = opinion.score_twice(label, hint)
        scale = look.backend.phone_score / (opinion.backend.phone_score * CAUTION)
        if second * scale <= score:
            return score, thing
        return min(1.0, second * scale), seen

    def _least(self, label: str) -> float:
        return self.least_phone if label == "phone" else float(self.config.get("other_score", 0.6))


def _figures(tally: Tally[bool]) -> dict[str, float]:
    """Return samples, false alarms, and recall and precision where they can be told."""
    counts = {"samples": float(tally.total), "false alarms": float(tally.false_alarms(True))}
    return {**counts, **tally.rates(True)}


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of phones and other things."""
    return [ObjectsDetector()]
