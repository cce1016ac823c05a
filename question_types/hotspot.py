"""Hotspot: areas of a picture, of which one or several are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

from marshmallow import fields, validate

from examhall.plugins import (
    Content,
    FormatErrors,
    Issue,
    QuestionType,
    Raw,
    Response,
    Variant,
    View,
    clean_html,
    hookimpl,
)
from examhall.question_types.credit import CreditContent, credit, rules_of
from examhall.question_types.graded import GradedQuestion, Part, mean, read_ticks
from examhall.question_types.pictures import (
    MOST,
    AreaContent,
    PictureContent,
    id_issues,
    public_areas,
    public_picture,
    shape_issues,
)
from examhall.question_types.shared import ONE, decimal_field, feedback_texts, load_content

ENUMERABLE = 10


class HotspotArea(AreaContent):
    """An area to choose."""

    correct = fields.Boolean(load_default=False, metadata={"label": "Right"})


class HotspotContent(PictureContent, CreditContent):
    """A hotspot question as its author wrote it."""

    mode = fields.String(
        load_default="single",
        validate=validate.OneOf(["single", "multiple"], labels=["One area", "Several areas"]),
        metadata={"label": "Kind"},
    )
    areas = fields.List(
        fields.Nested(HotspotArea),
        required=True,
        validate=validate.Length(2, MOST),
        metadata={"label": "Areas"},
    )
    wrong_share = decimal_field(
        "A wrong one takes off",
        load_default=ONE,
        validate=[validate.Range(0, 1)],
        help="As a share of what a right one earns: 0 for nothing, 1 for as much.",
    )


class Hotspot(GradedQuestion):
    """Areas that candidates see, by their number; which of them are right stays secret."""

    key = "hotspot"
    version = "1.0.0"
    title = "Areas of a picture"
    summary = "One or several areas that are chosen on a picture."
    schema = HotspotContent
    template = "hotspot.html"
    module = "hotspot.js"

    def example(self) -> Content:
        return {
            "stem": "<p>Which planet is the Earth?</p>",
            "image": "/x/hotspot/static/samples/planets.svg",
            "image_alt": "The sun and its four inner planets, drawn from the side",
            "width": 480,
            "height": 240,
            "areas": [
                {"id": "mercury", "shape": "circle", "coords": "136,120;26"},
                {"id": "venus", "shape": "circle", "coords": "208,168;34"},
                {"id": "earth", "shape": "circle", "coords": "300,80;37", "correct": True},
                {"id": "mars", "shape": "circle", "coords": "404,132;29"},
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        issues = [*id_issues(question["areas"], "areas"), *shape_issues(question["areas"], "areas")]
        if not any(area["correct"] for area in question["areas"]):
            issues.append(Issue("areas", "No area is right: mark one."))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        public = {
            "stem": clean_html(question["stem"]),
            "mode": question["mode"],
            "picture": public_picture(question),
            "areas": public_areas(question),
        }
        secret = {
            **feedback_texts(question),
            "rules": rules_of(question),
            "areas": [{"id": area["id"], "correct": area["correct"]} for area in question["areas"]],
        }
        return Variant(public, secret)

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        response = self.parse(variant, raw)
        chosen = [] if isinstance(response, FormatErrors) else response.data.get("choice", [])
        tones = {}
        if view in {View.REVIEW, View.GRADE, View.AUTHOR}:
            keys = zip(variant.public["areas"], variant.secret["areas"], strict=True)
            tones = {
                area["value"]: "ok" if key["correct"] else "bad"
                for area, key in keys
                if area["value"] in chosen or (key["correct"] and view is not View.REVIEW)
            }
        areas = [
            {
                **area,
                "chosen": area["value"] in chosen,
                "tone": tones.get(area["value"], ""),
            }
            for area in variant.public["areas"]
        ]
        return {"areas": areas}

    def _values(self, variant: Variant) -> list[str]:
        return [area["value"] for area in variant.public["areas"]]

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        most = 1 if variant.public["mode"] == "single" else 0
        chosen = read_ticks(raw, "choice", self._values(variant), most)
        if isinstance(chosen, FormatErrors):
            return chosen
        return Response({"choice": chosen} if chosen else {})

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        chosen = response.data.get("choice", [])
        areas = zip(variant.public["areas"], variant.secret["areas"], strict=True)
        return [
            Part(
                key["id"],
                "",
                area["label"] if area["value"] in chosen else "",
                area["label"] if key["correct"] else "",
                area["value"] in chosen and key["correct"],
                not key["correct"],
            )
            for area, key in areas
            if key["correct"] or area["value"] in chosen
        ]

    def whole(self, variant: Variant, response: Response, parts: Sequence[Part]) -> int:
        right = sum(area["correct"] for area in variant.secret["areas"])
        return 1 if variant.public["mode"] == "single" else right

    def correct_response(self, variant: Variant) -> Raw | None:
        pairs = zip(self._values(variant), variant.secret["areas"], strict=True)
        right = [value for value, area in pairs if area["correct"]]
        return {"choice": right[0] if variant.public["mode"] == "single" else right}

    def wrong_response(self, variant: Variant) -> Raw:
        pairs = list(zip(self._values(variant), variant.secret["areas"], strict=True))
        wrong = [value for value, area in pairs if not area["correct"]]
        return {"choice": wrong[0]} if wrong else {"choice": pairs[0][0]}

    def random_guess_score(self, content: Content) -> Decimal | None:
        question = load_content(self.schema, content)
        keys = [area["correct"] for area in question["areas"]]
        if question["mode"] == "single":
            return Decimal(sum(keys)) / len(keys)
        if len(keys) > ENUMERABLE:
            return None
        rules = rules_of(question)
        rows = product((False, True), repeat=len(keys))
        return mean([_worth_of(rules, keys, row) for row in rows])

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        return [question["mode"], [area["id"] for area in question["areas"]]]

    def public_words(self, content: Content) -> Sequence[str]:
        return [str(number) for number in range(1, MOST + 1)]


def _worth_of(rules: Mapping[str, str], keys: Sequence[bool], row: Sequence[bool]) -> Decimal:
    ticked = [key for key, tick in zip(keys, row, strict=True) if tick]
    return credit(rules, sum(ticked), len(ticked) - sum(ticked), sum(keys))


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the question with areas of a picture."""
    return [Hotspot()]
