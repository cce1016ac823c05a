"""Text entry: a word or a line, compared with the answers that the author accepts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
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
from examhall.question_types.shared import (
    ONE,
    ZERO,
    QuestionContent,
    fraction_field,
    html_field,
    percent,
    read_text,
    shown_text,
    state_of,
    templates,
)
from examhall.question_types.verdict import Verdict

LONGEST = 1000


class TextAnswer(Schema):
    """An answer that is accepted."""

    text = fields.String(
        required=True, validate=validate.Length(1, LONGEST), metadata={"label": "Answer"}
    )
    fraction = fraction_field(load_default=ONE)
    feedback = html_field("Feedback", load_default="")


class TextEntryContent(QuestionContent):
    """A text entry question as its author wrote it."""

    answers = fields.List(
        fields.Nested(TextAnswer),
        required=True,
        validate=validate.Length(1, 100),
        metadata={"label": "Answers", "help": "The first one that fits counts."},
    )
    case_sensitive = fields.Boolean(
        load_default=False, metadata={"label": "Capital and small letters differ"}
    )
    wildcards = fields.Boolean(
        load_default=True,
        metadata={
            "label": "* stands for any text",
            "help": "Write \\* for a star itself.",
        },
    )


class TextEntry(QuestionType):
    """A line of text. The first accepted answer that fits gives the score.

    Compared are texts in Unicode's composed form (NFC) with white space trimmed and runs of it
    made one space; small and capital letters are the same unless the author says otherwise.
    """

    key = "text_entry"
    version = "1.0.0"
    title = "Text entry"
    summary = "A word or a line, with accepted answers and the wildcard *."

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
        question = TextEntryContent().load(content)
        issues = []
        if not any(answer["fraction"] >= ONE for answer in question["answers"]):
            issues.append(Issue("answers", "No answer earns full marks."))
        for number, answer in enumerate(question["answers"]):
            if not _tidy(answer["text"]):
                issues.append(Issue(f"answers.{number}.text", "The answer is empty."))
        if not issues and self.correct_response(self.prepare(content, 0, "en")) is None:
            message = "The answer for full marks is never reached: one above it fits first."
            issues.append(Issue("answers", message))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = TextEntryContent().load(content)
        secret = {
            "answers": [
                {**answer, "fraction": str(answer["fraction"])} for answer in question["answers"]
            ],
            "case_sensitive": question["case_sensitive"],
            "wildcards": question["wildcards"],
            "feedback": question["feedback"],
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
            head=("Answer", "Share"),
            rows=[
                (answer["text"], percent(Decimal(answer["fraction"])))
                for answer in (variant.secret["answers"] if keyed else ())
            ],
        )
        return Fragment(html)

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        text = read_text(raw, "text", LONGEST)
        if isinstance(text, FormatErrors):
            return text
        tidy = _tidy(text)
        return Response({"text": tidy} if tidy else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return bool(response.data)

    def score(self, variant: Variant, response: Response) -> Score:
        if not response.data:
            return Score(ZERO, ScoreState.UNANSWERED, feedback=variant.secret["feedback"])
        answer = _find_answer(variant.secret, response.data["text"])
        if answer is None:
            return Score(ZERO, ScoreState.WRONG, feedback=variant.secret["feedback"])
        fraction = Decimal(answer["fraction"])
        feedback = answer["feedback"] + variant.secret["feedback"]
        return Score(fraction, state_of(fraction), feedback=feedback)

    def correct_response(self, variant: Variant) -> Raw | None:
        for answer in variant.secret["answers"]:
            text = _example_of(answer["text"], wildcards=variant.secret["wildcards"])
            response = self.parse(variant, {"text": text})
            if isinstance(response, Response) and self.score(variant, response).fraction >= ONE:
                return {"text": text}
        return None

    def summarise(self, variant: Variant, response: Response) -> str:
        return str(response.data.get("text", ""))

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        if not response.data:
            return []
        answer = _find_answer(variant.secret, response.data["text"])
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


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _fold(text: str, *, case_sensitive: bool) -> str:
    text = _tidy(text)
    return text if case_sensitive else unicodedata.normalize("NFC", text.casefold())


def _find_answer(secret: Mapping[str, Any], given: str) -> Mapping[str, Any] | None:
    case = secret["case_sensitive"]
    folded = _fold(given, case_sensitive=case)
    for answer in secret["answers"]:
        pieces = _split(answer["text"], wildcards=secret["wildcards"])
        if _fits([_fold_piece(p, case_sensitive=case) for p in pieces], folded):
            found: Mapping[str, Any] = answer
            return found
    return None


def _split(pattern: str, *, wildcards: bool) -> list[str]:
    """Return the texts between the stars of an accepted answer."""
    pattern = _tidy(pattern)
    if not wildcards:
        return [pattern]
    return [piece.replace("\\*", "*") for piece in re.split(r"(?<!\\)\*", pattern)]


def _fold_piece(piece: str, *, case_sensitive: bool) -> str:
    return piece if case_sensitive else unicodedata.normalize("NFC", piece.casefold())


def _fits(pieces: Sequence[str], text: str) -> bool:
    """Match text against pieces with anything between them, in time linear in the text."""
    if len(pieces) == 1:
        return text == pieces[0]
    first, *middle, last = pieces
    if not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return position <= end


def _example_of(pattern: str, *, wildcards: bool) -> str:
    """Return a text that fits an accepted answer."""
    pieces = _split(pattern, wildcards=wildcards)
    text = "".join(pieces)
    return text if text.strip() else "anything"


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the text entry question."""
    return [TextEntry()]
