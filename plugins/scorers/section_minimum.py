"""Scorer `section_minimum`: to pass, every section needs some points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate, validates_schema

from examhall.plugins import AttemptScore, ItemScore, Scorer, hookimpl
from examhall.plugins.scorers.shared import (
    MAX_SECTIONS,
    ZERO,
    PointsScorer,
    PointsSettings,
    earned,
    is_complete,
    reachable,
    reaches,
    refuse_doubles,
    score_sections,
    section_field,
    share_field,
)


class SectionMinimum(Schema):
    """What a section needs."""

    section = section_field()
    minimum = share_field("Share of its points that it needs", required=True)


class MinimumSettings(PointsSettings):
    """What every section needs, besides the pass mark of the whole."""

    minimum = share_field(
        "Share of the points that every section needs",
        load_default=ZERO,
        help="0.4 for 40 %.",
    )
    sections = fields.List(
        fields.Nested(SectionMinimum),
        load_default=list,
        validate=validate.Length(0, MAX_SECTIONS),
        metadata={"label": "Other shares for some sections"},
    )

    @validates_schema
    def _one_minimum_each(self, data: Mapping[str, Any], **_: Any) -> None:
        refuse_doubles(data, "sections")


class SectionMinimumScorer(PointsScorer):
    """Adds up points; who misses a section's minimum fails, however many points there are.

    A section without points needs none. Without a pass mark the minima alone decide.
    """

    key = "section_minimum"
    version = "1.0.0"
    title = "A minimum in every section"
    summary = "Adds up points; to pass, every section must reach its share."

    def settings_schema(self) -> type[Schema]:
        return MinimumSettings

    def score_attempt(
        self, items: Sequence[ItemScore], settings: Mapping[str, Any]
    ) -> AttemptScore:
        sections = score_sections(items)
        return AttemptScore(earned(items), reachable(items), is_complete(items), sections)

    def passes(self, score: AttemptScore, settings: Mapping[str, Any]) -> bool | None:
        minima = {entry["section"]: entry["minimum"] for entry in settings.get("sections", ())}
        general = settings.get("minimum", ZERO)
        reached = all(
            reaches(section.fraction, minima.get(section.section, general))
            for section in score.sections
            if section.max_points
        )
        return reached and super().passes(score, settings) is not False


@hookimpl
def examhall_scorers() -> list[Scorer]:
    """Return the scorer with minima."""
    return [SectionMinimumScorer()]
