"""Formulas as authors and candidates see them: what is wrong with one, numbers as text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from examhall.question_types.formulas import FUNCTIONS, FormulaError, compute

_PLACEHOLDER = re.compile(r"""\{[^\W\d_][^> }<{"']*\}""")
_SAFE = r"-+/*%>:^\\~<?=&|!"
_NUMBER = rf"[{_SAFE}.0-9eE]"
_CALL = re.compile(
    rf"(?P<before>^|[{_SAFE},(])(?P<name>[a-z0-9_]*)"
    rf"\((?P<arguments>{_NUMBER}+(?:,{_NUMBER}+)*)?\)"
)
_UNSAFE = re.compile(rf"[^{_SAFE}.0-9eE]+")
_FORBIDDEN = ("//", "/*", "#", "<?", "?>")
_EXPRESSION = re.compile(r"\{=([^{}]*(?:\{[^{}]+\}[^{}]*)*)\}")
_MOST_CALLS = 200


def formula_error(formula: str) -> str | None:
    """Return what is wrong with a formula in the words that Moodle has for it, None for nothing.

    It is a check of safety: functions, their arguments and the signs that may stand in a formula.
    `1 + 1?` passes, though it cannot be computed (see `compute`).
    """
    for start in _FORBIDDEN:
        if start in formula:
            return _illegal(start)
    text = _PLACEHOLDER.sub("1.0", formula).replace(" ", "").lower()
    for _ in range(_MOST_CALLS):
        match = _CALL.search(text)
        if match is None:
            break
        if error := _call_error(match):
            return error
        text = f"{text[: match.start()]}{match['before']}1.0{text[match.end() :]}"
    unsafe = _UNSAFE.search(text)
    return _illegal(unsafe[0]) if unsafe else None


def _call_error(match: re.Match[str]) -> str | None:
    name = match["name"]
    count = match["arguments"].count(",") + 1 if match["arguments"] else 0
    if not name:
        return None if count == 1 else _illegal(match[0])
    function = FUNCTIONS.get(name)
    if function is None:
        return f"The function {name} is not supported"
    if function.fewest <= count and (function.most is None or count <= function.most):
        return None
    words = {
        (0, 0): "does not take any arguments",
        (1, 1): "must have exactly one argument",
        (1, 2): "must have either one or two arguments",
        (2, 2): "must have exactly two arguments",
        (2, None): "must have at least two arguments",
    }
    return f"The function {name} {words[function.fewest, function.most]}"


def _illegal(text: str) -> str:
    return f"Illegal formula syntax starting with '{text}'"


def format_number(
    number: float, digits: int | None = None, kind: str = "", decimal_mark: str = "."
) -> str:
    """Write a number with so many decimals or significant figures, or else in 14 digits.

    Significant figures are written out from 0.001 to 9999, and as 1.2e-5 beyond. What is no number
    is NAN, INF or -INF.
    """
    if math.isnan(number):
        return "NAN"
    if math.isinf(number):
        return "INF" if number > 0 else "-INF"
    if digits is None or not kind:
        text = _in_fourteen_digits(number)
    elif kind == "significant" and number:
        text = _in_figures(number, max(digits, 1))
    elif kind == "decimals":
        text = f"{number:.{digits}f}"
    else:
        text = _in_fourteen_digits(number)
    return text.replace(".", decimal_mark)


def _in_fourteen_digits(number: float) -> str:
    mantissa, _, exponent = f"{number:.14G}".partition("E")
    if not exponent:
        return "0" if mantissa == "-0" else mantissa
    whole = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{whole}E{int(exponent):+d}"


def _in_figures(number: float, digits: int) -> str:
    exact = Decimal(repr(number))
    rounded = _to_figures(exact, digits)
    before = rounded.adjusted() + 1
    if not -2 <= before <= 4:
        mantissa = rounded.scaleb(-rounded.adjusted())
        return f"{mantissa:.{digits - 1}f}e{rounded.adjusted()}"
    return f"{rounded:.{max(digits - before, 0)}f}"


def _to_figures(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(number.adjusted() - digits + 1), ROUND_HALF_UP)


def fill_formulas(text: str, values: Mapping[str, float], write: Callable[[float], str]) -> str:
    """Return a text with `{=formula}` computed and `{name}` replaced by its number.

    What cannot be computed becomes NAN; names that are no wildcards stay.
    """

    def fill(match: re.Match[str]) -> str:
        try:
            return write(compute(match[1], values))
        except FormulaError:
            return "NAN"

    filled = _EXPRESSION.sub(fill, text)
    for name, value in values.items():
        filled = filled.replace(f"{{{name}}}", write(value))
    return filled


def formulas_in(text: str) -> list[str]:
    """Return the formulas of a text's `{=...}`."""
    return _EXPRESSION.findall(text)
