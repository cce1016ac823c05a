"""Numeric: a number, within a tolerance, with a unit where the author asks for one."""

from __future__ import annotations

from decimal import Decimal

from marshmallow import Schema

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
    Variant,
    View,
    clean_html,
    hookimpl,
)
from examhall.question_types.numeric_content import ANY, NumericContent
from examhall.question_types.numeric_issues import answer_issues, unit_issues
from examhall.question_types.numeric_judging import ready_numbers
from examhall.question_types.shared import (
    ZERO,
    feedback_texts,
    load_content,
    shown_text,
    templates,
)
from examhall.question_types.unit_entry import (
    LONGEST,
    entry_hint,
    entry_of,
    entry_public,
    entry_secret,
    farthest,
    is_entry_complete,
    judge_entry,
    key_row,
    read_entry,
    score_entry,
    summarise_entry,
)
from examhall.question_types.verdict import Verdict


class Numeric(QuestionType):
    """A number. The first accepted answer within whose tolerance it lies gives the score.

    Numbers that agree in 14 digits are the same. Point and comma are both taken as the decimal
    sign, unless the author says which it is: then numbers are read exactly as Moodle reads them.
    A right number with a wrong unit counts, less what the author takes off for it.
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
                {"name": "km/h", "factor": "3.6"},
            ],
            "unit_mode": "graded_of_response",
            "unit_penalty": "0.5",
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(NumericContent, content)
        issues = [*answer_issues(question["answers"]), *unit_issues(question)]
        if not issues and self.correct_response(self.prepare(content, 0, "en")) is None:
            message = "The answer for full marks is never reached: one above it fits first."
            issues.append(Issue("answers", message))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(NumericContent, content)
        public = {"stem": clean_html(question["stem"]), **entry_public(question)}
        secret = {
            "answers": ready_numbers(question["answers"]),
            **entry_secret(question),
            **feedback_texts(question),
        }
        return Variant(public, secret)

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        keyed = view in {View.GRADE, View.AUTHOR}
        html = templates.render(
            "numeric.html",
            name=name or "value",
            stem=variant.public["stem"],
            label="Your answer",
            control="value" if view is View.ANSWER else "",
            text=shown_text(raw, "value"),
            longest=LONGEST,
            pattern=r".*\d.*",
            hint=entry_hint(variant.public),
            public=variant.public,
            unit=shown_text(raw, "unit"),
            result=Verdict.of(self, variant, raw) if view in {View.REVIEW, View.GRADE} else None,
            head=("Number", "Tolerance", "Share"),
            rows=[key_row(answer) for answer in (variant.secret["answers"] if keyed else ())],
        )
        return Fragment(html, styles=("graphic.css", "words.css"))

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        return read_entry(variant.public, raw)

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return is_entry_complete(variant, response)

    def score(self, variant: Variant, response: Response) -> Score:
        return score_entry(variant, response)

    def correct_response(self, variant: Variant) -> Raw | None:
        for answer in variant.secret["answers"]:
            texts = ["1"] if answer["value"] == ANY else [answer.get("shown"), answer["value"]]
            for text in filter(None, texts):
                raw = entry_of(variant, text)
                response = self.parse(variant, raw)
                if isinstance(response, Response) and self.score(variant, response).fraction >= 1:
                    return raw
        return None

    def summarise(self, variant: Variant, response: Response) -> str:
        return summarise_entry(variant, response)

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        if not response.data:
            return []
        answer = judge_entry(variant, response.data).answer
        if answer is None:
            return [ResponseClass("other", "Any other number", ZERO)]
        number = variant.secret["answers"].index(answer) + 1
        label = " ± ".join(key_row(answer)[:2])
        return [ResponseClass(f"answer{number}", label, Decimal(answer["fraction"]))]

    def random_guess_score(self, content: Content) -> Decimal | None:
        return ZERO

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind == "right":
            return self.correct_response(variant) or {}
        if kind == "wrong":
            return {"value": f"{farthest(variant.secret['answers']):f}"}
        return {} if kind == "empty" else {"value": "twelve"}


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the numeric question."""
    return [Numeric()]
