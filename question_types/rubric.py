"""Rubrics: criteria with levels, for question types that people mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import Criterion, Issue, Level
from examhall.question_types.shared import decimal_field, list_field

MOST_CRITERIA = 30
MOST_LEVELS = 12


class LevelContent(Schema):
    """How well a criterion can be met."""

    text = fields.String(
        required=True, validate=validate.Length(1, 500), metadata={"label": "Level"}
    )
    points = decimal_field("Points", required=True, validate=[validate.Range(0, 1000)])


class CriterionContent(Schema):
    """Something that a marker judges by itself."""

    title = fields.String(
        required=True, validate=validate.Length(1, 300), metadata={"label": "Criterion"}
    )
    levels = list_field(LevelContent, "Levels", MOST_LEVELS, required=True)


def criteria_field() -> fields.List[Any]:
    """Return the list of criteria; markers choose one level of each."""
    return list_field(
        CriterionContent,
        "Criteria for markers",
        MOST_CRITERIA,
        help="A marker chooses a level of each. The best levels together earn all points.",
    )


def check_criteria(criteria: Sequence[Mapping[str, Any]]) -> list[Issue]:
    """Say which criteria nobody can earn anything with."""
    return [
        Issue(f"criteria.{number}.levels", "No level of this criterion gives points.")
        for number, criterion in enumerate(criteria)
        if not any(level["points"] for level in criterion["levels"])
    ]


def keep_criteria(criteria: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return loaded criteria as the secret part of a variant keeps them."""
    return [
        {
            "title": criterion["title"],
            "levels": [
                {"text": level["text"], "points": str(level["points"])}
                for level in criterion["levels"]
            ],
        }
        for criterion in criteria
    ]


def read_criteria(kept: Sequence[Mapping[str, Any]]) -> tuple[Criterion, ...]:
    """Return criteria for markers; their keys are their places, from 1."""
    return tuple(
        Criterion(
            key=str(place),
            title=criterion["title"],
            levels=tuple(
                Level(str(number), level["text"], Decimal(level["points"]))
                for number, level in enumerate(criterion["levels"], 1)
            ),
        )
        for place, criterion in enumerate(kept, 1)
    )
