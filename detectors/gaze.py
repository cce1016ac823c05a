"""Looking away from the screen, against the person's own habit."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.detectors.findings import finding_about
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

AWAY = "gaze.away"
MODEL = "face_landmarker.task"
FIRST = 5
"""So many looks give an idea of the person's habit; until there are as many, nothing is found."""

LEARNED = 12
"""So many make it sure; until then only turns that are larger by `YOUNG` are found."""

YOUNG = 1.5
LIKELY = 0.5
"""Eyes turned farther than that are nobody's habit, as long as nothing else is known of it."""

REMEMBERED = 240
"""The habit follows the last so many looks, since people move in their chairs."""

NEAR = 0.25
"""Only looks so near to the habit move it: a long look away does not become one."""

SETTLED = 60
"""Where fewer than half of all looks remembered, and of so many at least, are near the habit, the
person sits otherwise than at first, and the habit is learned anew."""

VIDEO_STEP = 0.25
USUAL, FASTEST = 25.0, 240.0
"""Frames a second where a video does not tell any that can be, and the most that can."""

EDGE = 1.0
"""Seconds around a labelled change that are not judged: nobody turns their eyes on the second."""

SPOKEN = re.compile(r"(\d+(?:\.\d+)?) s (centre|center|left|right)")


class GazeConfiguration(Schema):
    """How far eyes and head may turn from the person's own habit."""

    eyes = fields.Float(
        load_default=0.35,
        validate=validate.Range(0.1, 1),
        metadata={
            "label": "Turn of the eyes",
            "help": "0 to 1, sideways, from where this person usually looks.",
        },
    )
    head = fields.Float(
        load_default=30.0,
        validate=validate.Range(10, 90),
        metadata={"label": "Turn of the head", "help": "Degrees to either side."},
    )


@dataclass(frozen=True, slots=True)
class Look:
    """Where a face looks: `eyes` from -1 (left) to 1 (right), `head` in degrees to a side."""

    eyes: float
    head: float


@dataclass(slots=True)
class _Habit:
    """Where a person has looked; the middle of it is straight ahead for them."""

    looks: list[Look] = field(default_factory=list)
    recent: list[Look] = field(default_factory=list)

    @property
    def centre(self) -> Look | None:
        if len(self.looks) < FIRST:
            return None
        return Look(
            median(look.eyes for look in self.looks), median(look.head for look in self.looks)
        )

    @property
    def caution(self) -> float:
        """How many times farther than usual a turn has to be."""
        return 1.0 if len(self.looks) >= LEARNED else YOUNG

    def learn(self, look: Look) -> None:
        self.recent.append(look)
        del self.recent[:-REMEMBERED]
        centre = self.centre
        middle, reach = (0.0, LIKELY) if centre is None else (centre.eyes, NEAR)
        if abs(look.eyes - middle) <= reach:
            self.looks.append(look)
            del self.looks[:-REMEMBERED]
        elif len(self.recent) >= SETTLED:
            near = sum(abs(one.eyes - middle) <= reach for one in self.recent)
            if 2 * near < len(self.recent):
                self.looks = list(self.recent)


class GazeDetector(Detector):
    """Finds the eyes or the head turned far to a side, from each person's own middle.

    Looking up to think is common, and how far a camera stands above the screen differs: up and
    down are not judged.
    """

    key = "gaze"
    version = "1.0.0"
    title = "Looking away"
    summary = "Notes eyes or head turned aside, against each person's own habit."
    streams = frozenset({Stream.CAMERA})
    cadence = 0.5
    consent_class = "camera"
    finding_kinds = {AWAY: "Looking away"}

    def config_schema(self) -> type[Schema]:
        return GazeConfiguration

    def health(self) -> Health:
        return health_of(self, MODEL, modules=("cv2", "mediapipe"))

    def model_digest(self) -> str:
        return digest_of(self, MODEL)

    def open(self) -> Any:
        return _Habit()

    def calibrate(self, state: Any, samples: Sequence[Sample]) -> None:
        for sample in samples:
            picture = decode(sample)
            look = None if picture is None else self._see(picture)
            if look is not None:
                state.learn(look)

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        found = []
        for sample in batch:
            picture = decode(sample)
            look = None if picture is None else self._see(picture)
            if look is not None and (text := self._judge(state, look)):
                found.append(finding_about(sample, AWAY, text, 0.8))
        return found

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare videos with the spans in which a person looks to a side, by `file`.

        The column `away` has them as JSON, `[[start, end], ...]` in seconds; without it a `note`
        such as `5 s centre, 5 s left, 5 s centre` tells them. Frames within a second of a change
        are not judged.
        """
        tallies: dict[str, Tally[bool]] = {}
        for sample, labels in dataset:
            spans = _read_spans(labels)
            if spans is not None:
                tallies[labels.get("file", str(len(tallies)))] = self._measure(sample.data, spans)
        whole = Tally(sum((tally.counts for tally in tallies.values()), Counter()))
        groups = {file: _figures(tally) for file, tally in tallies.items()}
        return Metrics(len(groups), _figures(whole), groups)

    def _measure(self, data: bytes, spans: Sequence[tuple[float, float]]) -> Tally[bool]:
        """Return how often looks aside were wanted and found in the frames of a video."""
        habit = _Habit()
        tally: Tally[bool] = Tally()
        for seconds, picture in _frames(data):
            look = self._see(picture)
            is_found = look is not None and bool(self._judge(habit, look))
            if not any(abs(seconds - edge) <= EDGE for span in spans for edge in span):
                tally.add("", any(start <= seconds < end for start, end in spans), is_found)
        return tally

    def _judge(self, habit: _Habit, look: Look) -> str:
        """Say how a look differs from the habit; an empty text where it does not."""
        centre, caution = habit.centre, habit.caution
        habit.learn(look)
        if centre is None:
            return ""
        eyes, head = look.eyes - centre.eyes, look.head - centre.head
        if abs(eyes) > caution * self.config.get("eyes", 0.35):
            return f"The eyes are turned to the person's {_side(eyes)}, unlike their habit."
        if abs(head) > caution * self.config.get("head", 30.0):
            return f"The head is turned by {abs(head):.0f} degrees, unlike this person's habit."
        return ""

    def _see(self, picture: Picture) -> Look | None:
        path = str(find_model(self, MODEL))
        mediapipe = import_module("mediapipe")
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
        with _landmarker.borrow(path) as model:
            seen = model.detect(image)
        if len(seen.face_blendshapes) != 1 or len(seen.facial_transformation_matrixes) != 1:
            return None
        shapes = {shape.category_name: shape.score for shape in seen.face_blendshapes[0]}
        return Look(_turn_of_eyes(shapes), _turn_of_head(seen.facial_transformation_matrixes[0]))


def _turn_of_eyes(shapes: Mapping[str, float]) -> float:
    """Return how far both eyes are turned to the person's right, by the face's blend shapes."""
    right = shapes["eyeLookOutRight"] + shapes["eyeLookInLeft"]
    left = shapes["eyeLookOutLeft"] + shapes["eyeLookInRight"]
    return float(right - left) / 2


def _turn_of_head(matrix: Any) -> float:
    """Return the yaw of the head in degrees, from the rotation in the face's matrix."""
    numpy = import_module("numpy")
    return float(numpy.degrees(numpy.arctan2(matrix[0][2], matrix[2][2])))


def _side(turn: float) -> str:
    return "right" if turn > 0 else "left"


def _figures(tally: Tally[bool]) -> dict[str, float]:
    """Return numbers of frames, and those shares of them that can be told."""
    false = float(tally.false_alarms(True))
    figures = {
        "frames": float(tally.total),
        "away": float(tally.wanted(True)),
        "found": float(tally.hits(True)),
        "false alarms": false,
    }
    if straight := tally.wanted(False):
        figures["false alarm rate"] = false / straight
    return {**figures, **tally.rates(True)}


def _frames(data: bytes) -> Iterator[tuple[float, Picture]]:
    """Yield seconds and picture of a video, four a second."""
    cv2 = opencv()
    with NamedTemporaryFile(suffix=".video") as file:
        Path(file.name).write_bytes(data)
        video = cv2.VideoCapture(file.name)
        due = 0.0
        for seconds in _moments(video):
            if seconds < due:
                continue
            due = (seconds // VIDEO_STEP + 1) * VIDEO_STEP
            is_read, picture = video.retrieve()
            if is_read:
                yield seconds, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        video.release()


def _moments(video: Any) -> Iterator[float]:
    """Go through the frames of a video, and yield the second of each.

    Browsers and phones record as many frames a second as they can: the place of a frame among the
    others says nothing about its time, unless the file has no times.
    """
    cv2 = opencv()
    rate = video.get(cv2.CAP_PROP_FPS)
    rate = rate if 1 <= rate <= FASTEST else USUAL
    number = 0
    while video.grab():
        at = video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        yield at if at > 0 else number / rate
        number += 1


def _read_spans(labels: Mapping[str, str]) -> list[tuple[float, float]] | None:
    if labels.get("away"):
        try:
            return [(float(start), float(end)) for start, end in json.loads(labels["away"])]
        except (ValueError, TypeError):
            return None
    note = labels.get("note", "")
    if labels.get("scene") != "gaze_video":
        return None
    spans, at = [], 0.0
    for length, where in SPOKEN.findall(note):
        if where in {"left", "right"}:
            spans.append((at, at + float(length)))
        at += float(length)
    return spans


def _make_landmarker(path: str) -> Any:
    tasks = import_module("mediapipe.tasks.python")
    options = tasks.vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=path),
        num_faces=2,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    return tasks.vision.FaceLandmarker.create_from_options(options)


def _close_task(task: Any) -> None:
    task.close()


_landmarker: ModelPool[Any] = ModelPool(_make_landmarker, _close_task)


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of looking away."""
    return [GazeDetector()]
