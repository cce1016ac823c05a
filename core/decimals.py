"""Decimals as text: one spelling for each number, in digests, events, the API and pages."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

POINT_PLACES = Decimal("0.000001")
"""Points are kept to the millionth."""

FRACTION_PLACES = Decimal("0.000000000001")
"""Fractions of an item's points are kept to twelve places."""


def write_decimal(value: Decimal) -> str:
    """Write a number without exponent and without zeros at the end: `12.5`, `4`, `0`."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"", "-0", "-"} else text


def round_points(value: Decimal) -> Decimal:
    """Return points as they are kept."""
    return value.quantize(POINT_PLACES, ROUND_HALF_UP)


def round_fraction(value: Decimal) -> Decimal:
    """Return a fraction as it is kept."""
    return value.quantize(FRACTION_PLACES, ROUND_HALF_UP)
