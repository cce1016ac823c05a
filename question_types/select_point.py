"""Select point: places that candidates mark on a picture, scored by the areas that they hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from examhall.plugins import (
    Content,
    FormatErrors,
    Issue,
    PartScore,
    QuestionType,
    Raw,
    Response,
    Score,
    ScoreState,
    Variant,
    View,
    clean_html,
    hookimpl,
)
from examhall.question_types.credit import CreditContent, rules_of
from examhall.question_types.graded import GradedQuestion, Part
from examhall.question_types.pictures import (
    MOST,
    PictureContent,
    ShapeContent,
    draw_shape,
    public_picture,
    shape_issues,
)
from examhall.question_types.points import (
    MOST_POINTS,
    drawn_points,
    read_points,
    say_point,
    split_point,
    write_point,
)
from examhall.question_types.shapes import contains, parse_shape, point_inside
from examhall.question_types.shared import (
    NEARLY_ONE,
    ONE,
    ZERO,
    feedback_for,
    feedback_texts,
    fraction_field,
    load_content,
    state_of,
)


class PointAreaContent(ShapeContent):
    """An area that earns something when it is hit. Candidates do not see it."""

    fraction = fraction_field(
        load_default=None,
        allow_none=True,
        help="Leave empty for an equal share of all areas; less than 0 takes off.",
    )


class SelectPointContent(PictureContent, CreditContent):
    """A select point question as its author wrote it."""

    areas = fields.List(
        fields.Nested(PointAreaContent),
        required=True,
        validate=validate.Length(1, MOST),
        metadata={"label": "Areas", "help": "Each counts once."},
    )
    most = fields.Integer(
        load_default=1,
        strict=True,
        validate=validate.Range(0, MOST_POINTS),
        metadata={"label": "Points at most", "help": "0: as many as one likes."},
    )


class SelectPoint(GradedQuestion):
    """Points on a picture. Each area earns its fraction once, at the first point that hits it.

    Points that hit nothing take off `wrong_share` of an equal share each.
    """

    key = "select_point"
    version = "1.0.0"
    title = "Points on a picture"
    summary = "One or several places that are marked on a picture."
    schema = SelectPointContent
    template = "points.html"
    module = "markers.js"

    def example(self) -> Content:
        return {
            "stem": "<p>Mark the island of Corrie.</p>",
            "image": "/x/select_point/static/samples/islands.svg",
            "image_alt": "Map of four islands with the names Arden, Bryn, Corrie and Dunmore",
            "width": 480,
            "height": 300,
            "areas": [{"shape": "ellipse", "coords": "128,236,48,32"}],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        issues = list(shape_issues(question["areas"], "areas"))
        if not issues:
            variant = self.prepare(content, 0, "en")
            response = self.parse(variant, self.correct_response(variant) or {})
            if isinstance(response, FormatErrors) or self.score(variant, response).fraction < ONE:
                issues.append(Issue("areas", "No points earn full marks."))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        equal = ONE / len(question["areas"])
        public = {
            "stem": clean_html(question["stem"]),
            "picture": public_picture(question),
            "most": question["most"],
            "markers": [],
        }
        secret = {
            **feedback_texts(question),
            "rules": rules_of(question),
            "areas": [
                {
                    "shape": area["shape"],
                    "coords": area["coords"],
                    "fraction": str(equal if area["fraction"] is None else area["fraction"]),
                    "drawn": draw_shape(area, question),
                }
                for area in question["areas"]
            ],
        }
        return Variant(public, secret)

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        points = read_points(raw, "points", [""])
        points = [] if isinstance(points, FormatErrors) else points
        tones = []
        if view in {View.REVIEW, View.GRADE}:
            areas = variant.secret["areas"]
            worth = [self._worth(areas, number) for number in self._claims(areas, points)]
            tones = ["ok" if value > 0 else "bad" for value in worth]
        return {
            "control": "points",
            "points": drawn_points(points, variant.public["picture"], tones),
            "zones": [area["drawn"] for area in variant.secret["areas"]]
            if view in {View.GRADE, View.AUTHOR}
            else [],
        }

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        points = read_points(raw, "points", [""])
        if isinstance(points, FormatErrors):
            return points
        most = variant.public["most"]
        if most and len(points) > most:
            return FormatErrors((f"At most {most} points can be marked.",))
        return Response({"points": points} if points else {})

    def _claims(
        self, areas: Sequence[Mapping[str, Any]], points: Sequence[str]
    ) -> list[int | None]:
        """Return the area that each point hits first; -1 where another did, None for none."""
        taken: set[int] = set()
        claims: list[int | None] = []
        for text in points:
            _, point = split_point(text)
            inside = [n for n, a in enumerate(areas) if contains(a["shape"], a["coords"], point)]
            free = [number for number in inside if number not in taken]
            taken.update(free[:1])
            claims.append(free[0] if free else -1 if inside else None)
        return claims

    def _worth(self, areas: Sequence[Mapping[str, Any]], number: int | None) -> Decimal:
        return Decimal(areas[number]["fraction"]) if number is not None and number >= 0 else ZERO

    def score(self, variant: Variant, response: Response) -> Score:
        if not response.data:
            feedback = feedback_for(variant.secret, ScoreState.UNANSWERED)
            return Score(ZERO, ScoreState.UNANSWERED, feedback=feedback)
        areas, rules = variant.secret["areas"], variant.secret["rules"]
        claims = self._claims(areas, response.data["points"])
        missed = claims.count(None)
        fraction = sum((self._worth(areas, number) for number in claims), ZERO)
        fraction -= missed * Decimal(rules["wrong_share"]) / len(areas)
        fraction = ONE if fraction >= NEARLY_ONE else max(fraction, ZERO)
        if rules["grading"] == "all_or_nothing" and (missed or fraction < ONE):
            fraction = ZERO
        parts = tuple(
            PartScore(f"area{number + 1}", ONE if number in claims else ZERO)
            for number in range(len(areas))
        )
        state = state_of(fraction)
        return Score(fraction, state, parts, feedback_for(variant.secret, state))

    def keep_right(self, variant: Variant, raw: Raw) -> Raw:
        points = read_points(raw, "points", [""])
        points = [] if isinstance(points, FormatErrors) else points
        areas = variant.secret["areas"]
        claims = zip(points, self._claims(areas, points), strict=True)
        return {"points": [point for point, number in claims if self._worth(areas, number) > 0]}

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        areas = variant.secret["areas"]
        points = response.data.get("points", [])
        claims = self._claims(areas, points)
        given = [
            Part(f"point{n}", f"Point {n}", say_point(split_point(text)[1]), "", earned)
            for n, (text, claim) in enumerate(zip(points, claims, strict=True), 1)
            for earned in [self._worth(areas, claim) > 0]
        ]
        if given:
            return given
        return [
            Part(f"area{n}", f"Area {n}", "", f"{area['shape']} {area['coords']}", False)
            for n, area in enumerate(areas, 1)
        ]

    def correct_response(self, variant: Variant) -> Raw | None:
        picture, areas = variant.public["picture"], variant.secret["areas"]
        size = picture["width"], picture["height"]
        worthy = [n for n, area in enumerate(areas) if Decimal(area["fraction"]) > 0]
        worthy.sort(key=lambda number: -Decimal(areas[number]["fraction"]))
        chosen = sorted(worthy[: variant.public["most"] or None])
        shapes = [parse_shape(areas[n]["shape"], areas[n]["coords"]) for n in chosen]
        return {"points": [write_point(point_inside(shape, *size)) for shape in shapes]}

    def wrong_response(self, variant: Variant) -> Raw:
        return {"points": ["-9,-9"]}

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        return [question["width"], question["height"], question["most"]]


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the question with points on a picture."""
    return [SelectPoint()]
