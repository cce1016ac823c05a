"""Pictures of one camera that are dark, or that do not change at all."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any

from examhall.detectors.page_events import Condition
from examhall.plugins import Sample
from examhall.plugins.vision import Picture, decode, opencv

STEP = timedelta(seconds=0.4)
"""More pictures than one in this time need not be looked at."""

SIZE = (160, 120)
BRIGHTEST = 95
"""The brightness that so many hundredths of a picture stay below is what counts as its own."""

SAME = 2
"""Two pictures of a live camera differ by more than this (of 255) somewhere, for its noise alone.

Single points are compared, never means, which noise does not reach.
"""

Span = tuple[datetime, datetime]


@dataclass(slots=True)
class PictureWatch:
    """What is known of the pictures of one camera."""

    at: datetime | None = None
    points: Any = None
    dark: Condition = field(default_factory=Condition)
    static: Condition = field(default_factory=Condition)

    def look(self, sample: Sample, level: int) -> Iterator[tuple[str, Span]]:
        """Yield `dark` or `static` with the time that it has lasted, for a picture that is so.

        `level` is the brightness (0 to 255) under which a picture is dark.
        """
        if self.at is not None and sample.at - self.at < STEP:
            return
        points = _points(sample)
        if points is None:
            return
        before, before_at = self.points, self.at
        self.points, self.at = points, sample.at
        if _brightness(points) < level:
            self.static.end(sample.at, exact=False)
            yield "dark", self.dark.hold(sample.at)
            return
        self.dark.end(sample.at, exact=False)
        if before is None or before_at is None or not _are_equal(before, points):
            self.static.end(sample.at, exact=False)
            return
        self.static.hold(before_at)
        yield "static", self.static.hold(sample.at)


@cache
def _can_look() -> bool:
    return importlib.util.find_spec("cv2") is not None


def _points(sample: Sample) -> Picture | None:
    """Return points of a picture, spread evenly; None for one that cannot be read."""
    picture = decode(sample) if _can_look() else None
    if picture is None:
        return None
    cv2 = opencv()
    points: Picture = cv2.resize(picture, SIZE, interpolation=cv2.INTER_NEAREST)
    return points


def _brightness(points: Picture) -> float:
    numpy = import_module("numpy")
    return float(numpy.percentile(points.max(axis=2), BRIGHTEST))


def _are_equal(one: Picture, other: Picture) -> bool:
    return int(opencv().absdiff(one, other).max()) <= SAME
