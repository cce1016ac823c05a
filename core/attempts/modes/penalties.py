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
    before it became so. Parts that an answer does not have were worth nothing in it. What all
    parts together make follows from the answers' own fractions: a type may count more than parts.
    """
    seen = [{part.key: part for part in answer.parts} for answer in answers]
    whole = max(map(_whole, answers), default=ZERO)
    if not whole:
        return ZERO
    earned = ZERO
    for key, part in seen[-1].items():
        fractions = [_fraction(parts.get(key)) for parts in seen]
        failed = _steady_since(fractions)
        earned += part.weight * adjust_for_tries(part.fraction, failed, penalty)
    return min(earned / whole, answers[-1].fraction)


def _whole(answer: Answer) -> Decimal:
    """Return what the parts of an answer would have to earn for all of the points."""
    earned = sum((part.weight * part.fraction for part in answer.parts), ZERO)
    return earned / answer.fraction if answer.fraction > 0 else ZERO


def _fraction(part: PartScore | None) -> Decimal:
    return ZERO if part is None else part.fraction


def _steady_since(fractions: Sequence[Decimal]) -> int:
    """Return from which place on all fractions are the last one."""
    place = len(fractions) - 1
    while place and fractions[place - 1] == fractions[-1]:
        place -= 1
    return place
