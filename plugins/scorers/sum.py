"""Scorer `sum`: points are added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from examhall.plugins import (
    AttemptScore,
    Grade,
    ItemPolicy,
    ItemScore,
    Score,
    Scorer,
    hookimpl,
)

ZERO, ONE = Decimal(0), Decimal(1)
FULL = Decimal("0.999999")
"""A fraction from here on is a right answer: thirds are written with few digits."""


class GradeStep(Schema):
    """A grade and the share of the points from which on it is given."""

    label = fields.String(
        required=True, validate=validate.Length(1, 100), metadata={"label": "Grade"}
    )
    from_fraction = fields.Decimal(
        required=True,
        as_string=True,
        validate=validate.Range(0, 1),
        metadata={"label": "From this share of the points", "help": "0.5 for 50 %"},
    )


class SumSettings(Schema):
    """How an exam counts."""

    partial_credit = fields.Boolean(
        load_default=True,
        metadata={"label": "Partial credit", "help": "Without it only right answers count."},
    )
    pass_fraction = fields.Decimal(
        load_default=None,
        allow_none=True,
        as_string=True,
        validate=validate.Range(0, 1),
        metadata={"label": "Share of the points to pass", "help": "Empty for no pass mark."},
    )
    grades = fields.List(
        fields.Nested(GradeStep),
        load_default=list,
        validate=validate.Length(0, 50),
        metadata={"label": "Grades", "help": "The best that is reached is given."},
    )

    @validates_schema
    def _one_grade_each(self, data: Mapping[str, Any], **_: Any) -> None:
        steps = [step["from_fraction"] for step in data.get("grades", ())]
        if len(set(steps)) < len(steps):
            raise ValidationError("Two grades begin at the same share.", "grades")


class Sum(Scorer):
    """Adds up what the items earn; an item earns nothing below zero.

    Without partial credit an item earns all of its points or none. A grade is the label of the
    highest step that the share of the points reaches; without steps it is `Passed` or `Failed`
    where there is a pass mark, and empty where there is none.
    """

    key = "sum"
    version = "1.0.0"
    title = "Sum of points"
    summary = "Adds up points, with or without partial credit, with a pass mark and grades."

    def settings_schema(self) -> type[Schema]:
        return SumSettings

    def score_item(self, base: Score, policy: ItemPolicy) -> ItemScore:
        if base.needs_manual:
            return ItemScore(None, policy.points, policy.section)
        fraction = min(max(base.fraction, ZERO), ONE)
        if not policy.settings.get("partial_credit", True):
            fraction = ONE if fraction >= FULL else ZERO
        return ItemScore(fraction * policy.points, policy.points, policy.section)

    def score_attempt(
        self, items: Sequence[ItemScore], settings: Mapping[str, Any]
    ) -> AttemptScore:
        points = sum((item.points for item in items if item.points is not None), ZERO)
        complete = all(item.points is not None for item in items)
        return AttemptScore(points, sum((item.max_points for item in items), ZERO), complete)

    def grade(self, score: AttemptScore, settings: Mapping[str, Any]) -> Grade:
        pass_fraction = settings.get("pass_fraction")
        passed = None if pass_fraction is None else score.fraction >= pass_fraction
        reached = [
            (step["from_fraction"], step["label"])
            for step in settings.get("grades", ())
            if score.fraction >= step["from_fraction"]
        ]
        if reached:
            return Grade(max(reached)[1], passed)
        return Grade({None: "", True: "Passed", False: "Failed"}[passed], passed)


@hookimpl
def examhall_scorers() -> list[Scorer]:
    """Return the scorer that adds up."""
    return [Sum()]
