"""Operators that compare, and put truths together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING

from examhall.plugins.qti.errors import ProcessingError, QtiError
from examhall.plugins.qti.operators.base import (
    Apply,
    Attributes,
    Operand,
    any_null,
    find_integer,
    find_number,
    is_on,
    operator,
    present,
    simple,
    singles,
)
from examhall.plugins.qti.operators.rounding import make_rounding
from examhall.plugins.qti.shapes import parse_area
from examhall.plugins.qti.values import BaseType, are_equal, boolean

if TYPE_CHECKING:
    from examhall.plugins.qti.state import State

BOOLEAN = frozenset({BaseType.BOOLEAN})
DURATION = frozenset({BaseType.DURATION})


@simple("not", 1, 1)
def negate(operands: Sequence[Operand]) -> Operand:
    """Turn true and false round."""
    truths = singles("not", operands, BOOLEAN)
    return None if truths is None else boolean(not truths[0])


@simple("and", 1)
def both(operands: Sequence[Operand]) -> Operand:
    """True where all are true; NULL as soon as one of them is NULL.

    The standard says NULL only for the case that all others are true, and nothing about a NULL
    beside a false: conditions treat both alike, and other engines give NULL.
    """
    truths = singles("and", operands, BOOLEAN)
    return None if truths is None else boolean(all(truths))


@simple("or", 1)
def either(operands: Sequence[Operand]) -> Operand:
    """True where one is true; NULL where one is NULL and no other is true."""
    truths = singles("or", [operand for operand in operands if not any_null([operand])], BOOLEAN)
    if truths and any(truths):
        return boolean(True)
    return None if any_null(operands) else boolean(False)


@operator("anyN", 1)
def any_n(attributes: Attributes) -> Apply:
    """True where at least `min` and at most `max` are true; NULL where that depends on a NULL."""

    def apply(state: State, operands: Sequence[Operand]) -> Operand:
        least = find_integer(state, attributes.get("min", ""), "anyN")
        most = find_integer(state, attributes.get("max", ""), "anyN")
        values = present(operands)
        if any(value.base_type is not BaseType.BOOLEAN for value in values):
            raise ProcessingError("anyN takes single booleans only.")
        truths = singles("anyN", values, BOOLEAN) or []
        true, false = sum(truths), len(truths) - sum(truths)
        if least <= true <= most:
            return boolean(True)
        if false > len(operands) - least or true > most:
            return boolean(False)
        return None

    return apply


@simple("match", 2, 2)
def match(operands: Sequence[Operand]) -> Operand:
    """Compare two values of the same cardinality and base type."""
    if any_null(operands):
        return None
    first, second = present(operands)
    if first.cardinality is not second.cardinality:
        raise ProcessingError("match takes values of one cardinality only.")
    if first.base_type is not second.base_type:
        raise ProcessingError("match takes values of one base type only.")
    return boolean(are_equal(first, second))


@operator("equal", 2, 2)
def equal(attributes: Attributes) -> Apply:
    """Compare numbers: exactly, within an absolute range, or within a range in percent."""
    mode = attributes.get("toleranceMode", "exact")
    if mode not in {"exact", "absolute", "relative"}:
        raise QtiError(f"equal has no tolerance mode {mode[:60]!r}.")
    words = attributes.get("tolerance", "").split()
    above = ge if is_on(attributes, "includeLowerBound", True) else gt
    below = le if is_on(attributes, "includeUpperBound", True) else lt
    if mode != "exact" and not words:
        raise QtiError("equal needs a tolerance.")

    def apply(state: State, operands: Sequence[Operand]) -> Operand:
        numbers = singles("equal", operands)
        if numbers is None:
            return None
        if mode == "exact":
            return boolean(numbers[0] == numbers[1])
        tolerances = [find_number(state, word, "equal") for word in words]
        low, high = _range(numbers[0], tolerances[0], tolerances[-1], mode)
        return boolean(bool(above(numbers[1], low) and below(numbers[1], high)))

    return apply


def _range(x: float, t0: float, t1: float, mode: str) -> tuple[float, float]:
    """The ends of the range; in percent of a negative number the lower end is the other one."""
    if mode == "absolute":
        return x - t0, x + t1
    low, high = x * (1 - t0 / 100), x * (1 + t1 / 100)
    return min(low, high), max(low, high)


@operator("equalRounded", 2, 2)
def equal_rounded(attributes: Attributes) -> Apply:
    """Compare two numbers once both are rounded alike."""
    rounding = make_rounding(attributes, "equalRounded")

    def apply(state: State, operands: Sequence[Operand]) -> Operand:
        numbers = singles("equalRounded", operands)
        if numbers is None:
            return None
        first, second = (rounding(state, data) for data in numbers)
        if first is None or second is None:
            return None
        return boolean(first == second)

    return apply


def _comparison(name: str, types: str, compare: Callable[[float, float], bool]) -> None:
    allowed = DURATION if types == "duration" else frozenset({BaseType.INTEGER, BaseType.FLOAT})

    @simple(name, 2, 2)
    def apply(operands: Sequence[Operand]) -> Operand:
        data = singles(name, operands, allowed)
        return None if data is None else boolean(compare(data[0], data[1]))


_comparison("lt", "number", lt)
_comparison("lte", "number", le)
_comparison("gt", "number", gt)
_comparison("gte", "number", ge)
_comparison("durationLT", "duration", lt)
_comparison("durationGTE", "duration", ge)


@operator("inside", 1, 1)
def inside(attributes: Attributes) -> Apply:
    """Say whether a point lies in an area; several points are an error, as in other engines."""
    area = parse_area(attributes.get("shape", "default"), attributes.get("coords", ""))

    def apply(_state: State, operands: Sequence[Operand]) -> Operand:
        points = singles("inside", operands, frozenset({BaseType.POINT}))
        return None if points is None else boolean(area.contains(*points[0]))

    return apply
