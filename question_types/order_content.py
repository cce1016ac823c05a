"""What an author of an order writes."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from examhall.question_types.numbering import NUMBERINGS
from examhall.question_types.shared import (
    QuestionContent,
    choice_field,
    html_field,
    identifier_field,
    list_field,
)

GRADINGS = {
    "absolute_position": "Each item in its place",
    "all_or_nothing": "All or nothing",
    "relative_next_exclude_last": "Each item before the right one, the last left out",
    "relative_next_include_last": "Each item before the right one, the last included",
    "relative_one_previous_and_next": "The one before and the one after each item",
    "relative_all_previous_and_next": "All before and all after each item",
    "longest_ordered_subset": "The longest run in order, with gaps",
    "longest_contiguous_subset": "The longest run in order, without gaps",
    "relative_to_correct": "How far each item is from its place",
}
LAYOUTS = {"vertical": "One below the other", "horizontal": "Side by side"}
SELECTIONS = {
    "all": "All items",
    "random": "Some items, at random",
    "contiguous": "Some items that follow each other",
}


class OrderItem(Schema):
    """One of the things to put in order."""

    id = identifier_field("Names the item in analyses.")
    text = html_field("Item", required=True)


class OrderContent(QuestionContent):
    """An order as its author wrote it: the items stand in their right order."""

    items = list_field(OrderItem, "Items in their right order", 50, required=True)
    grading = choice_field("What earns points", GRADINGS)
    layout = choice_field("Layout", LAYOUTS)
    select = choice_field("Which items are asked", SELECTIONS)
    select_count = fields.Integer(
        load_default=0,
        validate=validate.Range(0, 50),
        metadata={
            "label": "How many items",
            "help": "At least two; 0 for all.",
            "when": {"select": ["random", "contiguous"]},
        },
    )
    numbering = choice_field("Numbering", NUMBERINGS)
    shuffle = fields.Boolean(load_default=True, metadata={"label": "Shuffle the items"})
