"""What can be wrong with the numbers and units of an author."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from examhall.plugins import Issue
from examhall.question_types.numeric_judging import ROUNDED
from examhall.question_types.shared import ONE


def answer_issues(answers: Sequence[Mapping[str, Any]], path: str = "answers") -> Iterable[Issue]:
    """Yield what is wrong with accepted numbers."""
    if not any(answer["fraction"] >= ONE for answer in answers):
        yield Issue(path, "No answer earns full marks.")
    for number, answer in enumerate(answers):
        tolerance = answer["tolerance"]
        if answer["tolerance_kind"] in ROUNDED and not (tolerance <= 30 and tolerance % 1 == 0):
            yield Issue(f"{path}.{number}.tolerance", "Give how many digits: 0 to 30.")


def unit_issues(question: Mapping[str, Any]) -> Iterable[Issue]:
    """Yield what is wrong with units."""
    units = question["units"]
    if question["unit_mode"].startswith("graded") and not units:
        yield Issue("units", "A unit must be given, but there is none to give.")
    if units and units[0]["factor"] != ONE:
        yield Issue("units.0.factor", "The answers are in this unit: its factor is 1.", "warning")
    names = [unit["name"] for unit in units]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield Issue(f"units.{number}.name", "This unit is there twice.")
    if question["decimal_mark"] == question["thousands_mark"]:
        yield Issue("thousands_mark", "This is the decimal sign, too.")
