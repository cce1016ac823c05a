"""Scorer `certainty`: how sure candidates are counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import (
    AttemptScore,
    ItemPolicy,
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
)

NOTHING = Decimal("0.00000005")
RIGHT = (ONE, Decimal(2), Decimal(3))
WRONG = (ZERO, Decimal(2), Decimal(6))
WORDS = ("not very sure", "fairly sure", "very sure")


def factor_field(label: str, default: Decimal) -> fields.Decimal:
    """Return a factor from 0 to 100, kept as text."""
    return fields.Decimal(
        load_default=default,
        as_string=True,
        places=6,
        validate=validate.Range(0, 100),
        metadata={"label": label},
    )


class CertaintySettings(PointsSettings):
    """What answers are worth, by how sure the candidate was."""

    right_1 = factor_field(f"Right and {WORDS[0]}", RIGHT[0])
    right_2 = factor_field(f"Right and {WORDS[1]}", RIGHT[1])
    right_3 = factor_field(f"Right and {WORDS[2]}", RIGHT[2])
    wrong_1 = factor_field(f"Taken off for wrong and {WORDS[0]}", WRONG[0])
    wrong_2 = factor_field(f"Taken off for wrong and {WORDS[1]}", WRONG[1])
    wrong_3 = factor_field(f"Taken off for wrong and {WORDS[2]}", WRONG[2])
    full = fields.String(
        load_default="highest",
        validate=validate.OneOf(
            ["highest", "lowest"],
            labels=[
                "a right answer of a very sure candidate",
                "a right answer of a candidate who is not very sure; certainty earns more",
            ],
        ),
        metadata={"label": "All of a question's points are for"},
    )
    total_floor = fields.Boolean(
        load_default=False, metadata={"label": "The whole exam is never below zero"}
    )


class Certainty(PointsScorer):
    """Certainty-based marking: sureness pays for right answers and costs for wrong ones.

    The factors at first are those of Gardner-Medwin (1, 2, 3 for right answers, 0, -2, -6 for
    wrong ones), for whom it pays to be honest: certainty 2 from two thirds on, 3 from four fifths
    on. A partly right answer earns its share; no answer neither earns nor costs. Items for which
    the exam did not ask count as they are.
    """

    key = "certainty"
    version = "1.0.0"
    title = "Certainty-based marking"
    summary = "Candidates say how sure they are: right answers earn more, wrong ones cost."
    counts_certainty = True

    def settings_schema(self) -> type[Schema]:
        return CertaintySettings

    def score_item(self, base: Score, policy: ItemPolicy) -> ItemScore:
        if base.needs_manual or base.certainty is None:
            return super().score_item(base, policy)
        settings = policy.settings
        whole = _factor(settings, "right", 3 if settings.get("full") != "lowest" else 1) or ONE
        worth = ZERO
        if base.state is not ScoreState.UNANSWERED:
            worth = self._worth(base, settings, base.certainty)
        return ItemScore(worth / whole * policy.points, policy.points, policy.section)

    def _worth(self, base: Score, settings: Mapping[str, Any], certainty: int) -> Decimal:
        fraction = self.fraction_of(base, settings)
        if fraction <= NOTHING:
            return -_factor(settings, "wrong", certainty)
        return fraction * _factor(settings, "right", certainty)

    def score_attempt(
        self, items: Sequence[ItemScore], settings: Mapping[str, Any]
    ) -> AttemptScore:
        points = earned(items)
        if settings.get("total_floor"):
            points = max(points, ZERO)
        return AttemptScore(points, reachable(items), is_complete(items))


def _factor(settings: Mapping[str, Any], kind: str, certainty: int) -> Decimal:
    default = (RIGHT if kind == "right" else WRONG)[certainty - 1]
    factor: Decimal = settings.get(f"{kind}_{certainty}", default)
    return factor


@hookimpl
def examhall_scorers() -> list[Scorer]:
    """Return the scorer with certainty."""
    return [Certainty()]
