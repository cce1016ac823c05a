"""Scorer `negative`: wrong answers cost points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from examhall.plugins import (
    AttemptScore,
    ItemScore,
    Score,
    Scorer,
    ScoreState,
    hookimpl,
)
from examhall.plugins.scorers.shared import (
    ONE,
    ZERO,
    PointsScorer,
    PointsSettings,
    earned,
    is_complete,
    reachable,
    share_field,
)

QUARTER = Decimal("0.25")
WITHOUT_ANSWER = frozenset({ScoreState.UNANSWERED, ScoreState.INVALID})


class NegativeSettings(PointsSettings):
    """What wrong answers cost, and how far down they lead."""

    wrong_costs = share_field(
        "A wrong answer costs",
        load_default=QUARTER,
        help="As share of the question's points: 0.25 takes off a quarter of them.",
    )
    own_fractions = fields.Boolean(
        load_default=False,
        metadata={
            "label": "Questions decide by themselves where they can",
            "help": "An answer for which its question has a share below zero costs that share.",
        },
    )
    most_lost = share_field(
        "The most that a question can cost",
        load_default=ONE,
        help="As share of its points.",
    )
    total_floor = fields.Boolean(
        load_default=True, metadata={"label": "The whole exam is never below zero"}
    )


class Negative(PointsScorer):
    """Adds up points; a wrong answer takes some off, no answer nothing.

    A partly right answer earns its share (nothing, without partial credit) and costs nothing.
    """

    key = "negative"
    version = "1.0.0"
    title = "Negative marking"
    summary = "Wrong answers cost a share of their points, down to a floor."

    def settings_schema(self) -> type[Schema]:
        return NegativeSettings

    def fraction_of(self, base: Score, settings: Mapping[str, Any]) -> Decimal:
        if base.state in WITHOUT_ANSWER:
            return ZERO
        if base.fraction > ZERO:
            return super().fraction_of(base, settings)
        cost: Decimal = settings.get("wrong_costs", QUARTER)
        if settings.get("own_fractions") and base.fraction < ZERO:
            cost = -base.fraction
        most: Decimal = settings.get("most_lost", ONE)
        return -min(cost, most)

    def score_attempt(
        self, items: Sequence[ItemScore], settings: Mapping[str, Any]
    ) -> AttemptScore:
        points = earned(items)
        if settings.get("total_floor", True):
            points = max(points, ZERO)
        return AttemptScore(points, reachable(items), is_complete(items))


@hookimpl
def examhall_scorers() -> list[Scorer]:
    """Return the scorer with negative marks."""
    return [Negative()]
