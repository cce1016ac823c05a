"""Numbers and grades as Moodle writes them.

Moodle only takes certain shares of the points for an answer, and takes a share of a file for the
one that lies within 0.00001 of it (question/engine/bank.php and lib/questionlib.php of Moodle 4.5).
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
NEAR = Decimal("0.00001")
LONGEST = 60
_GRADES = (
    "1 0.9 0.8333333 0.8 0.75 0.7 0.6666667 0.6 0.5 0.4 0.3333333 0.3 0.25 0.2 0.1666667 "
    "0.1428571 0.125 0.1111111 0.1 0.05 0"
)
GRADES = tuple(map(Decimal, _GRADES.split(" ")))
"""The shares of the points that an answer can earn in Moodle, or lose."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


def read_number(text: str) -> Decimal | None:
    """Read a number with a point or a comma; None where it is none or of no ordinary size."""
    text = text.strip().replace(",", ".")
    if len(text) > LONGEST or not _NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if abs(number.adjusted()) <= LONGEST else None


def tidy_number(text: str) -> str:
    """Return a number's own text, with a point."""
    return text.strip().replace(",", ".")


def write_number(number: Decimal) -> str:
    """Write a number in full, without noughts that say nothing: `0.5`, `100`."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


@lru_cache(maxsize=1024)
def match_grade(fraction: Decimal) -> Decimal | None:
    """Return Moodle's grade for a share of the points, None where it has none."""
    for grade in GRADES:
        if abs(abs(fraction) - grade) < NEAR:
            return grade if fraction >= 0 else -grade
    return None


def read_percent(text: str) -> Decimal | None:
    """Return the share that a percentage names, None where it is no number."""
    number = read_number(text)
    return None if number is None else number / HUNDRED


def is_number(text: str) -> bool:
    """Say whether Moodle takes a text for a number."""
    return read_number(text) is not None
