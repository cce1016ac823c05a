"""Graphic order: areas of a picture that are brought into an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from examhall.question_types.credit import CreditContent, rules_of
from examhall.question_types.graded import (
    GradedQuestion,
    Part,
    read_choices,
    shown_choices,
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
from examhall.question_types.shared import feedback_texts, load_content


class OrderedArea(AreaContent):
    """An area with its place in the order."""

    position = fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(0, MOST),
        metadata={"label": "Place in the order", "help": "1 for the first; 0: it has none."},
    )


class GraphicOrderContent(PictureContent, CreditContent):
    """A graphic order question as its author wrote it."""

    areas = fields.List(
        fields.Nested(OrderedArea),
        required=True,
        validate=validate.Length(2, MOST),
        metadata={"label": "Areas"},
    )


class GraphicOrder(GradedQuestion):
    """Areas with numbers. Each area with its right number earns a share."""

    key = "graphic_order"
    version = "1.0.0"
    title = "Order on a picture"
    summary = "Areas of a picture that are numbered in their right order."
    schema = GraphicOrderContent
    template = "graphic_order.html"
    module = "order_areas.js"

    def example(self) -> Content:
        return {
            "stem": "<p>Number the planets by their size, the largest first.</p>",
            "image": "/x/graphic_order/static/samples/planets.svg",
            "image_alt": "The sun and its four inner planets, drawn from the side",
            "width": 480,
            "height": 240,
            "areas": [
                {"id": "a", "shape": "circle", "coords": "136,120;26", "position": 4},
                {"id": "b", "shape": "circle", "coords": "208,168;34", "position": 2},
                {"id": "c", "shape": "circle", "coords": "300,80;37", "position": 1},
                {"id": "d", "shape": "circle", "coords": "404,132;29", "position": 3},
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        areas = question["areas"]
        issues = [*id_issues(areas, "areas"), *shape_issues(areas, "areas")]
        positions = sorted(area["position"] for area in areas if area["position"])
        if not positions or positions != list(range(1, len(positions) + 1)):
            message = "Give the areas the numbers 1, 2, 3 and so on, each once."
            issues.append(Issue("areas", message))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        areas = public_areas(question)
        public = {
            "stem": clean_html(question["stem"]),
            "picture": public_picture(question),
            "areas": [{**area, "name": f"area{area['value']}"} for area in areas],
        }
        secret = {
            **feedback_texts(question),
            "rules": rules_of(question),
            "areas": [
                {"id": area["id"], "position": str(area["position"] or "")}
                for area in question["areas"]
            ],
        }
        return Variant(public, secret)

    def _names(self, variant: Variant) -> list[str]:
        return [area["name"] for area in variant.public["areas"]]

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        chosen = shown_choices(raw, self._names(variant))
        judged = view in {View.REVIEW, View.GRADE}
        keys = variant.secret["areas"] if judged else []
        right = dict(zip(self._names(variant), (key["position"] for key in keys), strict=False))
        areas = []
        for area in variant.public["areas"]:
            given = chosen[area["name"]]
            tone = ""
            if judged and given:
                tone = "ok" if given == right[area["name"]] else "bad"
            areas.append({**area, "chosen": given, "tone": tone})
        return {"areas": areas}

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        names = self._names(variant)
        chosen = read_choices(raw, names, map(str, range(1, len(names) + 1)))
        if isinstance(chosen, FormatErrors):
            return chosen
        return Response({"areas": chosen} if chosen else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        wanted = sum(bool(area["position"]) for area in variant.secret["areas"])
        return len(response.data.get("areas", {})) >= wanted

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        given = response.data.get("areas", {})
        found = []
        pairs = zip(variant.public["areas"], variant.secret["areas"], strict=True)
        for area, key in pairs:
            number = given.get(area["name"], "")
            if number or key["position"]:
                earned = number == key["position"]
                right = key["position"]
                found.append(Part(key["id"], area["label"], number, right, earned, not right))
        return found

    def whole(self, variant: Variant, response: Response, parts: Sequence[Part]) -> int:
        return sum(bool(area["position"]) for area in variant.secret["areas"])

    def correct_response(self, variant: Variant) -> Raw | None:
        keys = zip(self._names(variant), variant.secret["areas"], strict=True)
        return {name: area["position"] for name, area in keys if area["position"]}

    def wrong_response(self, variant: Variant) -> Raw:
        right = dict(self.correct_response(variant) or {})
        name, number = right.popitem()
        return {name: "2" if number == "1" else "1"}

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        return [area["id"] for area in question["areas"]]

    def public_words(self, content: Content) -> Sequence[str]:
        return [str(number) for number in range(1, MOST + 1)]


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the question with an order on a picture."""
    return [GraphicOrder()]
