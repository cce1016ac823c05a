"""Slider: a number that is set on a scale."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import (
    Content,
    FormatErrors,
    Issue,
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
from examhall.question_types.graded import GradedQuestion, Part, only
from examhall.question_types.shapes import NUMBER
from examhall.question_types.shared import (
    ONE,
    UNKNOWN_FORM,
    ZERO,
    QuestionContent,
    decimal_field,
    feedback_for,
    feedback_texts,
    fraction_field,
    html_field,
    load_content,
    shown_text,
    state_of,
)

MOST_STEPS = 100_000


class SliderAnswer(Schema):
    """A value that is accepted."""

    value = decimal_field("Value", required=True)
    tolerance = decimal_field(
        "Give or take", load_default=ZERO, validate=[validate.Range(0)], help="Both ends count."
    )
    fraction = fraction_field(load_default=ONE)
    feedback = html_field("Feedback", load_default="")


class SliderContent(QuestionContent):
    """A slider question as its author wrote it."""

    minimum = decimal_field("From", load_default=ZERO)
    maximum = decimal_field("To", load_default=Decimal(100))
    step = decimal_field("Step", load_default=ONE)
    unit = fields.String(
        load_default="",
        validate=validate.Length(0, 40),
        metadata={"label": "Unit", "help": "Stands behind the number: °C, %, km."},
    )
    answers = fields.List(
        fields.Nested(SliderAnswer),
        required=True,
        validate=validate.Length(1, 50),
        metadata={"label": "Answers", "help": "The first one that fits counts."},
    )


class Slider(GradedQuestion):
    """A number between two ends. The first accepted answer that fits gives the score."""

    key = "slider"
    version = "1.0.0"
    title = "Slider"
    summary = "A number that is set on a scale."
    schema = SliderContent
    template = "slider.html"
    module = "slider.js"

    def example(self) -> Content:
        return {
            "stem": "<p>At which temperature does water have its greatest density?</p>",
            "minimum": "-10",
            "maximum": "30",
            "unit": "°C",
            "answers": [{"value": "4"}, {"value": "4", "tolerance": "1", "fraction": "0.5"}],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        low, high, step = question["minimum"], question["maximum"], question["step"]
        if low >= high:
            return [Issue("maximum", "The scale ends above its beginning.")]
        if step <= 0 or (high - low) / step > MOST_STEPS:
            return [Issue("step", f"A scale has at most {MOST_STEPS} steps, of more than nothing.")]
        issues = [
            Issue(f"answers.{number}.value", "No step of the scale meets this answer.")
            for number, answer in enumerate(question["answers"])
            if self._nearest(answer, low, high, step) is None
        ]
        if not issues and self.correct_response(self.prepare(content, 0, "en")) is None:
            issues.append(Issue("answers", "No answer earns full marks."))
        return issues

    def _nearest(
        self, answer: Mapping[str, Any], low: Decimal, high: Decimal, step: Decimal
    ) -> Decimal | None:
        """Return the step of the scale that is nearest to an answer, None where it does not fit."""
        value, tolerance = Decimal(answer["value"]), Decimal(answer["tolerance"])
        steps = ((min(max(value, low), high) - low) / step).to_integral_value()
        nearest = low + steps * step
        nearest = nearest if nearest <= high else nearest - step
        return nearest if abs(nearest - value) <= tolerance else None

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        scale = ("minimum", "maximum", "step")
        public = {
            "stem": clean_html(question["stem"]),
            **{name: format(question[name], "f") for name in scale},
            "unit": question["unit"],
        }
        secret = {
            **feedback_texts(question),
            "answers": [
                {**answer, **{n: str(answer[n]) for n in ("value", "tolerance", "fraction")}}
                for answer in question["answers"]
            ],
        }
        return Variant(public, secret)

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        low, high = Decimal(variant.public["minimum"]), Decimal(variant.public["maximum"])
        return {"text": shown_text(raw, "value"), "middle": format((low + high) / 2, "f")}

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        if not only(raw, ["value"]):
            return FormatErrors((UNKNOWN_FORM,))
        text = raw.get("value", "")
        if not isinstance(text, str):
            return FormatErrors(("The answer is not a number.",))
        text = text.strip().replace(",", ".").replace("\N{MINUS SIGN}", "-")
        if not text:
            return Response({})
        low, high = variant.public["minimum"], variant.public["maximum"]
        if not NUMBER.match(text) or not Decimal(low) <= Decimal(text) <= Decimal(high):
            return FormatErrors((f"The answer is a number from {low} to {high}.",))
        return Response({"value": text})

    def _find(self, variant: Variant, response: Response) -> Mapping[str, Any] | None:
        value = Decimal(response.data["value"])
        for answer in variant.secret["answers"]:
            if abs(value - Decimal(answer["value"])) <= Decimal(answer["tolerance"]):
                found: Mapping[str, Any] = answer
                return found
        return None

    def score(self, variant: Variant, response: Response) -> Score:
        answer = self._find(variant, response) if response.data else None
        fraction = Decimal(answer["fraction"]) if answer else ZERO
        state = state_of(fraction) if response.data else ScoreState.UNANSWERED
        own = answer["feedback"] if answer else ""
        return Score(fraction, state, feedback=feedback_for(variant.secret, state, own))

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        unit = variant.public["unit"]
        value = response.data.get("value", "")
        right = Decimal(variant.secret["answers"][0]["value"])
        earned = bool(value) and self.score(variant, response).fraction >= ONE
        given = f"{value} {unit}".strip() if value else ""
        return [Part("value", "", given, f"{right:f} {unit}".strip(), earned)]

    def told(self, variant: Variant, view: View, raw: Raw) -> list[dict[str, str]]:
        return []

    def key_rows(self, variant: Variant) -> list[tuple[str, str]]:
        return [
            (f"{answer['value']} ± {answer['tolerance']}", answer["fraction"])
            for answer in variant.secret["answers"]
        ]

    def correct_response(self, variant: Variant) -> Raw | None:
        scale = (Decimal(variant.public[name]) for name in ("minimum", "maximum", "step"))
        low, high, step = scale
        for answer in variant.secret["answers"]:
            value = self._nearest(answer, low, high, step)
            if Decimal(answer["fraction"]) >= ONE and value is not None:
                response = Response({"value": format(value, "f")})
                if self.score(variant, response).fraction >= ONE:
                    return {"value": response.data["value"]}
        return None

    def wrong_response(self, variant: Variant) -> Raw:
        ends = [{"value": variant.public[name]} for name in ("minimum", "maximum")]
        worth = [self.score(variant, Response(end)).fraction for end in ends]
        return ends[0] if worth[0] <= worth[1] else ends[1]

    def random_guess_score(self, content: Content) -> Decimal | None:
        question = load_content(self.schema, content)
        low, high, step = (question[name] for name in ("minimum", "maximum", "step"))
        steps = int((high - low) / step)
        if steps > 1000:
            return ZERO
        variant = self.prepare(content, 0, "en")
        values = (Response({"value": format(low + n * step, "f")}) for n in range(steps + 1))
        return sum((self.score(variant, value).fraction for value in values), ZERO) / (steps + 1)

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        return [question["minimum"], question["maximum"], question["unit"]]

    def public_words(self, content: Content) -> list[str]:
        question = load_content(self.schema, content)
        return [format(question[name], "f") for name in ("minimum", "maximum", "step")]


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the slider."""
    return [Slider()]
