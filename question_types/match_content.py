"""What an author of a match writes."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from examhall.question_types.shared import (
    QuestionContent,
    html_field,
    identifier_field,
    list_field,
)


class MatchAnswer(Schema):
    """An answer that stems can be matched with."""

    id = fields.String(
        required=True,
        validate=validate.Regexp(r"[A-Za-z0-9_.-]{1,60}\Z"),
        metadata={"label": "Identifier", "help": "Stems name their answer by it."},
    )
    text = html_field("Answer", required=True)


class MatchStem(Schema):
    """What an answer is sought for."""

    id = identifier_field("Names the stem in analyses.")
    text = html_field("Stem", required=True)
    answer_id = fields.String(
        required=True,
        validate=validate.Length(1, 60),
        metadata={"label": "Right answer", "help": "The identifier of an answer."},
    )


class MatchContent(QuestionContent):
    """A match as its author wrote it. Two answers of the same text are one answer."""

    stems = list_field(MatchStem, "Stems", 50, required=True)
    answers = list_field(
        MatchAnswer, "Answers", 50, required=True, help="Some may belong to no stem."
    )
    shuffle = fields.Boolean(
        load_default=True,
        metadata={"label": "Shuffle the stems", "help": "The answers are always shuffled."},
    )
