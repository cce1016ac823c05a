"""Graphic gap match: labels, words or pictures, that belong to places on a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

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
    media_address,
    plain_text,
)
from examhall.question_types.credit import CreditContent, rules_of
from examhall.question_types.graded import (
    GradedQuestion,
    Part,
    read_choices,
    shown_choices,
    shuffled,
)
from examhall.question_types.pictures import (
    MOST,
    ChoiceText,
    PictureContent,
    draw_shape,
    id_issues,
    identifier_field,
    letter,
    public_picture,
    reference_issues,
    shape_issues,
)
from examhall.question_types.shapes import KINDS, box_of, parse_shape
from examhall.question_types.shared import feedback_texts, load_content

PLACE_WIDTH, PLACE_HEIGHT = 100, 32
"""Of a place whose author gives no size."""


class LabelContent(ChoiceText):
    """A label to place."""

    group = fields.String(
        load_default="1",
        validate=validate.Length(1, 20),
        metadata={"label": "Group", "help": "A label fits only places of its own group."},
    )
    infinite = fields.Boolean(load_default=False, metadata={"label": "Can be used more than once"})


class PlaceContent(Schema):
    """A place on the picture: its corner at the top left and its size, or `shape` and `coords`."""

    id = identifier_field(required=True)
    choice = identifier_field(
        "Right label", load_default="", help="Identifier of the label; empty if none belongs here."
    )
    group = fields.String(
        load_default="1", validate=validate.Length(1, 20), metadata={"label": "Group"}
    )
    label = fields.String(
        load_default="",
        validate=validate.Length(0, 200),
        metadata={"label": "Name", "help": "What its control says; “Place A” where it is empty."},
    )
    x = fields.Integer(load_default=0, strict=True, metadata={"label": "From the left"})
    y = fields.Integer(load_default=0, strict=True, metadata={"label": "From the top"})
    width = fields.Integer(
        load_default=PLACE_WIDTH,
        strict=True,
        validate=validate.Range(1),
        metadata={"label": "Width"},
    )
    height = fields.Integer(
        load_default=PLACE_HEIGHT,
        strict=True,
        validate=validate.Range(1),
        metadata={"label": "Height"},
    )
    shape = fields.String(
        load_default="rectangle",
        validate=validate.OneOf(list(KINDS)),
        metadata={"label": "Shape", "help": "Only together with coordinates."},
    )
    coords = fields.String(
        load_default="",
        validate=validate.Length(0, 4000),
        metadata={"label": "Coordinates", "help": "In place of corner and size."},
    )


class GraphicGapMatchContent(PictureContent, CreditContent):
    """A graphic gap match as its author wrote it."""

    choices = fields.List(
        fields.Nested(LabelContent),
        required=True,
        validate=validate.Length(1, MOST),
        metadata={"label": "Labels"},
    )
    places = fields.List(
        fields.Nested(PlaceContent),
        required=True,
        validate=validate.Length(1, MOST),
        metadata={"label": "Places"},
    )
    shuffle = fields.Boolean(load_default=True, metadata={"label": "Shuffle the labels"})


class GraphicGapMatch(GradedQuestion):
    """Labels for the places of a picture.

    A browser knows places by their number and labels by the order in which they are shown. A right
    label in a place earns a share; that a label was used too often is not judged. Labels of a group
    that look the same are one answer.
    """

    key = "graphic_gap_match"
    version = "1.0.0"
    title = "Labels on a picture"
    summary = "Words or pictures that are dragged to places on a picture."
    schema = GraphicGapMatchContent
    template = "graphic_gap_match.html"
    module = "gaps.js"
    parts_fail_alone = True

    def example(self) -> Content:
        return {
            "stem": "<p>Name the parts of the flower.</p>",
            "image": "/x/graphic_gap_match/static/samples/flower.svg",
            "image_alt": "A flower, drawn from the side",
            "width": 480,
            "height": 320,
            "choices": [
                {"id": "petal", "text": "Petal"},
                {"id": "stem", "text": "Stem"},
                {"id": "leaf", "text": "Leaf"},
                {"id": "root", "text": "Root"},
            ],
            "places": [
                {"id": "top", "choice": "petal", "x": 330, "y": 40, "width": 130, "height": 40},
                {"id": "middle", "choice": "stem", "x": 20, "y": 190, "width": 130, "height": 40},
                {"id": "side", "choice": "leaf", "x": 330, "y": 210, "width": 130, "height": 40},
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        choices, places = question["choices"], question["places"]
        shaped = [place if place["coords"] else {**place, **_boxed(place)} for place in places]
        issues = [
            *id_issues(choices, "choices"),
            *id_issues(places, "places"),
            *shape_issues(shaped, "places"),
            *reference_issues(places, "places", "choice", (choice["id"] for choice in choices)),
        ]
        groups = {choice["id"]: choice["group"] for choice in choices}
        for number, place in enumerate(places):
            if groups.get(place["choice"], place["group"]) != place["group"]:
                message = "The right label is of another group than this place."
                issues.append(Issue(f"places.{number}.choice", message))
        for number, choice in enumerate(choices):
            if not plain_text(choice["text"]) and not choice["image"]:
                issues.append(Issue(f"choices.{number}.text", "Give a text or a picture."))
        if not any(place["choice"] for place in places):
            issues.append(Issue("places", "No place has a right label."))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        choices = (
            shuffled(question["choices"], seed) if question["shuffle"] else question["choices"]
        )
        values = {choice["id"]: str(number) for number, choice in enumerate(choices, 1)}
        public = {
            "stem": clean_html(question["stem"]),
            "picture": public_picture(question),
            "choices": [_public_choice(choice, values[choice["id"]]) for choice in choices],
            "places": [
                _public_place(place, number, question)
                for number, place in enumerate(question["places"], 1)
            ],
        }
        secret = {
            **feedback_texts(question),
            "rules": rules_of(question),
            "choices": {value: identifier for identifier, value in values.items()},
            "places": [
                {"id": place["id"], "choice": values.get(place["choice"], "")}
                for place in question["places"]
            ],
        }
        return Variant(public, secret)

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        names = [place["name"] for place in variant.public["places"]]
        chosen = shown_choices(raw, names)
        judged = {}
        if view in {View.REVIEW, View.GRADE}:
            judged = self._judged(variant, chosen)
        places = [
            {
                **place,
                "chosen": chosen[place["name"]],
                "tone": judged.get(place["name"], ""),
                "choices": [c for c in variant.public["choices"] if c["group"] == place["group"]],
            }
            for place in variant.public["places"]
        ]
        return {"places": places}

    def _judged(self, variant: Variant, chosen: Mapping[str, str]) -> dict[str, str]:
        pairs = zip(variant.public["places"], variant.secret["places"], strict=True)
        alike = _first_alike(variant)
        return {
            place["name"]: "ok"
            if alike.get(chosen[place["name"]]) == alike.get(key["choice"], "")
            else "bad"
            for place, key in pairs
            if chosen[place["name"]]
        }

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        names = [place["name"] for place in variant.public["places"]]
        groups = {choice["value"]: choice["group"] for choice in variant.public["choices"]}
        chosen = read_choices(raw, names, groups)
        if isinstance(chosen, FormatErrors):
            return chosen
        for place in variant.public["places"]:
            if groups.get(chosen.get(place["name"], ""), place["group"]) != place["group"]:
                return FormatErrors(("A label stands in a place that it does not fit.",))
        return Response({"places": chosen} if chosen else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        wanted = min(len(variant.public["places"]), len(variant.public["choices"]))
        return len(response.data.get("places", {})) >= min(wanted, self._keyed(variant))

    def _keyed(self, variant: Variant) -> int:
        return sum(bool(place["choice"]) for place in variant.secret["places"])

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        given = response.data.get("places", {})
        texts = {choice["value"]: choice["words"] for choice in variant.public["choices"]}
        found = []
        alike = _first_alike(variant)
        pairs = zip(variant.public["places"], variant.secret["places"], strict=True)
        for place, key in pairs:
            value = given.get(place["name"], "")
            if value or key["choice"]:
                words, right = texts.get(value, ""), texts.get(key["choice"], "")
                earned = alike.get(value) == alike.get(key["choice"], "")
                extra = not key["choice"]
                found.append(Part(key["id"], place["label"], words, right, earned, extra))
        return found

    def whole(self, variant: Variant, response: Response, parts: Sequence[Part]) -> int:
        return self._keyed(variant)

    def correct_response(self, variant: Variant) -> Raw | None:
        return {
            place["name"]: key["choice"]
            for place, key in zip(variant.public["places"], variant.secret["places"], strict=True)
            if key["choice"]
        }

    def wrong_response(self, variant: Variant) -> Raw:
        right = dict(self.correct_response(variant) or {})
        name, value = right.popitem()
        alike = _first_alike(variant)
        place = next(p for p in variant.public["places"] if p["name"] == name)
        others = [
            choice["value"]
            for choice in variant.public["choices"]
            if choice["group"] == place["group"] and alike[choice["value"]] != alike[value]
        ]
        if others:
            return {name: others[0]}
        return right or {}

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        return [[part["id"] for part in question[name]] for name in ("choices", "places")]

    def public_words(self, content: Content) -> Sequence[str]:
        question = load_content(self.schema, content)
        return [str(number) for number in range(1, max(len(question["choices"]), MOST) + 1)]


def _first_alike(variant: Variant) -> dict[str, str]:
    """Return for each label the first one of its group that looks the same."""
    first: dict[tuple[str, str, str], str] = {}
    return {
        choice["value"]: first.setdefault(
            (choice["group"], choice["text"], choice["address"]), choice["value"]
        )
        for choice in variant.public["choices"]
    }


def _boxed(place: Mapping[str, Any]) -> dict[str, str]:
    """Return the shape of a place with corner and size."""
    size = f"{place['width']},{place['height']}"
    return {"shape": "rectangle", "coords": f"{place['x']},{place['y']};{size}"}


def _public_choice(choice: Mapping[str, Any], value: str) -> dict[str, str]:
    words = plain_text(choice["text"])
    return {
        "value": value,
        "text": clean_html(choice["text"]),
        "words": words or f"Label {letter(int(value))}",
        "address": media_address(choice["image"]),
        "group": choice["group"],
        "reuse": "1" if choice["infinite"] else "",
    }


def _public_place(
    place: Mapping[str, Any], number: int, question: Mapping[str, Any]
) -> dict[str, Any]:
    area = place if place["coords"] else {**place, **_boxed(place)}
    shape = parse_shape(area["shape"], area["coords"])
    return {
        **draw_shape(area, question),
        "box": box_of(shape, question["width"], question["height"]),
        "name": f"place{number}",
        "letter": letter(number),
        "label": place["label"] or f"Place {letter(number)}",
        "group": place["group"],
    }


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the question with labels on a picture."""
    return [GraphicGapMatch()]
