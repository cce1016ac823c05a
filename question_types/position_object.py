"""Position object: markers that belong into zones of a picture."""

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
    plain_text,
)
from examhall.question_types.credit import CreditContent, rules_of
from examhall.question_types.graded import GradedQuestion, Part, shuffled
from examhall.question_types.pictures import (
    MOST,
    PictureContent,
    ShapeContent,
    draw_shape,
    id_issues,
    identifier_field,
    public_picture,
    reference_issues,
    shape_issues,
)
from examhall.question_types.points import (
    drawn_points,
    read_points,
    say_point,
    split_point,
    write_point,
)
from examhall.question_types.shapes import contains, parse_shape, point_inside
from examhall.question_types.shared import feedback_texts, html_field, load_content


class MarkerContent(Schema):
    """A marker to place, `limit` times at most."""

    id = identifier_field(required=True)
    text = html_field("Text", required=True)
    limit = fields.Integer(
        load_default=1,
        strict=True,
        validate=validate.Range(0, MOST),
        metadata={"label": "How often", "help": "0: as often as one likes."},
    )


class ZoneContent(ShapeContent):
    """A zone in which a marker is right. Candidates do not see it."""

    marker = identifier_field("Right marker", required=True)


class PositionObjectContent(PictureContent, CreditContent):
    """A position object question as its author wrote it."""

    markers = fields.List(
        fields.Nested(MarkerContent),
        required=True,
        validate=validate.Length(1, MOST),
        metadata={"label": "Markers"},
    )
    zones = fields.List(
        fields.Nested(ZoneContent),
        required=True,
        validate=validate.Length(1, MOST),
        metadata={"label": "Zones"},
    )
    shuffle = fields.Boolean(load_default=False, metadata={"label": "Shuffle the markers"})


class PositionObject(GradedQuestion):
    """Markers in zones that candidates do not see.

    In the order of the zones, each takes the first of its markers that lies in it and in none
    before. The score is the number of zones with a marker, divided by the zones or by the markers
    that were placed, whichever are more: whoever places too many loses. How often a marker may be
    used is a matter of the page alone.
    """

    key = "position_object"
    version = "1.0.0"
    title = "Markers on a picture"
    summary = "Markers that are placed where they belong on a picture."
    schema = PositionObjectContent
    template = "points.html"
    module = "markers.js"
    parts_fail_alone = True

    def example(self) -> Content:
        return {
            "stem": "<p>Mark the two bridges and the church on the plan of the town.</p>",
            "image": "/x/position_object/static/samples/town.svg",
            "image_alt": "Plan of a town: a river, two streets that cross it, houses and a park",
            "width": 480,
            "height": 320,
            "markers": [
                {"id": "bridge", "text": "Bridge", "limit": 2},
                {"id": "church", "text": "Church"},
                {"id": "station", "text": "Station"},
            ],
            "zones": [
                {"shape": "circle", "coords": "186,232;30", "marker": "bridge"},
                {"shape": "circle", "coords": "352,194;30", "marker": "bridge"},
                {"shape": "rectangle", "coords": "262,60;56,72", "marker": "church"},
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        markers = {marker["id"]: marker["limit"] for marker in question["markers"]}
        issues = [
            *id_issues(question["markers"], "markers"),
            *shape_issues(question["zones"], "zones"),
            *reference_issues(question["zones"], "zones", "marker", markers),
        ]
        for number, marker in enumerate(question["markers"]):
            wanted = sum(zone["marker"] == marker["id"] for zone in question["zones"])
            if 0 < marker["limit"] < wanted:
                message = f"It belongs into {wanted} zones, but can be placed less often."
                issues.append(Issue(f"markers.{number}.limit", message))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        markers = (
            shuffled(question["markers"], seed) if question["shuffle"] else question["markers"]
        )
        values = {marker["id"]: str(number) for number, marker in enumerate(markers, 1)}
        public = {
            "stem": clean_html(question["stem"]),
            "picture": public_picture(question),
            "most": 0,
            "markers": [
                {
                    "value": values[marker["id"]],
                    "text": clean_html(marker["text"]),
                    "words": plain_text(marker["text"]) or f"Marker {values[marker['id']]}",
                    "limit": marker["limit"],
                }
                for marker in markers
            ],
        }
        secret = {
            **feedback_texts(question),
            "rules": rules_of(question),
            "markers": {value: identifier for identifier, value in values.items()},
            "zones": [
                {
                    **zone,
                    "marker": values[zone["marker"]],
                    "drawn": draw_shape(zone, question),
                }
                for zone in question["zones"]
            ],
        }
        return Variant(public, secret)

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        marks = self._marks(variant, raw)
        judged = view in {View.REVIEW, View.GRADE}
        hits = set(self._hits(variant, marks).values()) if judged else set()
        tones = ["ok" if place in hits else "bad" for place in range(len(marks))] if judged else []
        return {
            "control": "marks",
            "points": drawn_points(marks, variant.public["picture"], tones),
            "zones": [zone["drawn"] for zone in variant.secret["zones"]]
            if view in {View.GRADE, View.AUTHOR}
            else [],
        }

    def _marks(self, variant: Variant, raw: Raw) -> list[str]:
        kinds = [marker["value"] for marker in variant.public["markers"]]
        marks = read_points(raw, "marks", kinds)
        return [] if isinstance(marks, FormatErrors) else marks

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        kinds = [marker["value"] for marker in variant.public["markers"]]
        marks = read_points(raw, "marks", kinds)
        if isinstance(marks, FormatErrors):
            return marks
        return Response({"marks": marks} if marks else {})

    def _hits(self, variant: Variant, marks: Sequence[str]) -> dict[int, int]:
        """Return which mark each zone took, by their places."""
        hits: dict[int, int] = {}
        for number, zone in enumerate(variant.secret["zones"]):
            for place, mark in enumerate(marks):
                kind, point = split_point(mark)
                free = kind == zone["marker"] and place not in hits.values()
                if free and contains(zone["shape"], zone["coords"], point):
                    hits[number] = place
                    break
        return hits

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        marks = response.data.get("marks", [])
        hits = self._hits(variant, marks)
        words = {marker["value"]: marker["words"] for marker in variant.public["markers"]}
        found = []
        for number, zone in enumerate(variant.secret["zones"]):
            hit = number in hits
            given = say_point(split_point(marks[hits[number]])[1]) if hit else ""
            right = f"{zone['shape']} {zone['coords']}"
            found.append(Part(f"zone{number + 1}", words[zone["marker"]], given, right, hit))
        for place, mark in enumerate(marks):
            if place not in hits.values():
                kind, point = split_point(mark)
                found.append(
                    Part(f"mark{place + 1}", words[kind], say_point(point), "", False, extra=True)
                )
        return found

    def keep_right(self, variant: Variant, raw: Raw) -> Raw:
        marks = self._marks(variant, raw)
        return {"marks": [marks[place] for place in sorted(self._hits(variant, marks).values())]}

    def whole(self, variant: Variant, response: Response, parts: Sequence[Part]) -> int:
        return max(len(variant.secret["zones"]), len(response.data.get("marks", [])))

    def correct_response(self, variant: Variant) -> Raw | None:
        picture = variant.public["picture"]
        marks = []
        for zone in variant.secret["zones"]:
            shape = parse_shape(zone["shape"], zone["coords"])
            point = point_inside(shape, picture["width"], picture["height"])
            marks.append(write_point(point, zone["marker"]))
        return {"marks": marks}

    def wrong_response(self, variant: Variant) -> Raw:
        zones = variant.secret["zones"]
        return {"marks": [f"{zones[0]['marker']}:-9,-9"] * (len(zones) + 1)}

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        markers = [marker["id"] for marker in question["markers"]]
        return [markers, question["width"], question["height"]]


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the question with markers on a picture."""
    return [PositionObject()]
