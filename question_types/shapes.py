"""Areas of a picture: circles, rectangles, polygons and ellipses.

Coordinates are pixels of the picture from its corner at the top left, read in two forms. With
semicolons they are pairs as Moodle writes them: `x,y;r`, `x,y;width,height`, `x,y;x,y;x,y`,
`x,y;rx,ry`. Without, they are the list of numbers of QTI and of HTML's image maps: `x,y,r`,
`left,top,right,bottom`, `x,y,x,y,x,y`, `x,y,rx,ry`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

Point = tuple[Decimal, Decimal]

NUMBER = re.compile(r"[+-]?[0-9]{1,6}(?:\.[0-9]{1,9})?\Z", re.ASCII)
KINDS = ("circle", "rectangle", "polygon", "ellipse", "default")
SHORT = {"rect": "rectangle", "poly": "polygon"}
"""What QTI calls shapes."""
MOST_CORNERS = 200
EXPECTED = {
    "circle": "a centre and a radius: x,y;r",
    "rectangle": "a corner and a size: x,y;width,height",
    "polygon": "at least three corners: x,y;x,y;x,y",
    "ellipse": "a centre and two radii: x,y;rx,ry",
}


class ShapeError(ValueError):
    """Coordinates that make no shape; the message tells an author what is expected."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of one of KINDS.

    `numbers` are x, y, r of a circle; left, top, right, bottom of a rectangle; x, y, rx, ry of an
    ellipse; x and y of every corner of a polygon; nothing of the whole picture (`default`).
    """

    kind: str
    numbers: tuple[Decimal, ...]

    @property
    def corners(self) -> list[Point]:
        """The corners of a polygon."""
        return list(zip(self.numbers[::2], self.numbers[1::2], strict=True))


def read_number(text: str) -> Decimal:
    """Return a coordinate. Raises ShapeError."""
    text = text.strip()
    if not NUMBER.match(text):
        raise ShapeError(f"“{text[:20]}” is not a number of pixels.")
    return Decimal(text)


@lru_cache(maxsize=4096)
def parse_shape(shape: str, coords: str) -> Shape:
    """Read a shape in either form of coordinates. Raises ShapeError."""
    kind = SHORT.get(shape, shape)
    if kind not in KINDS:
        raise ShapeError(f"There is no shape “{shape[:20]}”.")
    if kind == "default":
        return Shape(kind, ())
    numbers = [read_number(part) for part in re.split("[,;]", coords.strip().strip(";,"))]
    if kind == "polygon":
        return Shape(kind, _corners(numbers))
    expected = 3 if kind == "circle" else 4
    if len(numbers) != expected:
        raise ShapeError(f"A {kind} has {EXPECTED[kind]}.")
    if kind == "rectangle":
        return Shape(kind, _sides(numbers, paired=";" in coords))
    if min(numbers[2:]) < 0:
        raise ShapeError("A radius is not negative.")
    return Shape(kind, tuple(numbers))


def _corners(numbers: Sequence[Decimal]) -> tuple[Decimal, ...]:
    # Image maps may repeat the first corner at the end.
    if len(numbers) > 6 and tuple(numbers[:2]) == tuple(numbers[-2:]):
        numbers = numbers[:-2]
    if len(numbers) < 6 or len(numbers) % 2:
        raise ShapeError(f"A polygon has {EXPECTED['polygon']}.")
    if len(numbers) > 2 * MOST_CORNERS:
        raise ShapeError(f"A polygon has at most {MOST_CORNERS} corners.")
    return tuple(numbers)


def _sides(numbers: Sequence[Decimal], *, paired: bool) -> tuple[Decimal, ...]:
    left, top, right, bottom = numbers
    if paired:
        right, bottom = left + right, top + bottom
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def contains(shape: str, coords: str, point: Point) -> bool:
    """Say whether a point lies in a shape; its edge belongs to it.

    A polygon that crosses itself has the inside of the even-odd rule. Raises ShapeError.
    """
    return shape_contains(parse_shape(shape, coords), point)


def shape_contains(shape: Shape, point: Point) -> bool:
    """Say whether a point lies in a shape or on its edge."""
    x, y = point
    if shape.kind == "default":
        return True
    if shape.kind == "polygon":
        return _in_polygon(shape.corners, point)
    if shape.kind == "rectangle":
        left, top, right, bottom = shape.numbers
        return left <= x <= right and top <= y <= bottom
    across, down = shape.numbers[2], shape.numbers[-1]
    dx, dy = x - shape.numbers[0], y - shape.numbers[1]
    # The ellipse's equation without a division: a radius of 0 leaves a line or a point.
    return (
        abs(dx) <= across
        and abs(dy) <= down
        and ((dx * down) ** 2 + (dy * across) ** 2 <= (across * down) ** 2)
    )


def _in_polygon(corners: Sequence[Point], point: Point) -> bool:
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        turn = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        if turn == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        # A ray to the right crosses this side.
        if (y1 > y) != (y2 > y) and (turn > 0) == (y2 > y1):
            inside = not inside
    return inside


def point_inside(shape: Shape, width: int, height: int) -> Point:
    """Return a point that lies in the shape, near its middle where that is inside."""
    if shape.kind == "default":
        return Decimal(width // 2), Decimal(height // 2)
    if shape.kind == "rectangle":
        left, top, right, bottom = shape.numbers
        return (left + right) / 2, (top + bottom) / 2
    if shape.kind != "polygon":
        return shape.numbers[0], shape.numbers[1]
    corners = shape.corners
    middle = (
        round(sum(x for x, _ in corners) / Decimal(len(corners)), 2),
        round(sum(y for _, y in corners) / Decimal(len(corners)), 2),
    )
    return middle if _in_polygon(corners, middle) else corners[0]


def as_svg(shape: Shape, width: int, height: int) -> tuple[str, Mapping[str, str]]:
    """Return the SVG element of a shape: its tag and its attributes."""
    texts = [write_number(number) for number in shape.numbers]
    if shape.kind == "polygon":
        pairs = zip(texts[::2], texts[1::2], strict=True)
        return "polygon", {"points": " ".join(f"{x},{y}" for x, y in pairs)}
    if shape.kind == "circle":
        return "circle", dict(zip(("cx", "cy", "r"), texts, strict=True))
    if shape.kind == "ellipse":
        return "ellipse", dict(zip(("cx", "cy", "rx", "ry"), texts, strict=True))
    sides = box_of(shape, width, height)
    return "rect", dict(zip(("x", "y", "width", "height"), sides, strict=True))


def box_of(shape: Shape, width: int, height: int) -> list[str]:
    """Return left, top, width and height of the smallest upright rectangle around a shape."""
    if shape.kind == "polygon":
        xs, ys = shape.numbers[::2], shape.numbers[1::2]
        sides = min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
    elif shape.kind in {"circle", "ellipse"}:
        x, y, across, down = *shape.numbers[:3], shape.numbers[-1]
        sides = x - across, y - down, 2 * across, 2 * down
    else:
        left, top, right, bottom = shape.numbers or (
            Decimal(0), Decimal(0), Decimal(width), Decimal(height),
        )  # fmt: skip
        sides = left, top, right - left, bottom - top
    return [write_number(side) for side in sides]


def write_number(number: Decimal) -> str:
    """Write a coordinate without superfluous digits."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
