"""One look at a frame for things in it, and what the detectors that share it have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import fields, validate

from examhall.detectors.face_models import Face
from examhall.detectors.object_models import BACKENDS, Backend, Thing
from examhall.plugins import Box, Detector, Finding, Health, Sample
from examhall.plugins.vision import Picture, decode, digest_of, find_model, health_of

AUTOMATIC = "automatic"
PREFERRED = ("yolo11", "yolox")
MOST_PERSONS = 2
"""Around so many persons, the surest first, a second look is taken."""

SURE_PERSON = 0.3
MARGIN = 0.15
"""How far a crop reaches beyond the person, as a share of the longer side."""

WHOLE = 0.95
"""A crop with so much of the picture's width and height shows nothing new."""

HINT = 0.1
"""How sure the first look has to be before a second one is worth its time."""

COVERED = 0.85
"""How sure a model has to be of a second figure that lies wholly over the first one."""


def backend_field() -> fields.String:
    """Return the setting for the model."""
    return fields.String(
        load_default=AUTOMATIC,
        validate=validate.OneOf([AUTOMATIC, *sorted(BACKENDS)]),
        metadata={
            "label": "Model",
            "help": "Automatic takes YOLO11n where its file (AGPL-3.0) was fetched, else YOLOX.",
        },
    )


def chosen_backend(detector: Detector) -> Backend:
    """Return the backend that the configuration names, or the best one whose file is there."""
    name = detector.config.get("backend", AUTOMATIC)
    if name != AUTOMATIC:
        return BACKENDS[name]
    folder = detector.installation.models_dir
    there = (BACKENDS[one] for one in PREFERRED if (folder / BACKENDS[one].model).is_file())
    return next(there, BACKENDS[PREFERRED[-1]])


def second_backend(detector: Detector) -> Backend | None:
    """Return a model of another make that is there as well, for a second opinion."""
    first = chosen_backend(detector)
    name = "yolo11" if first is BACKENDS["yolox"] else "yolox"
    there = (detector.installation.models_dir / BACKENDS[name].model).is_file()
    return BACKENDS[name] if there else None


@dataclass(slots=True)
class ObjectLook:
    """What a model sees in a frame, and in the parts of it around the persons."""

    picture: Picture
    backend: Backend
    path: str
    things: list[Thing]
    close: list[tuple[Box, list[Thing]]] | None = None

    @classmethod
    def at(
        cls, detector: Detector, sample: Sample, backend: Backend | None = None
    ) -> ObjectLook | None:
        """Look at a sample; None for an unreadable picture. The next detector gets the same."""
        picture = decode(sample)
        if picture is None:
            return None
        backend = backend or chosen_backend(detector)
        key = f"objects:{backend.model}"
        if key not in sample.cache:
            path = str(find_model(detector, backend.model))
            sample.cache[key] = cls(picture, backend, path, backend.find(picture, path))
        look: ObjectLook = sample.cache[key]
        return look

    def scores(self, label: str) -> list[float]:
        """Return how sure the model is of each thing of a kind, the surest first."""
        return sorted((thing.score for thing in self.things if thing.label == label), reverse=True)

    def score_twice(self, label: str, hint: float = HINT) -> tuple[float, Thing | None]:
        """Return the mean certainty of both looks, and the thing where it was seen best.

        A thing that is only seen in one of the two, or with no person near, has half its
        certainty: chance look-alikes seldom survive a change of scale. The second look is taken
        where the first one has a hint; with 0 always.
        """
        first = _surest(self.things, label)
        if hint and (first is None or first.score < hint):
            return (first.score / 2 if first else 0.0), first
        close = [_surest(things, label) for _, things in self._look_closer()]
        second = max(filter(None, close), key=lambda thing: thing.score, default=None)
        best = max(filter(None, (first, second)), key=lambda thing: thing.score, default=None)
        total = sum(thing.score for thing in (first, second) if thing is not None)
        return total / 2, best

    def _look_closer(self) -> list[tuple[Box, list[Thing]]]:
        if self.close is None:
            persons = [thing for thing in self.things if thing.label == "person"]
            boxes = [thing.box for thing in persons if thing.score >= SURE_PERSON][:MOST_PERSONS]
            self.close = [(box, self._look_into(box)) for box in boxes]
        return self.close

    def _look_into(self, box: Box) -> list[Thing]:
        height, width = self.picture.shape[:2]
        margin = MARGIN * max(box.width * width, box.height * height)
        left, top = max(0, int(box.left * width - margin)), max(0, int(box.top * height - margin))
        right = min(width, int((box.left + box.width) * width + margin))
        bottom = min(height, int((box.top + box.height) * height + margin))
        if right - left < 2 or bottom - top < 2:
            return []
        if right - left >= WHOLE * width and bottom - top >= WHOLE * height:
            return self.things
        part = self.picture[top:bottom, left:right]
        frame = (left / width, top / height, (right - left) / width, (bottom - top) / height)
        return [_moved(thing, frame) for thing in self.backend.find(part, self.path)]


class LookingDetector(Detector):
    """A detector of things in frames; its setting `backend` names the model (`backend_field`)."""

    also_needs: ClassVar[tuple[str, ...]] = ()
    """Files of other models without which it cannot work."""

    def health(self) -> Health:
        backend = chosen_backend(self)
        return health_of(self, backend.model, *self.also_needs, modules=backend.modules)

    def model_digest(self) -> str:
        return digest_of(self, chosen_backend(self).model)

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        return [finding for sample in batch for finding in self.look_at(sample) or ()]

    def look_at(self, sample: Sample) -> list[Finding] | None:
        """Return what is found in a frame; None for an unreadable picture."""
        look = ObjectLook.at(self, sample)
        return None if look is None else list(self.judge(sample, look))

    @abstractmethod
    def judge(self, sample: Sample, look: ObjectLook) -> Iterable[Finding]:
        """Say what a look at a frame shows."""

    @property
    def least_phone(self) -> float:
        """Say how sure a phone has to be: the setting `phone_score`, or what suits the model."""
        return float(self.config.get("phone_score") or chosen_backend(self).phone_score)

    @property
    def least_person(self) -> float:
        """Say how sure a second figure has to be: `person_score`, or what suits the model."""
        return float(self.config.get("person_score") or chosen_backend(self).person_score)


def find_second(
    look: ObjectLook, faces: Sequence[Face], least_face: float, least_person: float
) -> tuple[float, list[Box], str] | None:
    """Return how sure a second person is, all boxes and words for it; None for nobody or one.

    Two faces are enough, and so are two figures: a face may be turned away. A figure over another
    one may be a part of it, a shoulder or the back of a chair, and has to be surer for that.
    """
    sure = [face for face in faces if face.score >= least_face]
    if len(sure) >= 2:
        text = f"{len(sure)} faces are in the picture, the second one at {sure[1].score:.0%}."
        return sure[1].score, [face.box for face in sure], text
    figures = _figures(look.things, least_person)
    if len(figures) < 2:
        return None
    text = (
        f"{len(figures)} people are in the picture, the second one at "
        f"{figures[1].score:.0%}; not every face can be seen."
    )
    return figures[1].score, [figure.box for figure in figures], text


def _figures(things: Sequence[Thing], least: float) -> list[Thing]:
    """Return the figures that can be believed, the surest first."""
    figures: list[Thing] = []
    persons = [one for one in things if one.label == "person" and one.score >= least]
    for person in sorted(persons, key=lambda one: -one.score):
        cover = max((_cover(person.box, other.box) for other in figures), default=0.0)
        if person.score >= least + cover * max(0.0, COVERED - least):
            figures.append(person)
    return figures


def _cover(one: Box, other: Box) -> float:
    """Return the share (0 to 1) of the smaller of two boxes that the other one covers."""
    wide = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    high = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(0.0, wide) * max(0.0, high) / smaller if smaller > 0 else 1.0


def _surest(things: list[Thing], label: str) -> Thing | None:
    found = [thing for thing in things if thing.label == label]
    return max(found, key=lambda thing: thing.score, default=None)


def _moved(thing: Thing, frame: tuple[Any, ...]) -> Thing:
    """Return a thing of a part of the picture at its place in the whole."""
    left, top, width, height = frame
    box = thing.box
    moved = Box(
        left + box.left * width,
        top + box.top * height,
        box.width * width,
        box.height * height,
        box.label,
    )
    return Thing(thing.label, thing.score, moved)
