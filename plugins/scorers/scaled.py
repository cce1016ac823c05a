"""Scorer `scaled`: the points on a scale of their own, with a cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from examhall.plugins import AttemptScore, Grade, Scorer, hookimpl
from examhall.plugins.scorers.shared import (
    ONE,
    ZERO,
    PointsScorer,
    PointsSettings,
    grade_by_share,
    reaches,
    share_field,
)

HALF = Decimal("0.5")


def score_field(label: str, **options: Any) -> fields.Decimal:
    """Return a number on the scale, kept as text."""
    return fields.Decimal(
        as_string=True,
        places=4,
        validate=validate.Range(-1_000_000, 1_000_000),
        metadata={"label": label, "help": options.pop("help", "")},
        **options,
    )


class ScaleStep(Schema):
    """A share of the points and what it is on the scale."""

    fraction = share_field("Share of the points", required=True)
    score = score_field("On the scale", required=True)


class ScaledSettings(PointsSettings):
    """The scale: straight lines from its lowest number over the cut to its highest."""

    lowest = score_field("Lowest number", load_default=Decimal(200))
    highest = score_field("Highest number", load_default=Decimal(800))
    cut_fraction = share_field(
        "Share of the points at the cut", load_default=HALF, help="From here on one passes."
    )
    cut_score = score_field(
        "The cut on the scale",
        load_default=None,
        allow_none=True,
        help="Empty: the scale is one straight line.",
    )
    steps = fields.List(
        fields.Nested(ScaleStep),
        load_default=list,
        validate=validate.Length(0, 100),
        metadata={"label": "Further points of the scale", "help": "Lines are drawn between them."},
    )
    rounding = fields.Decimal(
        load_default=ONE,
        as_string=True,
        validate=validate.OneOf(
            [Decimal(text) for text in ("0.01", "0.1", "1", "5", "10")],
            labels=["Hundredths", "Tenths", "Whole numbers", "Steps of five", "Steps of ten"],
        ),
        metadata={"label": "Rounded to"},
    )

    @validates_schema
    def _is_a_scale(self, data: Mapping[str, Any], **_: Any) -> None:
        knots = scale_of(data)
        if len({fraction for fraction, _ in knots}) < len(knots):
            raise ValidationError("The scale has two numbers for one share.", "steps")
        if any(upper < lower for (_, lower), (_, upper) in pairwise(knots)):
            raise ValidationError("More points must not be less on the scale.", "steps")


class Scaled(PointsScorer):
    """Adds up points; the grade is their share on the scale. Who reaches the cut passes.

    Between two points of the scale numbers lie on a straight line. A pass mark of its own, where
    one is set, takes the place of the cut; grades are given beside the number.
    """

    key = "scaled"
    version = "1.0.0"
    title = "Scaled score with a cut"
    summary = "Puts the points on a scale such as 200 to 800, with a cut to pass."

    def settings_schema(self) -> type[Schema]:
        return ScaledSettings

    def grade(self, score: AttemptScore, settings: Mapping[str, Any]) -> Grade:
        scaled = find_on_scale(scale_of(settings), score.fraction)
        step = settings.get("rounding", ONE)
        number = (scaled / step).quantize(ONE, ROUND_HALF_UP) * step
        text = f"{number.quantize(step) if step < ONE else number.quantize(ONE):f}"
        named = grade_by_share(score.fraction, settings, None).label
        return Grade(f"{text} ({named})" if named else text, self.passes(score, settings))

    def passes(self, score: AttemptScore, settings: Mapping[str, Any]) -> bool | None:
        own = super().passes(score, settings)
        return reaches(score.fraction, settings.get("cut_fraction", HALF)) if own is None else own


def scale_of(settings: Mapping[str, Any]) -> list[tuple[Decimal, Decimal]]:
    """Return the points of the scale as share and number, by share."""
    knots = [
        (ZERO, settings.get("lowest", Decimal(200))),
        (ONE, settings.get("highest", Decimal(800))),
        *((step["fraction"], step["score"]) for step in settings.get("steps", ())),
    ]
    cut = settings.get("cut_score")
    if cut is not None:
        knots.append((settings.get("cut_fraction", HALF), cut))
    return sorted(knots)


def find_on_scale(knots: Sequence[tuple[Decimal, Decimal]], fraction: Decimal) -> Decimal:
    """Return the number of a share by linear interpolation; shares below 0 or above 1 are those."""
    place = min(max(fraction, ZERO), ONE)
    for (left, lower), (right, upper) in pairwise(knots):
        if place <= right:
            return lower + (upper - lower) * (place - left) / (right - left)
    return knots[-1][1]


@hookimpl
def examhall_scorers() -> list[Scorer]:
    """Return the scorer with a scale."""
    return [Scaled()]
