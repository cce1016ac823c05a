"""Detectors: from frames, sound and browser events to findings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from examhall.core.contracts.base import Kind, Plugin


class Stream(StrEnum):
    """Where samples come from."""

    CAMERA = "camera"
    MICROPHONE = "microphone"
    SCREEN = "screen"
    BROWSER = "browser"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Sample:
    """One JPEG frame, one piece of 16 kHz 16-bit mono PCM, or one browser event.

    `data` is the bytes as stored (JSON for a browser event), `sha256` their address in the
    evidence store, `at` the time of capture. `cache` lets detectors share a decoded picture.
    """

    stream: Stream
    at: datetime
    data: bytes
    sha256: str = ""
    duration: float = 0.0
    cache: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in a frame, as fractions of its width and height."""

    left: float
    top: float
    width: float
    height: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class FrameEvidence:
    """A sample that shows a finding, by its address."""

    sha256: str
    at: datetime
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector saw between `start` and `end` (UTC), in words for a person.

    `kind` is dotted (`face.missing`); `confidence` between 0 and 1. A finding is an observation
    about single samples: only fusion by temporal rules makes an incident of it.
    """

    kind: str
    start: datetime
    end: datetime
    confidence: float
    explanation: str
    evidence: tuple[FrameEvidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Metrics:
    """Measured quality: figures by name for all of a data set and for each group in it."""

    samples: int
    figures: Mapping[str, float]
    groups: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


class Detector(Plugin):
    """Watches one or more streams of one session at a time.

    A detector that raises is a health event, never an incident. `open` makes the state of one
    session; the state never leaves the worker process. Load models once per process and lazily.
    """

    kind: ClassVar[Kind] = Kind.DETECTOR
    streams: ClassVar[frozenset[Stream]]
    """Streams that are recorded for it."""
    also_streams: ClassVar[frozenset[Stream]] = frozenset()
    """Streams that it looks at as well where a session has them: none is recorded for it alone."""
    cadence: ClassVar[float] = 1.0
    """Seconds between two samples of a stream that the detector wants to see; 0 for every one."""
    consent_class: ClassVar[str]
    """What the candidate consents to: `camera`, `microphone`, `screen`, `browser`, `biometric`."""
    finding_kinds: ClassVar[Mapping[str, str]] = {}
    """Kinds that the detector can report, each with its title."""

    @property
    def watched_streams(self) -> frozenset[Stream]:
        """All streams that it looks at, if a session has them."""
        return self.streams | self.also_streams

    def model_digest(self) -> str:
        """Return the sha256 of the model in use, or an empty text for none."""
        return ""

    def open(self) -> Any:
        """Return a fresh state for one session."""
        return None

    def calibrate(self, state: Any, samples: Sequence[Sample]) -> None:
        """Learn the person's own baseline from check-in samples."""

    @abstractmethod
    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        """Look at samples of one session, in order of time."""

    def analyze_many(self, jobs: Sequence[tuple[Any, Sequence[Sample]]]) -> list[list[Finding]]:
        """Look at several sessions at once; override where the model gains by it."""
        return [self.analyze(state, batch) for state, batch in jobs]

    def close(self, state: Any) -> list[Finding]:
        """End a session; return what only its end shows."""
        return []

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Measure the detector on labelled samples (label columns by name)."""
        raise NotImplementedError(f"{self.key} cannot be evaluated")
