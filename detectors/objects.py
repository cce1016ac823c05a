"""Phones and other things that an exam may not allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.detectors.looking import (
    HINT,
    ObjectLook,
    backend_field,
    backend_health,
    chosen_backend,
    second_backend,
)
from examhall.detectors.object_models import Thing
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
from examhall.plugins.vision import digest_of

PHONE = "object.phone"
CAUTION = 1.25
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
    phone_score = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0.1, 0.99),
        metadata={
            "label": "Certainty for phones",
            "help": "The mean of two looks: at the whole picture, and at the person alone. "
            "Empty: what suits the model.",
        },
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
    other_score = fields.Float(
        load_default=0.6,
        validate=validate.Range(0.1, 0.99),
        metadata={"label": "Certainty for other things"},
    )
    others = fields.List(
        fields.String(validate=validate.OneOf(["book", "laptop", "screen"])),
        load_default=list,
        metadata={
            "label": "Other things to look for",
            "help": "The candidate's own screen or laptop may be in the picture.",
        },
    )


class ObjectsDetector(Detector):
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

    def health(self) -> Health:
        return backend_health(self)

    def model_digest(self) -> str:
        return digest_of(self, chosen_backend(self).model)

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        return [finding for sample in batch for finding in self._look_at(sample)]

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare with the column `phone` (0 or 1), by `scene`.

        `precision` counts false alarms in ordinary pictures; those of scene `hardneg`, which show
        things made to look like phones, are told by themselves. Pictures without that column or
        that cannot be read are left out.
        """
        counts: Counter[tuple[str, bool, bool]] = Counter()
        for sample, labels in dataset:
            wanted = labels.get("phone", "")
            look = ObjectLook.at(self, sample) if wanted in {"0", "1"} else None
            if look is not None:
                found = self._score(sample, look, "phone")[0] >= self._least("phone")
                counts[labels.get("scene", ""), wanted == "1", found] += 1
        scenes = sorted({scene for scene, _, _ in counts})
        ordinary = Counter({key: n for key, n in counts.items() if key[0] != "hardneg"})
        return Metrics(
            samples=counts.total(),
            figures=_figures(ordinary),
            groups={
                scene: _figures(Counter({key: n for key, n in counts.items() if key[0] == scene}))
                for scene in scenes
            },
        )

    def _look_at(self, sample: Sample) -> list[Finding]:
        look = ObjectLook.at(self, sample)
        if look is None:
            return []
        found = []
        for kind, (label, title) in KINDS.items():
            if label != "phone" and label not in self.config.get("others", ()):
                continue
            score, thing = self._score(sample, look, label)
            if thing is not None and score >= self._least(label):
                found.append(_finding(sample, kind, title, score, thing))
        return found

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
        if label == "phone":
            return float(self.config.get("phone_score") or chosen_backend(self).phone_score)
        return float(self.config.get("other_score", 0.6))


def _finding(sample: Sample, kind: str, title: str, score: float, thing: Thing) -> Finding:
    text = (
        f"{title}: the looks at the picture make it {score:.0%} sure. Small models take other "
        "things for it now and then; look at the frame."
    )
    evidence = FrameEvidence(sample.sha256, sample.at, (thing.box,))
    return Finding(kind, sample.at, sample.at, min(1.0, score), text, (evidence,))


def _figures(counts: Counter[tuple[str, bool, bool]]) -> dict[str, float]:
    """Return samples, precision and recall (where they can be told) and false alarms."""
    hits = sum(n for (_, wanted, found), n in counts.items() if wanted and found)
    labelled = sum(n for (_, wanted, _), n in counts.items() if wanted)
    false = sum(n for (_, wanted, found), n in counts.items() if found and not wanted)
    figures = {"samples": float(counts.total()), "false alarms": float(false)}
    if labelled:
        figures["recall"] = hits / labelled
    if hits + false:
        figures["precision"] = hits / (hits + false)
    return figures


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of phones and other things."""
    return [ObjectsDetector()]
