"""Reading the numbers that people write: `1.5`, `1,5`, `-2.5e3`, `1 000`, `3 x 10^8 m`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

LARGEST_EXPONENT = 1000
LONGEST_NUMBER = 110
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-", "\ufe63": "-", "\uff0d": "-", "\uff0b": "+"})
_SPACES = "\u0020\u00a0\u2009\u202f\u2007'\u2019"
_NUMBER = re.compile(
    rf"""
    (?P<sign>[+-]?)\s*
    (?P<digits>\d(?:[{_SPACES}]?[\d.,])*|[.,]\d+)
    (?:\s*(?:[eE]|(?:[xX\u00d7*\u00b7]\s*10\s*(?:\^|\*\*)?))\s*(?P<exponent>[+-]?\d+))?
    \s*(?P<unit>.*)
    """,
    re.VERBOSE | re.DOTALL,
)
_GROUPING = re.compile(rf"[{_SPACES}]")
_POWER = re.compile(r"(?:[eE]|(?:x|\*|\u00d7)10(?:\^|\*\*))([+-]?\d+)", re.ASCII)
_PLAIN = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d{1,6})?"
_FIRST_NUMBER = re.compile(_PLAIN, re.ASCII)
_LAST_NUMBER = re.compile(rf"{_PLAIN}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and the unit behind it, empty where there is none."""

    value: Decimal
    unit: str = ""


def read_quantity(text: str) -> Quantity | None:
    """Read a number with or without a unit; None for anything else.

    A single comma is a decimal comma, so `1,234` is a bit more than one. Where comma and point both
    stand, the last is the decimal sign and the other groups thousands; a sign that comes more
    than once groups thousands. Spaces and apostrophes between digits group, too.
    """
    match = _NUMBER.fullmatch(text.strip().translate(_MINUS))
    if match is None:
        return None
    digits = _plain_digits(_GROUPING.sub("", match["digits"]))
    exponent = match["exponent"] or "0"
    if digits is None or len(digits) > 100 or len(exponent) > 6:
        return None
    value = Decimal(f"{match['sign']}{_ascii(digits)}E{_ascii(exponent)}")
    if abs(value.adjusted()) > LARGEST_EXPONENT:
        return None
    return Quantity(value, match["unit"].strip())


def _plain_digits(text: str) -> str | None:
    """Return digits with a decimal point, None where the grouping makes no sense."""
    marks = [sign for sign in text if sign in ".,"]
    if not marks:
        return text
    decimal = marks[-1]
    if marks.count(decimal) > 1:
        return "".join(text.split(decimal)) if _is_grouped(text, decimal) else None
    whole, _, rest = text.rpartition(decimal)
    grouping = "," if decimal == "." else "."
    if grouping in whole:
        if not _is_grouped(whole, grouping):
            return None
        whole = whole.replace(grouping, "")
    return f"{whole or '0'}.{rest or '0'}"


def _is_grouped(text: str, sign: str) -> bool:
    first, *others = text.split(sign)
    return (
        1 <= len(first) <= 3
        and first.isdigit()
        and all(len(group) == 3 and group.isdigit() for group in others)
    )


def _ascii(digits: str) -> str:
    """Return digits of any script as 0 to 9."""
    if digits.isascii():
        return digits
    return "".join(str(int(sign)) if sign.isdecimal() else sign for sign in digits)


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers are written: the decimal sign, the one between thousands, where a unit stands."""

    decimal: str = "."
    thousands: str = ","
    unit_before: bool = False


def read_styled(text: str, style: NumberStyle) -> Quantity | None:
    """Read a number as Moodle does; None where there is none.

    Spaces are passed over. `3x10^8`, `3*10**8` and `3e8` are the same. Where a point stands in the
    text, or more than one comma, commas group thousands; else a comma may be the decimal sign. (So
    `1.234,5` is 1.2345 even where the comma is the decimal sign: Moodle reads it so.) What
    stands behind the number, or before it, is the unit; its spaces are gone, too.
    """
    plain = _POWER.sub(r"e\1", text.replace(" ", ""))
    if "." in plain or plain.count(",") > 1:
        plain = plain.replace(",", "")
    else:
        marks = ((style.thousands, ""), (style.decimal, "."), (",", "."))
        for mark, instead in marks:
            plain = plain.replace(mark, instead) if mark else plain
    match = (_LAST_NUMBER.search if style.unit_before else _FIRST_NUMBER.match)(plain)
    if match is None or len(match[0]) > LONGEST_NUMBER:
        return None
    unit = plain[: match.start()] if style.unit_before else plain[match.end() :]
    return _sized(Decimal(match[0]), unit)


def _sized(value: Decimal, unit: str) -> Quantity | None:
    return Quantity(value, unit) if abs(value.adjusted()) <= LARGEST_EXPONENT else None
