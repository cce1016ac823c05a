"""Scorer `weighted`: sections count by weights, whatever their points are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate, validates_schema

from examhall.plugins import AttemptScore, ItemScore, Scorer, hookimpl
from examhall.plugins.scorers.shared import (
    MAX_SECTIONS,
    ONE,
    ZERO,
    PointsScorer,
    PointsSettings,
    is_complete,
    reachable,
    refuse_doubles,
    score_sections,
    section_field,
)


def weight_field(label: str, **options: Any) -> fields.Decimal:
    """Return a weight from 0 to 1000, kept as text."""
    return fields.Decimal(
        as_string=True,
        places=6,
        validate=validate.Range(0, 1000),
        metadata={"label": label, "help": "Compared with the others: 2 counts twice as much as 1."},
        **options,
    )


class SectionWeight(Schema):
    """How much a section counts."""

    section = section_field()
    weight = weight_field("Weight", required=True)


class WeightedSettings(PointsSettings):
    """How much each section counts."""

    sections = fields.List(
        fields.Nested(SectionWeight),
        load_default=list,
        validate=validate.Length(0, MAX_SECTIONS),
        metadata={"label": "Weights"},
    )
    other_weight = weight_field("Weight of every other section", load_default=ONE)

    @validates_schema
    def _one_weight_each(self, data: Mapping[str, Any], **_: Any) -> None:
        refuse_doubles(data, "sections")


class Weighted(PointsScorer):
    """The share that each section earned, weighted; shown as share of all points of the exam.

    points = all points x sum(weight x share of the section) / sum(weights). A section without
    points has no weight.
    """

    key = "weighted"
    version = "1.0.0"
    title = "Weighted sections"
    summary = "Every section counts by its weight, however many points its questions give."

    def settings_schema(self) -> type[Schema]:
        return WeightedSettings

    def score_attempt(
        self, items: Sequence[ItemScore], settings: Mapping[str, Any]
    ) -> AttemptScore:
        weights = {entry["section"]: entry["weight"] for entry in settings.get("sections", ())}
        other = settings.get("other_weight", ONE)
        sections = [section for section in score_sections(items) if section.max_points]
        weighted = total = ZERO
        for section in sections:
            weight: Decimal = weights.get(section.section, other)
            weighted += weight * section.points / section.max_points
            total += weight
        all_points = reachable(items)
        points = all_points * weighted / total if total else ZERO
        return AttemptScore(points, all_points, is_complete(items), tuple(sections))


@hookimpl
def examhall_scorers() -> list[Scorer]:
    """Return the scorer with weights."""
    return [Weighted()]
