"""Partial credit of questions with several parts: places, zones, pairs, cells."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from examhall.question_types.shared import ONE, ZERO, QuestionContent, decimal_field

EACH_PART = {"grading": "share", "wrong_share": "0"}
"""The rules of a question whose right parts each earn their share."""


class CreditContent(QuestionContent):
    """How a question with several parts is scored.

    With `share` each right part earns its share of the points and each wrong one takes off
    `wrong_share` of a right one's; the whole is never below nothing.
    """

    grading = fields.String(
        load_default="share",
        validate=validate.OneOf(
            ["share", "all_or_nothing"], labels=["Each right part counts", "All or nothing"]
        ),
        metadata={"label": "Partial credit"},
    )
    wrong_share = decimal_field(
        "A wrong one takes off",
        load_default=ZERO,
        validate=[validate.Range(0, 1)],
        help="As a share of what a right one earns: 0 for nothing, 1 for as much.",
    )


def rules_of(question: Mapping[str, Any]) -> dict[str, str]:
    """Return what scoring needs of the rules, for a variant's secret."""
    return {"grading": question["grading"], "wrong_share": str(question["wrong_share"])}


def credit(rules: Mapping[str, Any], right: int, wrong: int, parts: int) -> Decimal:
    """Return the fraction for so many right and wrong answers where `parts` could be right."""
    if right == parts and not wrong:
        return ONE
    if rules["grading"] == "all_or_nothing" or not parts:
        return ZERO
    earned = (right - wrong * Decimal(rules["wrong_share"])) / parts
    return min(max(earned, ZERO), ONE)
