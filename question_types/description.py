"""Description: something to read or to look at, without a question."""

from __future__ import annotations

from decimal import Decimal

from marshmallow import Schema

from examhall.plugins import (
    Content,
    FormatErrors,
    Fragment,
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
from examhall.question_types.graded import only
from examhall.question_types.shared import (
    UNKNOWN_FORM,
    ZERO,
    QuestionContent,
    load_content,
    templates,
)


class DescriptionContent(QuestionContent):
    """A description as its author wrote it."""


class Description(QuestionType):
    """Text, pictures or recordings for the questions that follow. It is worth nothing."""

    key = "description"
    version = "1.0.0"
    title = "Description"
    summary = "A text or a picture without a question, worth nothing."
    takes_answer = False

    def content_schema(self) -> type[Schema]:
        return DescriptionContent

    def example(self) -> Content:
        return {"stem": "<p>The next questions are about the <em>water cycle</em>.</p>"}

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(DescriptionContent, content)
        return Variant({"stem": clean_html(question["stem"])}, {"feedback": question["feedback"]})

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        shown = view in {View.REVIEW, View.GRADE, View.AUTHOR}
        feedback = variant.secret["feedback"] if shown else ""
        html = templates.render("description.html", stem=variant.public["stem"], feedback=feedback)
        return Fragment(html)

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        if only(raw, ()):
            return Response({})
        return FormatErrors((UNKNOWN_FORM,))

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return False

    def score(self, variant: Variant, response: Response) -> Score:
        return Score(ZERO, ScoreState.UNANSWERED, feedback=variant.secret["feedback"])

    def correct_response(self, variant: Variant) -> Raw | None:
        return None

    def summarise(self, variant: Variant, response: Response) -> str:
        return ""

    def random_guess_score(self, content: Content) -> Decimal | None:
        return None

    def simulate(self, variant: Variant, kind: str) -> Raw:
        return {"no such control": "1"} if kind == "invalid" else {}


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the description."""
    return [Description()]
