"""`mathOperator`: the functions of mathematics.

A result outside of a function's domain is NULL. The reciprocal functions are NULL where the
function itself is 0, and 0 where it is infinite; sech(0) and coth of an infinity are given as other
engines give them (NULL and 0), though the values of cosh and tanh there are 1.
Source: QTI 2.1 information model, `mathOperator`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from examhall.plugins.qti.errors import ProcessingError, QtiError
from examhall.plugins.qti.operators.base import Apply, Attributes, Operand, operator, singles
from examhall.plugins.qti.values import BaseType, integer, number, single

if TYPE_CHECKING:
    from examhall.plugins.qti.state import State

Function = Callable[[float], float | None]


def _reciprocal(function: Callable[[float], float]) -> Function:
    def apply(x: float) -> float | None:
        y = function(x)
        return None if y == 0 else 1 / y

    return apply


def _cot(x: float) -> float | None:
    return _reciprocal(math.tan)(x)


def _asec(x: float) -> float | None:
    return None if abs(x) < 1 else math.acos(1 / x)


def _acsc(x: float) -> float | None:
    return None if abs(x) < 1 else math.asin(1 / x)


def _acot(x: float) -> float:
    return math.pi / 2 if x == 0 else math.atan(1 / x)


def _sech(x: float) -> float | None:
    return None if x == 0 else 1 / _grow(math.cosh)(x)


def _coth(x: float) -> float | None:
    return 0.0 if math.isinf(x) else _reciprocal(math.tanh)(x)


def _log(function: Callable[[float], float]) -> Function:
    def apply(x: float) -> float | None:
        if x < 0:
            return None
        return -math.inf if x == 0 else function(x)

    return apply


def _grow(function: Callable[[float], float]) -> Callable[[float], float]:
    """Let a function grow beyond floats: infinite, with the sign of an odd function."""

    def apply(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.inf if function is not math.sinh or x > 0 else -math.inf

    return apply


_FLOATS: Mapping[str, Function] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "sec": _reciprocal(math.cos),
    "csc": _reciprocal(math.sin),
    "cot": _cot,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "asec": _asec,
    "acsc": _acsc,
    "acot": _acot,
    "sinh": _grow(math.sinh),
    "cosh": _grow(math.cosh),
    "tanh": math.tanh,
    "sech": _sech,
    "csch": _reciprocal(_grow(math.sinh)),
    "coth": _coth,
    "log": _log(math.log10),
    "ln": _log(math.log),
    "exp": _grow(math.exp),
    "abs": abs,
    "toDegrees": math.degrees,
    "toRadians": math.radians,
}
_INTEGERS: Mapping[str, Callable[[float], int]] = {
    "signum": lambda x: (x > 0) - (x < 0),
    "floor": math.floor,
    "ceil": math.ceil,
}


@operator("mathOperator", 1)
def math_operator(attributes: Attributes) -> Apply:
    """Apply a function of mathematics to one number, atan2 to two."""
    name = attributes.get("name", "")
    if name not in {*_FLOATS, *_INTEGERS, "atan2"}:
        raise QtiError(f"There is no mathOperator {name[:60]!r}.")
    count = 2 if name == "atan2" else 1

    def apply(_state: State, operands: Sequence[Operand]) -> Operand:
        numbers = singles("mathOperator", operands)
        if numbers is None:
            return None
        if len(numbers) != count:
            raise ProcessingError(f"{name} takes {count} operands.")
        data = [float(item) for item in numbers]
        if any(math.isnan(item) for item in data):
            return None
        if name == "atan2":
            return number(math.atan2(*data))
        return _apply_integer(name, data[0]) if name in _INTEGERS else _apply(name, data[0])

    return apply


def _apply(name: str, x: float) -> Operand:
    try:
        y = _FLOATS[name](x)
    except ValueError:
        return None
    return None if y is None else number(float(y))


def _apply_integer(name: str, x: float) -> Operand:
    if math.isinf(x) and name != "signum":
        return single(BaseType.FLOAT, x)
    return integer(_INTEGERS[name](x))
