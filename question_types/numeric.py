"""Numeric: a number, within a tolerance, with a unit where the author asks for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import (
    Content,
    FormatErrors,
    Fragment,
    Issue,
    QuestionType,
    Raw,
    Response,
    ResponseClass,
    Score,
    ScoreState,
    Variant,
    View,
    clean_html,
    hookimpl,
)
from examhall.question_types.quantities import read_quantity
from examhall.question_types.shared import (
    ONE,
    ZERO,
    QuestionContent,
    decimal_field,
    fraction_field,
    html_field,
    percent,
    read_text,
    shown_text,
    state_of,
    templates,
)
from examhall.question_types.verdict import Verdict

LONGEST = 200
PRECISION = 120
"""Digits that comparisons are made with: more than two numbers of 60 digits multiplied need."""


class NumericAnswer(Schema):
    """A number that is accepted."""

    value = decimal_field("Number", required=True)
    tolerance = decimal_field(
        "Tolerance",
        load_default=ZERO,
        validate=[validate.Range(0)],
        help="How far an answer may be off, both ends included.",
    )
    tolerance_type = fields.String(
        load_default="absolute",
        validate=validate.OneOf(
            ["absolute", "relative"], labels=["In the number's own unit", "As share of the number"]
        ),
        metadata={"label": "Tolerance is"},
    )
    fraction = fraction_field(load_default=ONE)
    feedback = html_field("Feedback", load_default="")


class Unit(Schema):
    """A unit that may stand behind the number."""

    name = fields.String(
        required=True,
        validate=validate.Regexp(
            r"[^\W\d](?:.{0,58}\S)?\Z|[%\u2030\u00b0\u2032\u2033](?:\w{0,10})\Z"
        ),
        metadata={"label": "Unit"},
    )
    factor = decimal_field(
        "Factor",
        load_default=ONE,
        validate=[validate.Range(0, min_inclusive=False)],
        help="How many of the first unit make one of this: 0.01 for cm where m comes first.",
    )


class NumericContent(QuestionContent):
    """A numeric question as its author wrote it."""

    answers = fields.List(
        fields.Nested(NumericAnswer),
        required=True,
        validate=validate.Length(1, 100),
        metadata={"label": "Answers", "help": "The first one that fits counts."},
    )
    units = fields.List(
        fields.Nested(Unit),
        load_default=list,
        validate=validate.Length(0, 50),
        metadata={"label": "Units", "help": "The answers above are in the first one."},
    )
    unit_required = fields.Boolean(load_default=False, metadata={"label": "A unit must be given"})
    unit_penalty = decimal_field(
        "Taken off for a missing or unknown unit",
        load_default=ONE,
        validate=[validate.Range(0, 1)],
        help="As share of what the number earns.",
    )


@dataclass(frozen=True, slots=True)
class _Judgement:
    """The accepted answer that a response fits, and what is wrong with its unit."""

    answer: Mapping[str, Any] | None
    fault: str = ""


class Numeric(QuestionType):
    """A number. The first accepted answer within whose tolerance it lies gives the score.

    Numbers are compared exactly, as decimals. Point and comma are both taken as the decimal sign.
    """

    key = "numeric"
    version = "1.0.0"
    title = "Number"
    summary = "A number within a tolerance, with or without units."

    def content_schema(self) -> type[Schema]:
        return NumericContent

    def example(self) -> Content:
        return {
            "stem": "<p>How fast does a stone fall after one second? Give a unit.</p>",
            "answers": [
                {"value": "9.81", "tolerance": "0.01"},
                {"value": "9.81", "tolerance": "0.05", "fraction": "0.5", "feedback": "Roughly."},
            ],
            "units": [
                {"name": "m/s"},
                {"name": "km/h", "factor": "0.2777777777777777777777777778"},
            ],
            "unit_required": True,
            "unit_penalty": "0.5",
        }

    def validate(self, content: Content) -> list[Issue]:
        question = NumericContent().load(content)
        issues = []
        if not any(answer["fraction"] >= ONE for answer in question["answers"]):
            issues.append(Issue("answers", "No answer earns full marks."))
        if question["unit_required"] and not question["units"]:
            issues.append(Issue("units", "A unit must be given, but there is none to give."))
        if question["units"] and question["units"][0]["factor"] != ONE:
            issues.append(Issue("units.0.factor", "The answers are in this unit: its factor is 1."))
        names = [unit["name"] for unit in question["units"]]
        for number, name in enumerate(names):
            if name in names[:number]:
                issues.append(Issue(f"units.{number}.name", "This unit is there twice."))
        if not issues and self.correct_response(self.prepare(content, 0, "en")) is None:
            message = "The answer for full marks is never reached: one above it fits first."
            issues.append(Issue("answers", message))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = NumericContent().load(content)
        schema = NumericContent(only=("answers", "units", "unit_penalty", "feedback"))
        dumped: dict[str, Any] = schema.dump(question)
        public = {
            "stem": clean_html(question["stem"]),
            "takes_unit": bool(question["units"]),
            "needs_unit": question["unit_required"],
        }
        return Variant(public, dumped)

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        keyed = view in {View.GRADE, View.AUTHOR}
        html = templates.render(
            "text_entry.html",
            name=name or "value",
            stem=variant.public["stem"],
            label="Your answer",
            control="value" if view is View.ANSWER else "",
            text=shown_text(raw, "value"),
            longest=LONGEST,
            pattern=r".*\d.*",
            hint=_hint(variant),
            result=Verdict.of(self, variant, raw) if view in {View.REVIEW, View.GRADE} else None,
            head=("Number", "Tolerance", "Share"),
            rows=[_key_row(answer) for answer in (variant.secret["answers"] if keyed else ())],
        )
        return Fragment(html)

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        text = read_text(raw, "value", LONGEST)
        if isinstance(text, FormatErrors):
            return text
        if not text.strip():
            return Response({})
        quantity = read_quantity(text)
        if quantity is None:
            return FormatErrors(("The answer is not a number.",))
        if quantity.unit and not variant.public["takes_unit"]:
            return FormatErrors(("Give the number alone, without a unit or other text.",))
        return Response({"value": str(quantity.value), "unit": quantity.unit})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return bool(response.data) and (
            bool(response.data["unit"]) or not variant.public["needs_unit"]
        )

    def score(self, variant: Variant, response: Response) -> Score:
        feedback = variant.secret["feedback"]
        if not response.data:
            return Score(ZERO, ScoreState.UNANSWERED, feedback=feedback)
        judgement = _judge(variant, response.data)
        if judgement.answer is None:
            return Score(ZERO, ScoreState.WRONG, feedback=judgement.fault + feedback)
        fraction = Decimal(judgement.answer["fraction"])
        if judgement.fault:
            fraction *= ONE - Decimal(variant.secret["unit_penalty"])
        feedback = judgement.fault + judgement.answer["feedback"] + feedback
        return Score(fraction, state_of(fraction), feedback=feedback)

    def correct_response(self, variant: Variant) -> Raw | None:
        units = variant.secret["units"]
        for answer in variant.secret["answers"]:
            text = f"{answer['value']} {units[0]['name']}" if units else str(answer["value"])
            response = self.parse(variant, {"value": text})
            if isinstance(response, Response) and self.score(variant, response).fraction >= ONE:
                return {"value": text}
        return None

    def summarise(self, variant: Variant, response: Response) -> str:
        return f"{response.data.get('value', '')} {response.data.get('unit', '')}".strip()

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        if not response.data:
            return []
        answer = _judge(variant, response.data).answer
        if answer is None:
            return [ResponseClass("other", "Any other number", ZERO)]
        number = variant.secret["answers"].index(answer) + 1
        label = " ± ".join(_key_row(answer)[:2])
        return [ResponseClass(f"answer{number}", label, Decimal(answer["fraction"]))]

    def random_guess_score(self, content: Content) -> Decimal | None:
        return ZERO

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind == "right":
            return self.correct_response(variant) or {}
        if kind == "wrong":
            farthest = max(_reach(answer) for answer in variant.secret["answers"])
            return {"value": f"{farthest + 1:f}"}
        return {} if kind == "empty" else {"value": "twelve"}


def _judge(variant: Variant, data: Mapping[str, Any]) -> _Judgement:
    factors = {unit["name"]: Decimal(unit["factor"]) for unit in variant.secret["units"]}
    fault = ""
    if data["unit"] and data["unit"] not in factors:
        fault = "<p>The unit is not one that is known here.</p>"
    elif not data["unit"] and variant.public["needs_unit"]:
        fault = "<p>The unit is missing.</p>"
    with localcontext() as context:
        context.prec = PRECISION
        value = Decimal(data["value"]) * factors.get(data["unit"], ONE)
        for answer in variant.secret["answers"]:
            wanted = Decimal(answer["value"])
            if abs(value - wanted) <= _tolerance(answer):
                return _Judgement(answer, fault)
    return _Judgement(None, fault)


def _tolerance(answer: Mapping[str, Any]) -> Decimal:
    tolerance = Decimal(answer["tolerance"])
    relative = answer["tolerance_type"] == "relative"
    return tolerance * abs(Decimal(answer["value"])) if relative else tolerance


def _reach(answer: Mapping[str, Any]) -> Decimal:
    with localcontext() as context:
        context.prec = PRECISION
        return abs(Decimal(answer["value"])) + _tolerance(answer)


def _hint(variant: Variant) -> str:
    hint = "Write a number with a decimal point or a decimal comma"
    if variant.public["needs_unit"]:
        return f"{hint}, and its unit."
    return f"{hint}, with or without a unit." if variant.public["takes_unit"] else f"{hint}."


def _key_row(answer: Mapping[str, Any]) -> tuple[str, str, str]:
    tolerance = answer["tolerance"]
    if answer["tolerance_type"] == "relative":
        tolerance = percent(Decimal(tolerance))
    return answer["value"], tolerance, percent(Decimal(answer["fraction"]))


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the numeric question."""
    return [Numeric()]
