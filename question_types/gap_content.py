"""What an author of a text with gaps writes: gap match and inline choice."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from examhall.question_types.shared import (
    QuestionContent,
    html_field,
    identifier_field,
    list_field,
)


class GapChoice(Schema):
    """What can stand in the gaps of its group."""

    id = identifier_field("Names the choice in analyses.")
    text = html_field("Text", required=True)
    group = fields.Integer(
        load_default=1,
        validate=validate.Range(1, 50),
        metadata={"label": "Group", "help": "A gap offers the choices of its right one's group."},
    )


class DragChoice(GapChoice):
    """A word that can be dragged."""

    infinite = fields.Boolean(load_default=False, metadata={"label": "May be used again"})


HELP = "[[1]] in the question is a gap for the first of them, [[2]] for the second, and so on."


class InlineChoiceContent(QuestionContent):
    """Menus in a text: `[[n]]` in the stem is a gap whose right choice is number n."""

    choices = list_field(GapChoice, "Choices", 100, required=True, help=HELP)
    shuffle = fields.Boolean(load_default=True, metadata={"label": "Shuffle the choices"})


class GapMatchContent(QuestionContent):
    """Words to drag into a text: `[[n]]` in the stem is a gap whose right word is number n."""

    choices = list_field(DragChoice, "Words", 100, required=True, help=HELP)
    shuffle = fields.Boolean(load_default=True, metadata={"label": "Shuffle the words"})
