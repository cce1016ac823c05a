"""The room as a second camera sees it: who is there, and what lies about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.detectors.face_models import BACKENDS as FACE_BACKENDS
from examhall.detectors.face_models import sharp_faces
from examhall.detectors.looking import (
    HINT,
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
from examhall.plugins.vision import digest_of, find_model

PERSON = "room.person"
PHONE = "room.phone"
EMPTY = "room.empty"
FACES = FACE_BACKENDS["yunet"]
LEAST_FACE = 0.7
LIMITS = "Mirrors, pictures on the wall and clothes on a chair can look like a person."


class RoomConfiguration(Schema):
    """Which model looks, and how sure it has to be."""

    backend = backend_field()
    person_score = fields.Float(
        load_default=0.7,
        validate=validate.Range(0.3, 0.99),
        metadata={
            "label": "Certainty for people",
            "help": "How sure the model is of the second person in the room.",
        },
    )
    empty_score = fields.Float(
        load_default=0.25,
        validate=validate.Range(0.05, 0.9),
        metadata={
            "label": "Certainty for an empty desk",
            "help": "Nobody is there where nothing is as much like a person as this.",
        },
    )
    phone_score = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0.1, 0.99),
        metadata={"label": "Certainty for phones", "help": "Empty: what suits the model."},
    )


class RoomDetector(Detector):
    """Looks at the pictures of the room camera for people and phones."""

    key = "room"
    version = "1.0.0"
    title = "Room camera"
    summary = (
        "Notes a second person, a possible phone and an empty desk in the pictures of the room "
        "camera. What is outside its view, or too small in it, is not seen."
    )
    streams = frozenset({Stream.ROOM})
    cadence = 1.0
    consent_class = "camera"
    finding_kinds = {
        PERSON: "Second person in the room",
        PHONE: "Possible phone in the room",
        EMPTY: "Nobody at the desk",
    }

    def config_schema(self) -> type[Schema]:
        return RoomConfiguration

    def health(self) -> Health:
        return backend_health(self, FACES.model)

    def model_digest(self) -> str:
        return digest_of(self, chosen_backend(self).model)

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        return [finding for sample in batch for finding in self._look_at(sample)]

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare with the columns `persons` (a number, or `2+`) and `phone` (0 or 1), by `scene`.

        Samples without either, and pictures that cannot be read, are left out.
        """
        counts: Counter[tuple[str, str, bool, bool]] = Counter()
        samples = 0
        for sample, labels in dataset:
            wanted = _wanted(labels)
            if not wanted or ObjectLook.at(self, sample) is None:
                continue
            samples += 1
            found = {finding.kind for finding in self._look_at(sample)}
            scene = labels.get("scene", "")
            counts.update((scene, kind, is_so, kind in found) for kind, is_so in wanted.items())
        scenes = sorted({scene for scene, *_ in counts})
        return Metrics(
            samples=samples,
            figures=_figures(counts),
            groups={
                scene: _figures(Counter({key: n for key, n in counts.items() if key[0] == scene}))
                for scene in scenes
            },
        )

    def _look_at(self, sample: Sample) -> Iterator[Finding]:
        look = ObjectLook.at(self, sample)
        if look is None:
            return
        path = str(find_model(self, FACES.model))
        faces = sharp_faces(look.picture, path, sample.cache)
        best = max([*look.scores("person"), *(face.score for face in faces)], default=0.0)
        if best < self.config.get("empty_score", 0.25):
            text = "Nobody can be seen; the candidate may sit outside the camera's view."
            yield _finding(sample, EMPTY, text, 1 - best)
        second = find_second(look, faces, LEAST_FACE, self.config.get("person_score", 0.7))
        if second is not None:
            score, boxes, words = second
            yield _finding(sample, PERSON, f"{words} {LIMITS}", score, boxes)
        score, phone = look.score_twice("phone", HINT)
        if phone is not None and score >= self._least_phone:
            text = f"Something looks like a phone ({score:.0%}). Other small things do, too."
            yield _finding(sample, PHONE, text, score, [phone.box])

    @property
    def _least_phone(self) -> float:
        return float(self.config.get("phone_score") or chosen_backend(self).phone_score)


def _wanted(labels: Mapping[str, str]) -> dict[str, bool]:
    """Return which kinds a picture should give, for those that its labels tell."""
    wanted = {}
    persons = labels.get("persons", "").removesuffix("+")
    if persons.isdecimal():
        wanted = {PERSON: int(persons) >= 2, EMPTY: int(persons) == 0}
    if labels.get("phone") in {"0", "1"}:
        wanted[PHONE] = labels["phone"] == "1"
    return wanted


def _finding(
    sample: Sample, kind: str, text: str, score: float, boxes: Sequence[Box] = ()
) -> Finding:
    evidence = FrameEvidence(sample.sha256, sample.at, tuple(boxes))
    return Finding(kind, sample.at, sample.at, min(1.0, max(0.0, score)), text, (evidence,))


def _figures(counts: Counter[tuple[str, str, bool, bool]]) -> dict[str, float]:
    """Return precision and recall of each kind, where they can be told."""
    figures = {}
    for kind in (PERSON, PHONE, EMPTY):
        of_kind = {key[2:]: 0 for key in counts if key[1] == kind}
        for key, count in counts.items():
            if key[1] == kind:
                of_kind[key[2:]] += count
        hits = of_kind.get((True, True), 0)
        labelled = hits + of_kind.get((True, False), 0)
        reported = hits + of_kind.get((False, True), 0)
        name = kind.partition(".")[2]
        if labelled:
            figures[f"{name} recall"] = hits / labelled
        if reported:
            figures[f"{name} precision"] = hits / reported
    return figures


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of the room."""
    return [RoomDetector()]
