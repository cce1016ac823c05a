"""What an author of a calculated question writes: formulas and the numbers for them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from examhall.question_types.numbering import NUMBERINGS
from examhall.question_types.numeric_content import TOLERANCES, UnitContent
from examhall.question_types.shared import (
    ONE,
    choice_field,
    decimal_field,
    fraction_field,
    html_field,
    list_field,
)

NAME = r"""[^\W\d_][^{}<>\s"']{0,60}"""
KINDS = {
    "numeric": "A number, with wildcards that questions share",
    "simple": "A number",
    "choice": "One of several answers",
    "multiple": "Several of several answers",
}
DIGITS = {"decimals": "Decimals", "significant": "Significant figures"}
DISTRIBUTIONS = {"uniform": "All alike", "loguniform": "Small ones more often"}


class CalculatedAnswer(Schema):
    """A formula whose value is accepted; for choices a text with `{name}` and `{=formula}`."""

    formula = fields.String(
        required=True,
        validate=validate.Length(1, 5000),
        metadata={
            "label": "Formula",
            "help": "{a} * sin({b}). For choices, a text with {a} and {=2 * {a}}.",
        },
    )
    fraction = fraction_field(load_default=ONE)
    tolerance = decimal_field("Tolerance", load_default=ONE / 100, validate=[validate.Range(0)])
    tolerance_kind = choice_field(
        "Tolerance is", {key: TOLERANCES[key] for key in ("relative", "absolute", "geometric")}
    )
    correct_digits = fields.Integer(
        load_default=2,
        validate=validate.Range(0, 30),
        metadata={"label": "Digits of the right answer", "help": "As it is shown."},
    )
    digits_kind = choice_field("These are", DIGITS)
    feedback = html_field("Feedback", load_default="")


class Wildcard(Schema):
    """A name in formulas, and the numbers that it can stand for."""

    name = fields.String(
        required=True, validate=validate.Regexp(rf"{NAME}\Z"), metadata={"label": "Name"}
    )
    minimum = decimal_field("From", load_default=ONE)
    maximum = decimal_field("To", load_default=ONE * 10)
    decimals = fields.Integer(
        load_default=1, validate=validate.Range(0, 20), metadata={"label": "Decimals"}
    )
    distribution = choice_field("Which are", DISTRIBUTIONS)
    values = fields.List(
        decimal_field("Number"),
        load_default=list,
        validate=validate.Length(0, 1000),
        metadata={
            "label": "Fixed numbers",
            "help": "Instead of the range: the first ones of all names belong together, and so on.",
        },
    )


class CalculatedContent(UnitContent):
    """A calculated question as its author wrote it; units as in a numeric question."""

    kind = choice_field("Kind", KINDS, load_default="simple")
    answers = list_field(
        CalculatedAnswer, "Answers", 50, required=True, help="The first one that fits counts."
    )
    wildcards = list_field(Wildcard, "Wildcards", 50)
    shuffle = fields.Boolean(
        load_default=True,
        metadata={"label": "Shuffle the answers", "when": {"kind": ["choice", "multiple"]}},
    )
    numbering = choice_field(
        "Numbering",
        NUMBERINGS,
        load_default="ABCD",
        when={"kind": ["choice", "multiple"]},
    )
