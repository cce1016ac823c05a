"""What an author of a text entry writes."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from examhall.question_types.shared import (
    ONE,
    QuestionContent,
    choice_field,
    fraction_field,
    html_field,
    list_field,
)

LONGEST = 1000
MATCHES = {
    "wildcard": "* stands for any text",
    "exact": "To the letter",
    "regex": "A regular expression",
}


class TextAnswer(Schema):
    """An answer that is accepted."""

    text = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST),
        metadata={"label": "Answer", "help": "With wildcards, \\* is a star itself."},
    )
    fraction = fraction_field(load_default=ONE)
    match = choice_field("Reading", MATCHES)
    feedback = html_field("Feedback", load_default="")


class TextEntryContent(QuestionContent):
    """A text entry question as its author wrote it."""

    answers = list_field(
        TextAnswer, "Answers", 100, required=True, help="The first one that fits counts."
    )
    case_sensitive = fields.Boolean(
        load_default=False, metadata={"label": "Capital and small letters differ"}
    )
    spaces_count = fields.Boolean(
        load_default=False,
        metadata={
            "label": "Every space within the answer counts",
            "help": "Off: runs of spaces are read as one, and ß is the same as ss.",
        },
    )
