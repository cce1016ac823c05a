"""What an author of a cloze writes: a text with gaps of several kinds."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from examhall.question_types.numeric_content import DECIMAL_MARKS, NumericAnswer
from examhall.question_types.shared import (
    ONE,
    ZERO,
    QuestionContent,
    choice_field,
    decimal_field,
    fraction_field,
    html_field,
    list_field,
)
from examhall.question_types.text_content import TextAnswer

KINDS = {
    "choice": "One of several answers",
    "multiple": "Several of several answers",
    "text": "A text",
    "numeric": "A number",
}
LAYOUTS = {
    "select": "A menu in the line",
    "vertical": "One below the other",
    "horizontal": "Side by side",
}


class ClozeOption(Schema):
    """An answer to choose."""

    text = html_field("Answer", required=True)
    fraction = fraction_field(load_default=ZERO)
    feedback = html_field("Feedback when chosen", load_default="")


class ClozePart(Schema):
    """A gap: `options` are for choices, `answers` for a text, `numbers` for a number."""

    kind = choice_field("Kind", KINDS, load_default="text")
    weight = decimal_field("Weight", load_default=ONE, validate=[validate.Range(0)])
    layout = choice_field("Layout", LAYOUTS, when={"kind": ["choice", "multiple"]})
    shuffle = fields.Boolean(
        load_default=False,
        metadata={"label": "Shuffle the answers", "when": {"kind": ["choice", "multiple"]}},
    )
    options = list_field(
        ClozeOption, "Answers to choose from", 50, when={"kind": ["choice", "multiple"]}
    )
    answers = list_field(TextAnswer, "Accepted texts", 100, when={"kind": ["text"]})
    numbers = list_field(NumericAnswer, "Accepted numbers", 100, when={"kind": ["numeric"]})
    case_sensitive = fields.Boolean(
        load_default=False,
        metadata={"label": "Capital and small letters differ", "when": {"kind": ["text"]}},
    )


class ClozeContent(QuestionContent):
    """A cloze as its author wrote it: `{#1}` in the stem is the first gap, and so on."""

    parts = list_field(
        ClozePart,
        "Gaps",
        100,
        required=True,
        help="{#1} in the question is the first gap, {#2} the second, and so on.",
    )
    decimal_mark = choice_field("Decimal sign", DECIMAL_MARKS)
    spaces_count = fields.Boolean(
        load_default=False,
        metadata={
            "label": "Every space within a text counts",
            "help": "Off: runs of spaces are read as one, and ß is the same as ss.",
        },
    )
