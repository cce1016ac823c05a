"""Arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, Decimal
from functools import reduce

from examhall.plugins.qti.errors import ProcessingError
from examhall.plugins.qti.operators.base import (
    Apply,
    Attributes,
    Operand,
    any_null,
    flat_numbers,
    operator,
    present,
    require_no_record,
    require_types,
    simple,
    singles,
)
from examhall.plugins.qti.operators.rounding import make_rounding
from examhall.plugins.qti.state import State
from examhall.plugins.qti.values import (
    NUMERIC,
    BaseType,
    Cardinality,
    Scalar,
    Value,
    integer,
    number,
    single,
)

INTEGER = frozenset({BaseType.INTEGER})


def _result(data: float, values: Sequence[Value]) -> Operand:
    """An integer where all operands are, a float otherwise."""
    if all(value.base_type is BaseType.INTEGER for value in values):
        return integer(int(data))
    return number(float(data))


def _fold(name: str, join: Callable[[Sequence[Scalar]], Scalar]) -> None:
    @simple(name, 1)
    def apply(operands: Sequence[Operand]) -> Operand:
        if any_null(operands):
            return None
        values = present(operands)
        require_no_record(name, values)
        require_types(name, values, NUMERIC)
        numbers = flat_numbers(values)
        return None if numbers is None else _result(join(numbers), values)


def _product(numbers: Sequence[Scalar]) -> Scalar:
    return reduce(lambda one, two: one * two, numbers)


_fold("sum", sum)
_fold("product", _product)


def _extreme(name: str, pick: Callable[[Sequence[Scalar]], Scalar]) -> None:
    @simple(name, 1)
    def apply(operands: Sequence[Operand]) -> Operand:
        if any_null(operands):
            return None
        values = present(operands)
        require_no_record(name, values)
        numbers = flat_numbers(values)
        if numbers is None or any(value.base_type not in NUMERIC for value in values):
            return None
        return _result(pick(numbers), values)


_extreme("max", max)
_extreme("min", min)


@simple("subtract", 2, 2)
def subtract(operands: Sequence[Operand]) -> Operand:
    """Take the second number from the first."""
    numbers = singles("subtract", operands)
    return None if numbers is None else _result(numbers[0] - numbers[1], present(operands))


@simple("divide", 2, 2)
def divide(operands: Sequence[Operand]) -> Operand:
    """Divide; NULL for a division by zero and for what is no number."""
    numbers = singles("divide", operands)
    if numbers is None or numbers[1] == 0:
        return None
    return number(float(numbers[0]) / float(numbers[1]))


@simple("power", 2, 2)
def power(operands: Sequence[Operand]) -> Operand:
    """Raise to a power; NULL where a float cannot hold the result."""
    numbers = singles("power", operands)
    if numbers is None:
        return None
    base, exponent = float(numbers[0]), float(numbers[1])
    try:
        raised = math.pow(base, exponent)
    except (OverflowError, ValueError):
        return None
    lost = raised == 0 and base != 0
    return None if lost else number(raised)


@simple("integerDivide", 2, 2)
def integer_divide(operands: Sequence[Operand]) -> Operand:
    """Divide and round down; NULL for a division by zero."""
    numbers = singles("integerDivide", operands, INTEGER)
    return None if numbers is None or numbers[1] == 0 else integer(numbers[0] // numbers[1])


@simple("integerModulus", 2, 2)
def integer_modulus(operands: Sequence[Operand]) -> Operand:
    """The remainder of a division, x - y * integerDivide(x, y); NULL for a division by zero.

    Where a positive number is divided by a negative one, that formula gives a negative remainder,
    which no engine known here does: there the divisor's sign does not count.
    """
    numbers = singles("integerModulus", operands, INTEGER)
    if numbers is None or numbers[1] == 0:
        return None
    x, y = numbers
    return integer(x % (abs(y) if x > 0 else y))


def _to_integer(name: str, convert: Callable[[Decimal], Decimal]) -> None:
    """Infinities stay as they are, and NaN becomes NULL."""

    @simple(name, 1, 1)
    def apply(operands: Sequence[Operand]) -> Operand:
        numbers = singles(name, operands)
        if numbers is None or math.isnan(numbers[0]):
            return None
        if math.isinf(numbers[0]):
            return single(BaseType.FLOAT, numbers[0])
        return integer(int(convert(Decimal(numbers[0]))))


_to_integer("truncate", lambda data: data.to_integral_value("ROUND_DOWN"))
_to_integer("round", lambda data: (data + Decimal("0.5")).to_integral_value(ROUND_FLOOR))


@operator("roundTo", 1, 1)
def round_to(attributes: Attributes) -> Apply:
    """Round to decimal places or significant figures."""
    rounding = make_rounding(attributes, "roundTo")

    def apply(state: State, operands: Sequence[Operand]) -> Operand:
        numbers = singles("roundTo", operands)
        if numbers is None:
            return None
        rounded = rounding(state, numbers[0])
        return None if rounded is None else single(BaseType.FLOAT, rounded)

    return apply


@simple("integerToFloat", 1, 1)
def integer_to_float(operands: Sequence[Operand]) -> Operand:
    """Make a float of an integer."""
    numbers = singles("integerToFloat", operands, INTEGER)
    return None if numbers is None else number(float(numbers[0]))


def _whole(name: str, join: Callable[..., int]) -> None:
    @simple(name, 1)
    def apply(operands: Sequence[Operand]) -> Operand:
        if any_null(operands):
            return None
        values = present(operands)
        require_no_record(name, values)
        require_types(name, values, INTEGER)
        numbers = flat_numbers(values)
        return None if numbers is None else integer(join(*numbers))


def _lcm(*numbers: int) -> int:
    """Give up beyond what an integer can hold: the digits would grow with every operand."""
    total = 1
    for data in numbers:
        total = math.lcm(total, data)
        if total >= 2**200:
            return total if 0 not in numbers else 0
    return total


_whole("gcd", math.gcd)
_whole("lcm", _lcm)


@operator("statsOperator", 1, 1)
def stats(attributes: Attributes) -> Apply:
    """Mean, variances and standard deviations of a container of numbers."""
    name = attributes.get("name", "")
    if name not in {"mean", "sampleVariance", "sampleSD", "popVariance", "popSD"}:
        raise ProcessingError(f"There is no statsOperator {name[:60]!r}.")

    def apply(_state: State, operands: Sequence[Operand]) -> Operand:
        if any_null(operands):
            return None
        value = present(operands)[0]
        numeric = value.base_type in NUMERIC
        if value.cardinality in {Cardinality.SINGLE, Cardinality.RECORD} or not numeric:
            raise ProcessingError("statsOperator takes containers of numbers only.")
        numbers = flat_numbers([value])
        return None if numbers is None else _statistic(name, numbers)

    return apply


def _statistic(name: str, numbers: Sequence[float]) -> Operand:
    mean = sum(numbers) / len(numbers)
    if name == "mean":
        return number(float(mean))
    freedom = len(numbers) - (1 if name.startswith("sample") else 0)
    if freedom < 1:
        return None
    variance = sum((data - mean) ** 2 for data in numbers) / freedom
    return number(math.sqrt(variance) if name.endswith("SD") else variance)
