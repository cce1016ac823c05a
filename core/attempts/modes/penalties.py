"""What tries and certainty do to a fraction.

The figures and rules are those of Moodle 4.5 (docs.moodle.org, "Question behaviours" and
"Certainty-based marking"), so that exams that come from there score the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from examhall.core.attempts.modes.course import ONE, ZERO, Answer
from examhall.core.contracts.question_type import PartScore

LOWEST_CERTAINTY = 1
"""What an answer counts as whose candidate did not say how sure they are."""

RIGHT_FACTORS: Mapping[int, Decimal] = {1: ONE, 2: Decimal(2), 3: Decimal(3)}
WRONG_FRACTIONS: Mapping[int, Decimal] = {1: ZERO, 2: Decimal(-2), 3: Decimal(-6)}
"""Certainty-based marking: 1, 2, 3 for right answers and 0, -2, -6 for wrong ones."""

NOTHING = Decimal("0.00000005")


def adjust_for_certainty(fraction: Decimal, certainty: int) -> Decimal:
    """Return what an answer counts that was given with a certainty of 1, 2 or 3."""
    if fraction <= NOTHING:
        return WRONG_FRACTIONS[certainty]
    return fraction * RIGHT_FACTORS[certainty]


def adjust_for_tries(fraction: Decimal, failed: int, penalty: Decimal) -> Decimal:
    """Take the penalty for each failed try; never below zero."""
    return max(fraction - failed * penalty, ZERO)


def count_back(answers: Sequence[Answer], penalty: Decimal) -> Decimal:
    """Return the fraction of the last answer with a penalty for each part by itself.

    A part that has been as it is since the first try pays nothing; another pays for the tries
    before it became so. Parts that an answer does not have were worth nothing in it.
    """
    seen = [{part.key: part for part in answer.parts} for answer in answers]
    weights = {key: part.weight for parts in seen for key, part in parts.items()}
    total = sum(weights.values(), ZERO)
    if not total:
        return ZERO
    earned = ZERO
    for key, weight in weights.items():
        fractions = [_fraction(parts.get(key)) for parts in seen]
        earned += weight * adjust_for_tries(fractions[-1], _steady_since(fractions), penalty)
    return earned / total


def _fraction(part: PartScore | None) -> Decimal:
    return ZERO if part is None else part.fraction


def _steady_since(fractions: Sequence[Decimal]) -> int:
    """Return from which place on all fractions are the last one."""
    place = len(fractions) - 1
    while place and fractions[place - 1] == fractions[-1]:
        place -= 1
    return place
