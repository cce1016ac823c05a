"""Questions about a picture: what an author gives, and what a page draws."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from examhall.plugins import Issue, media_address
from examhall.question_types.shapes import (
    KINDS,
    Shape,
    ShapeError,
    as_svg,
    box_of,
    parse_shape,
    point_inside,
    write_number,
)
from examhall.question_types.shared import html_field

IDENTIFIER = r"[A-Za-z0-9_.-]{%d,100}\Z"
PICTURE = re.compile(
    r"media:[0-9a-f]{64}\Z|data:image/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=\s]+\Z|"
    r"/(?![/\\])[^\s\"'<>]{0,500}\Z"
)
ROUND = Decimal("0.146")
"""Of its size: how far a circle stays away from the corner of the square around it."""
MOST = 100
"""Choices, places, zones or areas of a question."""
LARGEST = 20_000


def picture_field(label: str, **options: Any) -> fields.String:
    """Return a picture: `media:<sha256>`, or a data: address with the picture itself."""
    return fields.String(
        validate=[validate.Length(0, 3_000_000), _check_picture],
        metadata={"label": label, "widget": "image"},
        **options,
    )


def _check_picture(value: str) -> None:
    if value and not PICTURE.match(value):
        raise ValidationError("Choose a picture: upload one, or give its media address.")


def identifier_field(label: str = "Identifier", **options: Any) -> fields.String:
    """Return a short name by which parts of a question refer to one another."""
    pattern = IDENTIFIER % bool(options.get("required"))
    check = validate.Regexp(pattern, error="Use letters, digits, dot, hyphen and underscore.")
    help_text = options.pop("help", "")
    return fields.String(validate=check, metadata={"label": label, "help": help_text}, **options)


class PictureContent(Schema):
    """The picture of a question. All coordinates are in its pixels."""

    image = picture_field("Picture", required=True)
    image_alt = fields.String(
        load_default="",
        validate=validate.Length(0, 1000),
        metadata={"label": "Description", "help": "For those who cannot see the picture."},
    )
    width = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, LARGEST),
        metadata={"label": "Width in pixels"},
    )
    height = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, LARGEST),
        metadata={"label": "Height in pixels"},
    )


class ShapeContent(Schema):
    """An area of a picture."""

    shape = fields.String(
        load_default="circle",
        validate=validate.OneOf(
            list(KINDS), labels=["Circle", "Rectangle", "Polygon", "Ellipse", "The whole picture"]
        ),
        metadata={"label": "Shape"},
    )
    coords = fields.String(
        load_default="",
        validate=validate.Length(0, 4000),
        metadata={
            "label": "Coordinates",
            "help": "Circle x,y;r  rectangle x,y;width,height  polygon x,y;x,y;x,y",
        },
    )


class AreaContent(ShapeContent):
    """An area that candidates see and choose; `label` is what its control says."""

    id = identifier_field(required=True)
    label = fields.String(
        load_default="",
        validate=validate.Length(0, 200),
        metadata={"label": "Name", "help": "What its control says; “Area A” where it is empty."},
    )


class ChoiceText(Schema):
    """A text or a picture that candidates choose or move."""

    id = identifier_field(required=True)
    text = html_field("Text", load_default="")
    image = picture_field("Picture", load_default="")


def shape_issues(areas: Sequence[Mapping[str, Any]], path: str) -> Iterable[Issue]:
    """Yield coordinates that make no shape."""
    for number, area in enumerate(areas):
        try:
            parse_shape(area["shape"], area["coords"])
        except ShapeError as error:
            yield Issue(f"{path}.{number}.coords", str(error))


def id_issues(parts: Sequence[Mapping[str, Any]], path: str) -> Iterable[Issue]:
    """Yield identifiers that are given twice."""
    seen = set()
    for number, part in enumerate(parts):
        if part["id"] in seen:
            yield Issue(f"{path}.{number}.id", "Another one has the same identifier.")
        seen.add(part["id"])


def reference_issues(
    parts: Sequence[Mapping[str, Any]], path: str, field: str, known: Iterable[str]
) -> Iterable[Issue]:
    """Yield references to identifiers that are not there."""
    names = set(known)
    for number, part in enumerate(parts):
        if part[field] and part[field] not in names:
            yield Issue(f"{path}.{number}.{field}", f"There is no “{part[field]}”.")


def public_picture(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return the picture as a page draws it."""
    return {
        "address": media_address(re.sub(r"\s+", "", question["image"])),
        "alt": question["image_alt"],
        "width": question["width"],
        "height": question["height"],
    }


def draw_shape(area: Mapping[str, Any], question: Mapping[str, Any]) -> dict[str, Any]:
    """Return an area as SVG draws it, with a point inside of it."""
    size = question["width"], question["height"]
    shape = parse_shape(area["shape"], area["coords"])
    tag, attributes = as_svg(shape, *size)
    x, y = point_inside(shape, *size)
    return {
        "tag": tag,
        "attributes": attributes,
        "x": write_number(x),
        "y": write_number(y),
        "corner": _corner(shape, *size),
    }


def _corner(shape: Shape, width: int, height: int) -> list[str]:
    """Return where a badge stands: at the shape's corner at the top left, inside the picture."""
    left, top, across, down = map(Decimal, box_of(shape, width, height))
    if shape.kind in {"circle", "ellipse"}:
        left, top = left + across * ROUND, top + down * ROUND
    edge = Decimal(width) / 30
    places = ((left, width), (top, height))
    return [write_number(round(min(max(at, edge), end - edge), 2)) for at, end in places]


def public_areas(question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the areas that candidates see, by their place: `1`, `2`, ..."""
    return [
        {
            **draw_shape(area, question),
            "value": str(number),
            "letter": letter(number),
            "label": area["label"] or f"Area {letter(number)}",
        }
        for number, area in enumerate(question["areas"], 1)
    ]


def letter(number: int) -> str:
    """Return A to Z, then AA, AB, ..."""
    first, last = divmod(number - 1, 26)
    return (chr(64 + first) if first else "") + chr(65 + last)
