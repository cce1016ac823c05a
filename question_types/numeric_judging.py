"""Judging numbers: tolerances, units and what a wrong unit costs. The rules are Moodle's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from examhall.question_types.numeric_content import ANY
from examhall.question_types.shared import ONE, ZERO

PRECISION = 120
"""Digits that are computed with: more than two numbers of 60 digits multiplied need."""
TINY = Decimal("1E-14")
"""Numbers that agree in 14 digits are the same; it is added to every tolerance."""
ROUNDED = ("decimals", "significant")


@dataclass(frozen=True, slots=True)
class Judgement:
    """The accepted answer that a number fits, and whether it came with a known unit."""

    answer: Mapping[str, Any] | None
    unit_is_right: bool = False


def tolerance_interval(value: Decimal, tolerance: Decimal, kind: str) -> tuple[Decimal, Decimal]:
    """Return the least and the greatest number within a tolerance, both included.

    `kind` is `absolute`, `relative` (a share of the value) or `geometric` (a factor of one plus the
    tolerance). A tiny share of the value is added, so that numbers written with 14 digits fit.
    """
    with localcontext() as context:
        context.prec = PRECISION
        if kind == "geometric":
            factor = ONE + tolerance + TINY
            ends = (value / factor, value * factor)
            return (ends[1], ends[0]) if value < 0 else ends
        if kind == "relative":
            off = abs(value) * (tolerance + TINY)
        else:
            off = tolerance + TINY * max(abs(value), TINY)
        return value - off, value + off


def ready_numbers(answers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return accepted numbers as JSON that `judge_number` reads: with the ends of the interval."""
    return [_ready(answer) for answer in answers]


def _ready(answer: Mapping[str, Any]) -> dict[str, Any]:
    kind, tolerance = answer["tolerance_kind"], answer["tolerance"]
    ready = {
        "value": answer["value"],
        "tolerance": f"{tolerance:f}" if abs(tolerance.adjusted()) < 30 else str(tolerance),
        "tolerance_kind": kind,
        "fraction": str(answer["fraction"]),
        "feedback": answer["feedback"],
    }
    if answer["value"] != ANY and kind not in ROUNDED:
        low, high = tolerance_interval(Decimal(answer["value"]), tolerance, kind)
        ready |= {"low": str(low), "high": str(high)}
    return ready


def is_within(answer: Mapping[str, Any], value: Decimal) -> bool:
    """Say whether a number is near enough to an accepted one."""
    if answer["value"] == ANY:
        return True
    if answer["tolerance_kind"] in ROUNDED:
        return _agrees(answer, value)
    return Decimal(answer["low"]) <= value <= Decimal(answer["high"])


def judge_number(
    answers: Sequence[Mapping[str, Any]], value: Decimal, per_first: Decimal | None
) -> Judgement:
    """Return the first accepted answer that a number fits.

    `per_first` says how many of the number's unit make one of the first, None without a known unit.
    A number that only fits as it stands, without being converted, has the wrong unit.
    """
    scaled = value
    if per_first is not None:
        with localcontext() as context:
            context.prec = PRECISION
            scaled = value / per_first
    for answer in answers:
        if is_within(answer, scaled):
            return Judgement(answer, per_first is not None)
        if scaled is not value and is_within(answer, value):
            return Judgement(answer)
    return Judgement(None)


def unit_fraction(
    mode: str, penalty: Decimal, fraction: Decimal, *, unit_is_right: bool
) -> Decimal:
    """Return what is left of a fraction: less where the unit is wrong or missing, never below 0."""
    if unit_is_right:
        return fraction
    if mode == "graded_of_response":
        fraction -= penalty * fraction
    elif mode == "graded_of_max":
        fraction -= penalty
    return max(fraction, ZERO)


def _agrees(answer: Mapping[str, Any], value: Decimal) -> bool:
    digits = int(Decimal(answer["tolerance"]))
    wanted = Decimal(answer["value"])
    with localcontext() as context:
        context.prec = PRECISION
        if answer["tolerance_kind"] == "decimals":
            return _to_decimals(value, digits) == _to_decimals(wanted, digits)
        return _to_figures(value, digits) == _to_figures(wanted, digits)


def _to_decimals(value: Decimal, digits: int) -> Decimal:
    if value.adjusted() + digits >= PRECISION - 1:
        return value
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _to_figures(value: Decimal, digits: int) -> Decimal:
    if not value:
        return ZERO
    return _to_decimals(value, max(digits, 1) - 1 - value.adjusted())
