"""Rounding to decimal places or significant figures, on the decimal digits that a person sees."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING, TypeAlias

from examhall.plugins.qti.errors import ProcessingError, QtiError
from examhall.plugins.qti.operators.base import Attributes, find_integer

if TYPE_CHECKING:
    from examhall.plugins.qti.state import State

Rounding: TypeAlias = Callable[["State", float], float | None]
MOST_FIGURES = 400


def make_rounding(attributes: Attributes, name: str) -> Rounding:
    """Return what rounds as the attributes `roundingMode` and `figures` say; NaN becomes NULL."""
    mode = attributes.get("roundingMode", "significantFigures")
    figures = attributes.get("figures", "")
    if mode not in {"decimalPlaces", "significantFigures"}:
        raise QtiError(f"{name} has no rounding mode {mode[:60]!r}.")
    significant = mode == "significantFigures"

    def apply(state: State, data: float) -> float | None:
        if math.isnan(data):
            return None
        if math.isinf(data):
            return data
        count = find_integer(state, figures, name)
        if not int(significant) <= count <= MOST_FIGURES:
            raise ProcessingError(f"{name} cannot round to {count} figures.")
        return round_digits(data, count, significant=significant)

    return apply


def round_digits(data: float, figures: int, *, significant: bool) -> float:
    """Round half away from zero, by the shortest decimal digits that name the number."""
    exact = Decimal(repr(data))
    if not exact:
        return 0.0
    places = figures - 1 - exact.adjusted() if significant else figures
    if -exact.as_tuple().exponent <= places:  # type: ignore[operator]
        return float(data)
    with localcontext() as context:
        context.prec = 1000
        return float(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
