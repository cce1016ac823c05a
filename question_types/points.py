"""Points that candidates mark on a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from examhall.plugins import FormatErrors, Raw
from examhall.question_types.graded import only
from examhall.question_types.shapes import Point, write_number
from examhall.question_types.shared import UNKNOWN_FORM

MOST_POINTS = 100
POINT = re.compile(
    r"(?:([0-9]{1,4}):)?(-?[0-9]{1,6}(?:\.[0-9]{1,9})?),(-?[0-9]{1,6}(?:\.[0-9]{1,9})?)\Z", re.ASCII
)
"""`x,y`, or `marker:x,y` where there are several kinds of markers."""


def read_points(raw: Raw, name: str, kinds: Sequence[str]) -> list[str] | FormatErrors:
    """Return the points of a question's only control; each names one of `kinds` (`""` for none)."""
    if not only(raw, [name]):
        return FormatErrors((UNKNOWN_FORM,))
    given = raw.get(name, [])
    given = [given] if isinstance(given, str) and given else given or []
    if not isinstance(given, list):
        return FormatErrors(("The answer is not a list of points.",))
    if len(given) > MOST_POINTS:
        return FormatErrors((f"At most {MOST_POINTS} points can be marked.",))
    for text in given:
        match = POINT.match(text) if isinstance(text, str) else None
        if match is None or (match[1] or "") not in kinds:
            return FormatErrors(("The answer names a point that cannot be read.",))
    return given


def split_point(text: str) -> tuple[str, Point]:
    """Return kind and place of a point that `read_points` took."""
    match = POINT.match(text)
    assert match is not None  # noqa: S101
    return match[1] or "", (Decimal(match[2]), Decimal(match[3]))


def write_point(point: Point, kind: str = "") -> str:
    """Return a point as a browser sends it."""
    text = ",".join(map(write_number, point))
    return f"{kind}:{text}" if kind else text


def say_point(point: Point) -> str:
    """Return a place in words."""
    return f"{write_number(point[0])} across, {write_number(point[1])} down"


def drawn_points(
    points: Sequence[str], picture: Mapping[str, Any], tones: Sequence[str] = ()
) -> list[dict[str, str]]:
    """Return points as SVG draws them, kept inside the picture."""
    drawn = []
    for place, text in enumerate(points):
        kind, (x, y) = split_point(text)
        drawn.append(
            {
                "kind": kind,
                "number": str(place + 1),
                "x": write_number(min(max(x, Decimal(0)), Decimal(picture["width"]))),
                "y": write_number(min(max(y, Decimal(0)), Decimal(picture["height"]))),
                "tone": tones[place] if tones else "",
            }
        )
    return drawn
