"""Scorer `best_n`: of each section the best answers count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate, validates_schema

from examhall.plugins import AttemptScore, ItemScore, Scorer, hookimpl
from examhall.plugins.scorers.shared import (
    MAX_SECTIONS,
    ZERO,
    PointsScorer,
    PointsSettings,
    group_by_section,
    is_complete,
    refuse_doubles,
    section_field,
)


class SectionCount(Schema):
    """How many answers of a section count."""

    section = section_field()
    count = fields.Integer(
        required=True,
        validate=validate.Range(0, 1000),
        metadata={"label": "Answers that count"},
    )


class BestSettings(PointsSettings):
    """How many answers count."""

    count = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 1000),
        metadata={
            "label": "Answers that count in each section",
            "help": "Empty: all of them.",
        },
    )
    sections = fields.List(
        fields.Nested(SectionCount),
        load_default=list,
        validate=validate.Length(0, MAX_SECTIONS),
        metadata={"label": "Other numbers for some sections"},
    )

    @validates_schema
    def _one_count_each(self, data: Mapping[str, Any], **_: Any) -> None:
        refuse_doubles(data, "sections")


class BestN(PointsScorer):
    """Counts the best answers of each section; what can be reached are its largest questions.

    While an answer waits for a marker the best of the others count.
    """

    key = "best_n"
    version = "1.0.0"
    title = "The best answers of each section"
    summary = "Of each section only the best answers count: five out of eight."

    def settings_schema(self) -> type[Schema]:
        return BestSettings

    def score_attempt(
        self, items: Sequence[ItemScore], settings: Mapping[str, Any]
    ) -> AttemptScore:
        points = max_points = ZERO
        for inside, count in _counted(items, settings):
            ranked = sorted((item.points or ZERO for item in inside), reverse=True)
            largest = sorted((item.max_points for item in inside), reverse=True)
            points += sum(ranked[:count], ZERO)
            max_points += sum(largest[:count], ZERO)
        return AttemptScore(points, max_points, is_complete(items))


def _counted(
    items: Sequence[ItemScore], settings: Mapping[str, Any]
) -> Iterator[tuple[Sequence[ItemScore], int]]:
    """Yield the items of each section, and how many of them count."""
    counts = {entry["section"]: entry["count"] for entry in settings.get("sections", ())}
    for section, inside in group_by_section(items).items():
        count = counts.get(section, settings.get("count"))
        yield inside, len(inside) if count is None else count


@hookimpl
def examhall_scorers() -> list[Scorer]:
    """Return the scorer of the best answers."""
    return [BestN()]
