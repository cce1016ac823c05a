"""A number with its unit, as candidates give it: reading it, its controls, its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from examhall.plugins import FormatErrors, Raw, Response, Score, ScoreState, Variant
from examhall.question_types.numeric_judging import Judgement, judge_number, unit_fraction
from examhall.question_types.quantities import NumberStyle, Quantity, read_quantity, read_styled
from examhall.question_types.shared import (
    ONE,
    UNKNOWN_FORM,
    ZERO,
    feedback_for,
    is_mapping_of,
    percent,
    read_text,
    state_of,
)

LONGEST = 200
NO_NUMBER = "The answer is not a number."
WRONG_UNIT = "<p>The unit is missing or not the right one.</p>"
MISSING_UNIT = "<p>The unit is missing.</p>"


def entry_public(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a browser must know of units: their names only where one is chosen."""
    units = [unit["name"] for unit in question["units"]]
    mode = question["unit_mode"] if units else "none"
    apart = question["unit_entry"] != "text" and mode != "none"
    return {
        "takes_unit": mode != "none",
        "needs_unit": mode.startswith("graded"),
        "unit_entry": question["unit_entry"] if apart else "text",
        "unit_before": question["unit_position"] == "before",
        "units": units if apart else [],
        "decimal_mark": question["decimal_mark"],
        "thousands_mark": question["thousands_mark"],
        "takes_text": question["ignore_trailing_text"],
    }


def entry_secret(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return what judging units needs besides the accepted numbers."""
    units = question["units"] if question["unit_mode"] != "none" else []
    return {
        "factors": {unit["name"]: str(unit["factor"]) for unit in units},
        "unit_mode": question["unit_mode"],
        "unit_penalty": str(question["unit_penalty"]),
    }


def read_entry(public: Mapping[str, Any], raw: Raw) -> Response | FormatErrors:
    """Read the controls `value` and, where a unit is chosen apart, `unit`."""
    unit: str | None = None
    if public["units"]:
        if not is_mapping_of(raw, {"value", "unit"}):
            return FormatErrors((UNKNOWN_FORM,))
        chosen = raw.get("unit", "")
        if chosen not in ("", *public["units"]):
            return FormatErrors(("The answer names a unit that is not there.",))
        unit, raw = str(chosen), {name: raw[name] for name in raw if name == "value"}
    text = read_text(raw, "value", LONGEST)
    if isinstance(text, FormatErrors):
        return text
    if not text.strip():
        return Response({})
    return _read_number(public, text, unit)


def _read_number(public: Mapping[str, Any], text: str, unit: str | None) -> Response | FormatErrors:
    quantity = read_number(public, text)
    if quantity is None:
        return FormatErrors((NO_NUMBER,))
    if quantity.unit and not public["takes_text"] and (unit is not None or no_units(public)):
        return FormatErrors(("Give the number alone, without a unit or other text.",))
    found = quantity.unit if unit is None else unit
    return Response({"value": str(quantity.value), "unit": found})


def no_units(public: Mapping[str, Any]) -> bool:
    """Say whether nothing may stand at the number."""
    return not public["takes_unit"]


def read_number(public: Mapping[str, Any], text: str) -> Quantity | None:
    """Read a number in the way of its question."""
    if public["decimal_mark"] == "auto":
        return _read_freely(text, before=public["unit_before"])
    marks = public["decimal_mark"], public["thousands_mark"]
    return read_styled(text, NumberStyle(*marks, unit_before=public["unit_before"]))


def _read_freely(text: str, *, before: bool) -> Quantity | None:
    """Read a number with point or comma, its unit behind it or, as with currencies, before it."""
    if not before:
        return read_quantity(text)
    text = text.strip()
    start = next((place for place, sign in enumerate(text) if sign.isdecimal()), len(text))
    while start and text[start - 1] in "+-.,\u2212":
        start -= 1
    quantity = read_quantity(text[start:])
    if quantity is None or quantity.unit:
        return None
    return Quantity(quantity.value, text[:start].strip())


def judge_entry(variant: Variant, data: Mapping[str, Any]) -> Judgement:
    """Return the accepted number that a response fits."""
    factor = variant.secret["factors"].get(data["unit"])
    per_first = None if factor is None else Decimal(factor)
    return judge_number(variant.secret["answers"], Decimal(data["value"]), per_first)


def score_entry(variant: Variant, response: Response) -> Score:
    """Score a number and its unit."""
    secret = variant.secret
    if not response.data:
        return Score(ZERO, ScoreState.UNANSWERED, feedback=secret["feedback"])
    judgement = judge_entry(variant, response.data)
    if judgement.answer is None:
        return Score(ZERO, ScoreState.WRONG, feedback=feedback_for(secret, ScoreState.WRONG))
    fraction = unit_fraction(
        secret["unit_mode"],
        Decimal(secret["unit_penalty"]),
        Decimal(judgement.answer["fraction"]),
        unit_is_right=judgement.unit_is_right,
    )
    state = state_of(fraction)
    own = judgement.answer["feedback"]
    if variant.public["needs_unit"] and not judgement.unit_is_right:
        own = (WRONG_UNIT if response.data["unit"] else MISSING_UNIT) + own
    return Score(fraction, state, feedback=feedback_for(secret, state, own))


def entry_of(variant: Variant, value: str) -> Raw:
    """Return a raw response with this number in the first unit."""
    factors = variant.secret["factors"]
    first = next((name for name in factors if Decimal(factors[name]) == ONE), "")
    mark = variant.public["decimal_mark"]
    text = value.replace(".", mark) if mark == "," else value
    if variant.public["units"]:
        return {"value": text, "unit": first}
    if variant.public["unit_before"]:
        return {"value": f"{first} {text}".strip()}
    return {"value": f"{text} {first}".strip()}


def is_entry_complete(variant: Variant, response: Response) -> bool:
    """Say whether there is a number, and a unit where it is chosen beside it.

    A unit that was forgotten in a text is a mistake of the answer, which is complete without.
    """
    return bool(response.data) and (bool(response.data["unit"]) or not variant.public["units"])


def summarise_entry(variant: Variant, response: Response) -> str:
    """Return a number and its unit as text."""
    value, unit = response.data.get("value", ""), response.data.get("unit", "")
    parts = (unit, value) if variant.public["unit_before"] else (value, unit)
    return " ".join(part for part in parts if part)


def entry_hint(public: Mapping[str, Any]) -> str:
    """Return how the number is written."""
    marks = {"auto": "a decimal point or a decimal comma", ".": "a decimal point"}
    hint = f"Write a number with {marks.get(public['decimal_mark'], 'a decimal comma')}"
    if public["units"]:
        return f"{hint}, and choose its unit."
    if public["needs_unit"]:
        return f"{hint}, and its unit{' before it' if public['unit_before'] else ''}."
    return f"{hint}, with or without a unit." if public["takes_unit"] else f"{hint}."


def key_row(answer: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return an accepted number, its tolerance and its share for the answer key."""
    tolerance = answer["tolerance"]
    words = {
        "relative": percent(Decimal(tolerance)),
        "geometric": f"factor {ONE + Decimal(tolerance):f}",
        "decimals": f"{tolerance} decimals",
        "significant": f"{tolerance} significant figures",
    }
    kind = answer["tolerance_kind"]
    return answer["value"], words.get(kind, tolerance), percent(Decimal(answer["fraction"]))


def farthest(answers: Sequence[Mapping[str, Any]]) -> Decimal:
    """Return a number beyond what any accepted number fits."""
    ends = [
        abs(Decimal(answer[end])) for answer in answers for end in ("low", "high") if end in answer
    ]
    rounded = [
        abs(Decimal(answer["value"])) * 20 + 1
        for answer in answers
        if "low" not in answer and answer["value"] != "*"
    ]
    return max([ZERO, *ends, *rounded]).to_integral_value() + 2
