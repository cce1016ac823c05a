"""Text entry: a word or a line, compared with the answers that the author accepts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

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
    ScoreState,
    Variant,
    View,
    clean_html,
    hookimpl,
)
from examhall.question_types.patterns import PatternError, compile_pattern
from examhall.question_types.shared import (
    ONE,
    ZERO,
    feedback_for,
    feedback_texts,
    load_content,
    percent,
    read_text,
    shown_text,
    state_of,
    templates,
)
from examhall.question_types.text_content import LONGEST, MATCHES, TextEntryContent
from examhall.question_types.text_matching import example_of, find_answer, ready_answers
from examhall.question_types.verdict import Verdict


class TextEntry(QuestionType):
    """A line of text. The first accepted answer that fits gives the score.

    Compared are texts in Unicode's composed form (NFC) with white space trimmed and, unless the
    author says that every space counts, runs of it made one space; small and capital letters are
    the same unless the author says otherwise. With the option `spaces_count` texts are compared as
    Moodle's short answers are: `New  York` is not `New York`, and `STRASSE` is not `Straße`.
    """

    key = "text_entry"
    version = "1.0.0"
    title = "Text entry"
    summary = "A word or a line, with accepted answers, the wildcard * or regular expressions."

    def content_schema(self) -> type[Schema]:
        return TextEntryContent

    def example(self) -> Content:
        return {
            "stem": "<p>What is the capital of France?</p>",
            "answers": [
                {"text": "Paris"},
                {"text": "Paris, *", "fraction": "0.5", "feedback": "Only the city was asked."},
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(TextEntryContent, content)
        issues = []
        if not any(answer["fraction"] >= ONE for answer in question["answers"]):
            issues.append(Issue("answers", "No answer earns full marks."))
        for number, answer in enumerate(question["answers"]):
            if fault := answer_fault(answer):
                issues.append(Issue(f"answers.{number}.text", fault))
        if not issues and self.correct_response(self.prepare(content, 0, "en")) is None:
            message = "The answer for full marks is never reached: one above it fits first."
            issues.append(Issue("answers", message))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(TextEntryContent, content)
        case, strict = question["case_sensitive"], question["spaces_count"]
        secret = {
            "answers": ready_answers(question["answers"], case=case, strict=strict),
            "case_sensitive": case,
            "spaces_count": strict,
            **feedback_texts(question),
        }
        return Variant({"stem": clean_html(question["stem"])}, secret)

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        keyed = view in {View.GRADE, View.AUTHOR}
        html = templates.render(
            "text_entry.html",
            name=name or "text",
            stem=variant.public["stem"],
            label="Your answer",
            control="text" if view is View.ANSWER else "",
            text=shown_text(raw, "text"),
            longest=LONGEST,
            pattern="",
            hint="",
            result=Verdict.of(self, variant, raw) if view in {View.REVIEW, View.GRADE} else None,
            head=("Answer", "Reading", "Share"),
            rows=[
                (answer["text"], MATCHES[answer["match"]], percent(Decimal(answer["fraction"])))
                for answer in (variant.secret["answers"] if keyed else ())
            ],
        )
        return Fragment(html)

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        text = read_text(raw, "text", LONGEST)
        if isinstance(text, FormatErrors):
            return text
        if not text.strip():
            return Response({})
        return Response({"text": " ".join(text.splitlines()).strip()})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return bool(response.data)

    def score(self, variant: Variant, response: Response) -> Score:
        secret = variant.secret
        if not response.data:
            return Score(ZERO, ScoreState.UNANSWERED, feedback=secret["feedback"])
        answer = _find(secret, response.data["text"])
        fraction = Decimal(answer["fraction"]) if answer else ZERO
        state = state_of(fraction)
        feedback = feedback_for(secret, state, answer["feedback"] if answer else "")
        return Score(fraction, state, feedback=feedback)

    def correct_response(self, variant: Variant) -> Raw | None:
        for answer in variant.secret["answers"]:
            text = example_of(answer, strict=variant.secret["spaces_count"])
            response = self.parse(variant, {"text": text})
            if isinstance(response, Response) and self.score(variant, response).fraction >= ONE:
                return {"text": text}
        return None

    def summarise(self, variant: Variant, response: Response) -> str:
        return str(response.data.get("text", ""))

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        if not response.data:
            return []
        answer = _find(variant.secret, response.data["text"])
        if answer is None:
            return [ResponseClass("other", "Any other answer", ZERO)]
        number = variant.secret["answers"].index(answer) + 1
        return [ResponseClass(f"answer{number}", answer["text"], Decimal(answer["fraction"]))]

    def random_guess_score(self, content: Content) -> Decimal | None:
        return ZERO

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind == "right":
            return self.correct_response(variant) or {}
        if kind == "wrong":
            return {"text": "an answer that nobody accepts"}
        return {} if kind == "empty" else {"text": ["not a text"]}


def answer_fault(answer: Mapping[str, Any]) -> str:
    """Say what is wrong with an accepted answer, nothing where it is good."""
    if not answer["text"].strip():
        return "The answer is empty."
    if answer["match"] == "regex":
        try:
            compile_pattern(answer["text"])
        except PatternError as error:
            return str(error)
    return ""


def _find(secret: Mapping[str, Any], given: str) -> Mapping[str, Any] | None:
    case, strict = secret["case_sensitive"], secret["spaces_count"]
    return find_answer(secret["answers"], given, case=case, strict=strict)


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the text entry question."""
    return [TextEntry()]
