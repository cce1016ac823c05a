"""The room as a second camera sees it: who is there, and what lies about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from marshmallow import Schema

from examhall.detectors.face_models import YUNET, find_faces
from examhall.detectors.findings import certainty_field, finding_about
from examhall.detectors.looking import (
    HINT,
    LookingDetector,
    ObjectLook,
    backend_field,
    find_second,
)
from examhall.detectors.tallies import Tally
from examhall.plugins import Detector, Finding, Metrics, Sample, Stream, hookimpl

PERSON = "room.person"
PHONE = "room.phone"
EMPTY = "room.empty"
LEAST_FACE = 0.7
LIMITS = "Mirrors, pictures on the wall and clothes on a chair can look like a person."


class RoomConfiguration(Schema):
    """Which model looks, and how sure it has to be."""

    backend = backend_field()
    person_score = certainty_field(
        "Certainty for people",
        None,
        least=0.3,
        help_text="How sure the model is of the second person in the room. Empty: what suits the "
        "model.",
    )
    empty_score = certainty_field(
        "Certainty for an empty desk",
        0.25,
        least=0.05,
        most=0.9,
        help_text="Nobody is there where nothing is as much like a person as this.",
    )
    phone_score = certainty_field(
        "Certainty for phones", None, help_text="Empty: what suits the model."
    )


class RoomDetector(LookingDetector):
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
    also_needs = (YUNET.model,)

    def config_schema(self) -> type[Schema]:
        return RoomConfiguration

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare with the columns `persons` (a number, or `2+`) and `phone` (0 or 1), by `scene`.

        Samples without either, and pictures that cannot be read, are left out.
        """
        tally: Tally[tuple[str, bool]] = Tally()
        samples = 0
        for sample, labels in dataset:
            wanted = _wanted(labels)
            found = self.look_at(sample) if wanted else None
            if found is None:
                continue
            samples += 1
            kinds = {finding.kind for finding in found}
            for kind, is_so in wanted.items():
                tally.add(labels.get("scene", ""), (kind, is_so), (kind, kind in kinds))
        return Metrics(samples, _figures(tally), tally.by_group(_figures))

    def judge(self, sample: Sample, look: ObjectLook) -> Iterator[Finding]:
        faces = find_faces(self, sample) or []
        best = max([*look.scores("person"), *(face.score for face in faces)], default=0.0)
        if best < self.config.get("empty_score", 0.25):
            text = "Nobody can be seen; the candidate may sit outside the camera's view."
            yield finding_about(sample, EMPTY, text, 1 - best)
        second = find_second(look, faces, LEAST_FACE, self.least_person)
        if second is not None:
            score, boxes, words = second
            yield finding_about(sample, PERSON, f"{words} {LIMITS}", score, boxes)
        score, phone = look.score_twice("phone", HINT)
        if phone is not None and score >= self.least_phone:
            text = f"Something looks like a phone ({score:.0%}). Other small things do, too."
            yield finding_about(sample, PHONE, text, score, [phone.box])


def _wanted(labels: Mapping[str, str]) -> dict[str, bool]:
    """Return which kinds a picture should give, for those that its labels tell."""
    wanted = {}
    persons = labels.get("persons", "").removesuffix("+")
    if persons.isdecimal():
        wanted = {PERSON: int(persons) >= 2, EMPTY: int(persons) == 0}
    if labels.get("phone") in {"0", "1"}:
        wanted[PHONE] = labels["phone"] == "1"
    return wanted


def _figures(tally: Tally[tuple[str, bool]]) -> dict[str, float]:
    """Return recall and precision of each kind, where they can be told."""
    return {
        f"{kind.partition('.')[2]} {name}": rate
        for kind in (PERSON, PHONE, EMPTY)
        for name, rate in tally.rates((kind, True)).items()
    }


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of the room."""
    return [RoomDetector()]
