"""Areas of a picture: QTI's shapes and coordinates, in pixels from the upper left corner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from examhall.plugins.qti.errors import QtiError

_SIZES = {"default": (0, 0), "rect": (4, 4), "circle": (3, 3), "ellipse": (4, 4), "poly": (6, 2000)}
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?\Z")


@dataclass(frozen=True, slots=True)
class Area:
    """A shape with its numbers: rect left,top,right,bottom; circle x,y,r; ellipse x,y,h,v; poly."""

    shape: str
    coords: tuple[float, ...]

    def contains(self, x: float, y: float) -> bool:
        """Say whether a point lies in the area; edges of rectangles and polygons belong to it."""
        if self.shape == "default":
            return True
        if self.shape == "rect":
            left, top, right, bottom = self.coords
            return left <= x <= right and top <= y <= bottom
        if self.shape == "poly":
            return _in_polygon(self.coords, x, y)
        return self._in_ellipse(x, y)

    def _in_ellipse(self, x: float, y: float) -> bool:
        across, down = self.coords[2], self.coords[-1]
        if across <= 0 or down <= 0:
            return False
        return ((x - self.coords[0]) / across) ** 2 + ((y - self.coords[1]) / down) ** 2 < 1


def parse_area(shape: str, coords: str) -> Area:
    """Read a shape and its coordinates; raises QtiError for others than QTI knows."""
    words = [word for word in re.split(r"[,\s]+", coords.strip()) if word]
    if shape not in _SIZES or not all(_NUMBER.match(word) for word in words):
        raise QtiError(f"{shape[:30]!r} with the coordinates {coords[:60]!r} is no area.")
    lowest, highest = _SIZES[shape]
    if not lowest <= len(words) <= highest or (shape == "poly" and len(words) % 2):
        raise QtiError(f"The coordinates {coords[:60]!r} do not make a {shape}.")
    return Area(shape, tuple(float(word) for word in words))


def draw_area(area: Area) -> dict[str, Any]:
    """Return an area as SVG draws it, with a point for its label."""
    numbers = [f"{number:g}" for number in area.coords]
    if area.shape == "rect":
        left, top, right, bottom = area.coords
        sizes = {"width": f"{right - left:g}", "height": f"{bottom - top:g}"}
        attributes = {"x": numbers[0], "y": numbers[1], **sizes}
        return _drawn("rect", attributes, (left + right) / 2, (top + bottom) / 2)
    if area.shape == "poly":
        attributes = {"points": " ".join(map(",".join, _by_twos(numbers)))}
        count = len(area.coords) // 2
        x, y = sum(area.coords[::2]) / count, sum(area.coords[1::2]) / count
        return _drawn("polygon", attributes, x, y)
    names = ("cx", "cy", "r") if area.shape == "circle" else ("cx", "cy", "rx", "ry")
    attributes = dict(zip(names, numbers, strict=True))
    return _drawn(area.shape, attributes, area.coords[0], area.coords[1])


def _by_twos(items: list[str]) -> Iterator[tuple[str, str]]:
    yield from zip(items[::2], items[1::2], strict=True)


def _drawn(tag: str, attributes: dict[str, str], x: float, y: float) -> dict[str, Any]:
    return {"tag": tag, "attributes": attributes, "x": f"{x:g}", "y": f"{y:g}"}


def _in_polygon(coords: tuple[float, ...], x: float, y: float) -> bool:
    """Count the edges that a line to the right crosses; a point on an edge is inside."""
    corners = list(zip(coords[::2], coords[1::2], strict=True))
    inside = False
    for (x1, y1), (x2, y2) in pairwise([*corners, corners[0]]):
        if _on_edge(x, y, (x1, y1, x2, y2)):
            return True
        if (y1 > y) != (y2 > y) and x < (y - y1) * (x2 - x1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _on_edge(x: float, y: float, edge: tuple[float, float, float, float]) -> bool:
    x1, y1, x2, y2 = edge
    if not (min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2)):
        return False
    return (x2 - x1) * (y - y1) == (y2 - y1) * (x - x1)
