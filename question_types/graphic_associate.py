"""Graphic associate: areas of a picture that are joined in pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from examhall.plugins import (
    Content,
    Issue,
    QuestionType,
    Raw,
    Variant,
    View,
    clean_html,
    hookimpl,
)
from examhall.question_types.pairs import (
    PairsContent,
    PairsQuestion,
    pair_issues,
    public_rows,
    secret_pairs,
)
from examhall.question_types.pictures import (
    MOST,
    AreaContent,
    PictureContent,
    id_issues,
    public_areas,
    public_picture,
    shape_issues,
)
from examhall.question_types.shared import load_content


class GraphicAssociateContent(PictureContent, PairsContent):
    """A graphic associate question as its author wrote it."""

    areas = fields.List(
        fields.Nested(AreaContent),
        required=True,
        validate=validate.Length(2, MOST),
        metadata={"label": "Areas"},
    )


class GraphicAssociate(PairsQuestion):
    """Lines between areas of a picture; a browser knows the areas by their number."""

    key = "graphic_associate"
    version = "1.0.0"
    title = "Pairs on a picture"
    summary = "Areas of a picture that are joined by lines."
    schema = GraphicAssociateContent
    template = "graphic_associate.html"
    module = "links.js"

    def example(self) -> Content:
        return {
            "stem": "<p>Ferries sail from Arden to Bryn and from Bryn to Dunmore. Join them.</p>",
            "image": "/x/graphic_associate/static/samples/islands.svg",
            "image_alt": "Map of four islands with the names Arden, Bryn, Corrie and Dunmore",
            "width": 480,
            "height": 300,
            "areas": [
                {"id": "a", "shape": "circle", "coords": "106,92;50", "label": "Arden"},
                {"id": "b", "shape": "circle", "coords": "376,82;50", "label": "Bryn"},
                {"id": "c", "shape": "circle", "coords": "128,234;50", "label": "Corrie"},
                {"id": "d", "shape": "circle", "coords": "366,232;50", "label": "Dunmore"},
            ],
            "pairs": [{"first": "a", "second": "b"}, {"first": "b", "second": "d"}],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        return [
            *id_issues(question["areas"], "areas"),
            *shape_issues(question["areas"], "areas"),
            *pair_issues(question, (area["id"] for area in question["areas"])),
        ]

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        areas = public_areas(question)
        public = {
            "stem": clean_html(question["stem"]),
            "picture": public_picture(question),
            "choices": [{**area, "words": area["label"]} for area in areas],
            "rows": public_rows(question),
        }
        names = (area["id"] for area in question["areas"])
        values = {name: area["value"] for name, area in zip(names, areas, strict=True)}
        return Variant(public, secret_pairs(question, values))

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        seen = super().look(variant, raw, view)
        dots = {choice["value"]: choice for choice in variant.public["choices"]}
        ends = [
            (row["tone"], dots[row["one"]], dots[row["other"]])
            for row in seen["rows_given"]
            if row["one"] in dots and row["other"] in dots
        ]
        lines = [
            {"tone": tone, "x1": one["x"], "y1": one["y"], "x2": other["x"], "y2": other["y"]}
            for tone, one, other in ends
        ]
        return {**seen, "lines": lines}

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        return [area["id"] for area in question["areas"]]


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the question with lines on a picture."""
    return [GraphicAssociate()]
