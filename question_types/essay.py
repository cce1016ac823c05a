"""Essay: a free text that a person marks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import (
    Content,
    Criterion,
    FormatErrors,
    Fragment,
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
from examhall.question_types.rubric import (
    check_criteria,
    criteria_field,
    keep_criteria,
    read_criteria,
)
from examhall.question_types.shared import (
    ZERO,
    QuestionContent,
    html_field,
    load_content,
    read_text,
    shown_text,
    templates,
)
from examhall.question_types.verdict import Verdict

LONGEST = 80_000
"""Characters; in UTF-8 they stay below what a response may have in bytes."""
_LETTER = re.compile(r"\w")
_DASHES = str.maketrans("\u2013\u2014", "  ")
_LINE_END = re.compile(r"\r\n?|\n")


class EssayContent(QuestionContent):
    """An essay question as its author wrote it."""

    min_words = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 20_000),
        metadata={"label": "Fewest words"},
    )
    max_words = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 20_000),
        metadata={"label": "Most words"},
    )
    lines = fields.Integer(
        load_default=12, validate=validate.Range(2, 60), metadata={"label": "Height in lines"}
    )
    template = fields.String(
        load_default="",
        validate=validate.Length(0, 20_000),
        metadata={
            "label": "Text to start from",
            "widget": "multiline",
            "help": "Candidates can copy it into their answer; as it is, it is none.",
        },
    )
    monospaced = fields.Boolean(
        load_default=False, metadata={"label": "Letters of one width, as for programs"}
    )
    rubric = html_field("Rubric", load_default="", help="For markers only.")
    criteria = criteria_field()


class Essay(QuestionType):
    """A free text. A person marks it; a text outside the word limits is told so, never cut off."""

    key = "essay"
    version = "1.0.0"
    title = "Essay"
    summary = "A free text with word limits and a rubric, marked by a person."
    needs_marker = True

    def content_schema(self) -> type[Schema]:
        return EssayContent

    def example(self) -> Content:
        return {
            "stem": "<p>Why does ice float on water?</p>",
            "min_words": 5,
            "max_words": 200,
            "rubric": "<p>Density 2, hydrogen bonds 2, clear language 1.</p>",
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(EssayContent, content)
        fewest, most = question["min_words"], question["max_words"]
        if fewest is not None and most is not None and fewest > most:
            return [Issue("max_words", "There are more words asked for than allowed.")]
        return check_criteria(question["criteria"])

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(EssayContent, content)
        public = {
            "stem": clean_html(question["stem"]),
            "min_words": question["min_words"],
            "max_words": question["max_words"],
            "lines": question["lines"],
            "start": _LINE_END.sub("\n", question["template"]).strip("\n"),
            "monospaced": question["monospaced"],
        }
        secret = {
            "rubric": question["rubric"],
            "feedback": question["feedback"],
            "criteria": keep_criteria(question["criteria"]),
        }
        return Variant(public, secret)

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        text = shown_text(raw, "text")
        keyed = view in {View.GRADE, View.AUTHOR}
        html = templates.render(
            "essay.html",
            name=name or "text",
            stem=variant.public["stem"],
            locked=view not in {View.ANSWER, View.PRINT},
            text=text,
            paragraphs=[line for line in _LINE_END.split(text) if line.strip()],
            words=count_words(text),
            lines=variant.public["lines"],
            start=variant.public["start"],
            monospaced=variant.public["monospaced"],
            longest=LONGEST,
            limits=_limits(variant.public),
            rubric=variant.secret["rubric"] if keyed else "",
            result=_verdict(self, variant, raw) if view in {View.REVIEW, View.GRADE} else None,
        )
        module = "essay.js" if variant.public["start"] and view is View.ANSWER else None
        return Fragment(html, module, ("words.css",))

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        text = read_text(raw, "text", LONGEST)
        if isinstance(text, FormatErrors):
            return text
        text = _LINE_END.sub("\n", text)
        is_answer = text.strip() not in ("", variant.public["start"].strip())
        return Response({"text": text} if is_answer else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return bool(response.data) and not _length_fault(variant.public, response.data["text"])

    def score(self, variant: Variant, response: Response) -> Score:
        feedback = variant.secret["feedback"]
        if not response.data:
            return Score(ZERO, ScoreState.UNANSWERED, feedback=feedback)
        feedback = _length_fault(variant.public, response.data["text"]) + feedback
        return Score(ZERO, ScoreState.NEEDS_MANUAL, feedback=feedback, needs_manual=True)

    def criteria(self, variant: Variant) -> Sequence[Criterion]:
        return read_criteria(variant.secret.get("criteria", ()))

    def correct_response(self, variant: Variant) -> Raw | None:
        return None

    def summarise(self, variant: Variant, response: Response) -> str:
        words = " ".join(str(response.data.get("text", "")).split())
        return words if len(words) <= 200 else f"{words[:199]}…"

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind in {"right", "wrong"}:
            return {"text": " ".join([kind] * (variant.public["min_words"] or 3))}
        return {} if kind == "empty" else {"text": 5}


def count_words(text: str) -> int:
    """Count what stands between white space or dashes (not hyphens) and has a letter or digit."""
    return sum(1 for word in text.translate(_DASHES).split() if _LETTER.search(word))


def _limits(public: Mapping[str, Any]) -> str:
    fewest, most = public["min_words"], public["max_words"]
    if fewest and most:
        return f"Write {fewest} to {most} words."
    if fewest:
        return f"Write at least {fewest} words."
    return f"Write at most {most} words." if most else ""


def _length_fault(public: Mapping[str, Any], text: str) -> str:
    words = count_words(text)
    if words < (public["min_words"] or 0) or words > (public["max_words"] or words):
        return f"<p>{_limits(public)} The answer has {words}.</p>"
    return ""


def _verdict(essay: Essay, variant: Variant, raw: Raw | None) -> Verdict | None:
    """Say what the text itself tells; how it was marked stands beside it on the page."""
    verdict = Verdict.of(essay, variant, raw)
    return verdict if verdict.feedback or not verdict.tone else None


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the essay question."""
    return [Essay()]
