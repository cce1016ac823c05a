"""Associate: things of one set, of which pairs belong together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from examhall.plugins import (
    Content,
    Issue,
    QuestionType,
    Variant,
    clean_html,
    hookimpl,
    media_address,
    plain_text,
)
from examhall.question_types.graded import shuffled
from examhall.question_types.pairs import (
    PairsContent,
    PairsQuestion,
    pair_issues,
    public_rows,
    secret_pairs,
)
from examhall.question_types.pictures import MOST, ChoiceText, id_issues, letter
from examhall.question_types.shared import load_content


class AssociateContent(PairsContent):
    """An associate question as its author wrote it."""

    choices = fields.List(
        fields.Nested(ChoiceText),
        required=True,
        validate=validate.Length(2, MOST),
        metadata={"label": "Things"},
    )
    shuffle = fields.Boolean(load_default=True, metadata={"label": "Shuffle the things"})


class Associate(PairsQuestion):
    """Pairs of things; a browser knows them by the order in which they are shown."""

    key = "associate"
    version = "1.0.0"
    title = "Pairs"
    summary = "Pairs that are made of the things of one set."
    schema = AssociateContent
    template = "associate.html"
    module = "links.js"

    def example(self) -> Content:
        return {
            "stem": "<p>Pair each animal with its young.</p>",
            "choices": [
                {"id": "horse", "text": "Horse"},
                {"id": "foal", "text": "Foal"},
                {"id": "cow", "text": "Cow"},
                {"id": "calf", "text": "Calf"},
                {"id": "sheep", "text": "Sheep"},
                {"id": "lamb", "text": "Lamb"},
            ],
            "pairs": [
                {"first": "horse", "second": "foal"},
                {"first": "cow", "second": "calf"},
                {"first": "sheep", "second": "lamb"},
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        issues = [
            *id_issues(question["choices"], "choices"),
            *pair_issues(question, (choice["id"] for choice in question["choices"])),
        ]
        for number, choice in enumerate(question["choices"]):
            if not plain_text(choice["text"]) and not choice["image"]:
                issues.append(Issue(f"choices.{number}.text", "Give a text or a picture."))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        choices = (
            shuffled(question["choices"], seed) if question["shuffle"] else question["choices"]
        )
        values = {choice["id"]: str(number) for number, choice in enumerate(choices, 1)}
        public = {
            "stem": clean_html(question["stem"]),
            "choices": [
                {
                    "value": value,
                    "text": clean_html(choice["text"]),
                    "words": plain_text(choice["text"]) or f"Picture {letter(int(value))}",
                    "address": media_address(choice["image"]),
                }
                for choice, value in zip(choices, values.values(), strict=True)
            ],
            "rows": public_rows(question),
        }
        return Variant(public, secret_pairs(question, values))

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        return [choice["id"] for choice in question["choices"]]


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the question with pairs."""
    return [Associate()]
