"""What an author of a number writes: accepted numbers, tolerances, units."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from examhall.question_types.shared import (
    ONE,
    SELDOM,
    ZERO,
    QuestionContent,
    check_decimal,
    choice_field,
    decimal_field,
    fraction_field,
    html_field,
    list_field,
)

ANY = "*"
"""An accepted "number" that any number fits."""

TOLERANCES = {
    "absolute": "In the number's own unit",
    "relative": "As share of the number",
    "geometric": "As factor above and below",
    "decimals": "Decimals that must agree",
    "significant": "Significant figures that must agree",
}
UNIT_MODES = {
    "optional": "A unit may be given",
    "none": "Without units",
    "graded_of_response": "A wrong unit takes off a share of what the number earns",
    "graded_of_max": "A wrong unit takes off a share of the points",
}
UNIT_POSITIONS = {"after": "Behind the number", "before": "Before the number"}
UNIT_ENTRIES = {
    "text": "Written with the number",
    "choice": "Chosen from a list, all in sight",
    "select": "Chosen from a menu",
}
DECIMAL_MARKS = {"auto": "Point or comma", ".": "Point", ",": "Comma"}
UNIT_FIELDS = (
    "units",
    "unit_mode",
    "unit_penalty",
    "unit_position",
    "unit_entry",
    "decimal_mark",
    "thousands_mark",
    "ignore_trailing_text",
)
THOUSANDS_MARKS = {"": "None", ",": "Comma", ".": "Point", " ": "Space", "'": "Apostrophe"}


def check_number(text: str) -> None:
    """Refuse what is neither a number of ordinary size nor `*`."""
    if text == ANY:
        return
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValidationError("Give a number, or * for any number.") from None
    # Decimal reads 1_000 and digits of other scripts, which no file of questions can hold.
    if not number.is_finite() or not text.isascii() or "_" in text:
        raise ValidationError("Give a number, or * for any number.")
    check_decimal(number)


class NumericAnswer(Schema):
    """A number that is accepted; `*` fits any number."""

    value = fields.String(
        required=True,
        validate=[validate.Length(1, 80), check_number],
        metadata={"label": "Number", "help": "* stands for any number."},
    )
    tolerance = decimal_field(
        "Tolerance",
        load_default=ZERO,
        validate=[validate.Range(0)],
        help="How far an answer may be off, both ends included.",
    )
    tolerance_kind = choice_field("Tolerance is", TOLERANCES)
    fraction = fraction_field(load_default=ONE)
    feedback = html_field("Feedback", load_default="")


class Unit(Schema):
    """A unit that may stand at the number."""

    name = fields.String(
        required=True,
        validate=[validate.Length(1, 60), validate.Regexp(r"\S(?:.*\S)?\Z")],
        metadata={"label": "Unit"},
    )
    factor = decimal_field(
        "How many make one of the first",
        load_default=ONE,
        validate=[validate.Range(0, min_inclusive=False)],
        help="100 for cm where m comes first.",
    )


class UnitContent(QuestionContent):
    """How numbers and units are written and judged."""

    units = list_field(Unit, "Units", 50, help="The numbers of the answers are in the first one.")
    unit_mode = choice_field(
        "Units",
        UNIT_MODES,
        help="A known unit converts the number. A right number with a wrong unit counts, less "
        "what is taken off.",
    )
    unit_penalty = decimal_field(
        "Taken off for a missing or wrong unit",
        load_default=Decimal("0.1"),
        validate=[validate.Range(0, 1)],
    )
    unit_position = choice_field("A unit stands", UNIT_POSITIONS)
    unit_entry = choice_field("A unit is", UNIT_ENTRIES)
    decimal_mark = choice_field("Decimal sign", DECIMAL_MARKS)
    thousands_mark = choice_field(
        "Sign between thousands",
        THOUSANDS_MARKS,
        help="It is passed over. With point or comma as decimal sign, both are tried.",
        when={"decimal_mark": [".", ","]},
    )
    ignore_trailing_text = fields.Boolean(
        load_default=False,
        metadata={
            "label": "Pass over text behind the number",
            "help": "Where there are no units: as Moodle reads 3 apples as 3.",
        },
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        ranks = {**dict.fromkeys(UNIT_FIELDS, 1), **dict.fromkeys(SELDOM, 2)}
        self.fields = dict(sorted(self.fields.items(), key=lambda field: ranks.get(field[0], 0)))


class NumericContent(UnitContent):
    """A numeric question as its author wrote it."""

    answers = list_field(
        NumericAnswer, "Answers", 100, required=True, help="The first one that fits counts."
    )
