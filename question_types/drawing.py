"""Drawing: lines on an empty sheet or a picture, and words for those who do not draw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import fields, validate

from examhall.plugins import (
    Content,
    FormatErrors,
    QuestionType,
    Raw,
    Response,
    Variant,
    View,
    hookimpl,
    media_address,
)
from examhall.question_types.handed_in import HandedIn, HandedInContent
from examhall.question_types.shared import UNKNOWN_FORM, is_mapping_of, read_text, shown_text

COLOURS = ("black", "blue", "red", "green")
"""The pens, by their place in a line; the style sheet knows what they look like."""
WIDTHS = (2, 4, 8, 24)
MOST_LINES = 3000
LONGEST = 150_000
LONGEST_TEXT = 10_000
UNREADABLE = FormatErrors(("The drawing cannot be read.",))


class DrawingContent(HandedInContent):
    """A question that is answered by drawing."""

    width = fields.Integer(
        load_default=800,
        validate=validate.Range(100, 2000),
        metadata={"label": "Width of the sheet", "help": "In pixels."},
    )
    height = fields.Integer(
        load_default=500,
        validate=validate.Range(100, 2000),
        metadata={"label": "Height of the sheet", "help": "In pixels."},
    )
    image = fields.String(
        load_default="",
        validate=validate.Length(0, 100_000),
        metadata={"label": "Picture on the sheet", "widget": "image"},
    )
    image_alt = fields.String(
        load_default="",
        validate=validate.Length(0, 1000),
        metadata={"label": "The picture in words", "help": "For those who cannot see it."},
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a drawing; `points` as SVG writes them."""

    colour: str
    width: int
    points: str


class Drawing(HandedIn):
    """Lines drawn with a pen, a finger, the mouse or the arrow keys; or a description in words."""

    key = "drawing"
    version = "1.0.0"
    title = "Drawing"
    summary = "A drawing on an empty sheet or on a picture, marked by a person."
    schema = DrawingContent
    template = "drawing.html"
    module = "drawing.js"

    def example(self) -> Content:
        return {
            "stem": "<p>Sketch the graph of y = x² between -2 and 2.</p>",
            "width": 640,
            "height": 400,
            "rubric": "<p>Symmetry 1, lowest point at the origin 1, shape 1.</p>",
        }

    def describe(self, question: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "width": question["width"],
            "height": question["height"],
            "image": media_address(question["image"]),
            "image_alt": question["image_alt"],
        }

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        lines = read_lines(shown_text(raw, "drawing"), variant.public)
        return {
            "lines": [draw_line(line) for line in lines] if lines else [],
            "words": shown_text(raw, "description"),
            "longest": LONGEST_TEXT,
        }

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        if not is_mapping_of(raw, {"drawing", "description"}):
            return FormatErrors((UNKNOWN_FORM,))
        words = read_text({"text": raw.get("description", "")}, "text", LONGEST_TEXT)
        if isinstance(words, FormatErrors):
            return words
        text = raw.get("drawing", "")
        lines = read_lines(text, variant.public) if isinstance(text, str) else None
        if lines is None:
            return UNREADABLE
        given = {"lines": lines, "description": words if words.strip() else ""}
        return Response({key: value for key, value in given.items() if value})

    def summarise(self, variant: Variant, response: Response) -> str:
        count = len(response.data.get("lines", ()))
        parts = [f"A drawing of {count} {'line' if count == 1 else 'lines'}"] if count else []
        words = " ".join(str(response.data.get("description", "")).split())
        return "; ".join([*parts, words[:200]] if words else parts)

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind in {"right", "wrong"}:
            lines = [[0, 2, 10, 10, 60, 80], [2, 4, 5, 5]]
            return {"drawing": json.dumps(lines), "description": f"A {kind} drawing"}
        return {} if kind == "empty" else {"drawing": "[[9]]"}


def read_lines(text: str, public: Mapping[str, Any]) -> list[list[int]] | None:
    """Return the lines of a drawing, each `[pen, width, x, y, x, y, ...]`; None for what is none.

    Pens are places in COLOURS, widths pixels of WIDTHS, places whole pixels of the sheet.
    """
    if not text.strip():
        return []
    if len(text) > LONGEST:
        return None
    try:
        lines = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(lines, list) or len(lines) > MOST_LINES:
        return None
    size = (public["width"], public["height"])
    return lines if all(_is_line(line, size) for line in lines) else None


def _is_line(line: Any, size: tuple[int, int]) -> bool:
    if not isinstance(line, list) or len(line) < 4 or len(line) % 2:
        return False
    if any(type(number) is not int for number in line):
        return False
    if not 0 <= line[0] < len(COLOURS) or line[1] not in WIDTHS:
        return False
    return all(0 <= number <= size[place % 2] for place, number in enumerate(line[2:]))


def draw_line(line: Sequence[int]) -> Line:
    """Return a line for a page; a single point becomes a line from there to there."""
    places = [*line[2:], *line[2:]] if len(line) == 4 else line[2:]
    pairs = zip(places[::2], places[1::2], strict=True)
    return Line(COLOURS[line[0]], line[1], " ".join(f"{x},{y}" for x, y in pairs))


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the drawing."""
    return [Drawing()]
